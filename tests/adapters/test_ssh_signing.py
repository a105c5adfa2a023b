"""Signatures with real keys, by the real ssh-keygen."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gcms_tui.adapters import ssh_signing
from gcms_tui.adapters.ssh_signing import SshSigning
from gcms_tui.core.errors import Refused, Unavailable

TEXT = "run: pay-1\nnet: 2000.00\n"

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen here")


@dataclass
class Keys:
    """Erin's key in her ~/.ssh, frank's behind a passphrase in his, both in one allowed_signers file."""

    directory: Path

    def __post_init__(self) -> None:
        for login, passphrase in (("erin", ""), ("frank", "hunter2")):
            (self.directory / login / ".ssh").mkdir(parents=True)
            words = ["-q", "-t", "ed25519", "-N", passphrase, "-C", "a comment", "-f", str(self.private(login))]
            subprocess.run(["ssh-keygen", *words], check=True, stdin=subprocess.DEVNULL)
        self.allow(f"erin {self.public('erin')}", f"frank {self.public('frank')}")

    @property
    def allowed(self) -> Path:
        return self.directory / "allowed_signers"

    def private(self, login: str) -> Path:
        return self.directory / login / ".ssh" / "id_ed25519"

    def public(self, login: str) -> str:
        return " ".join(self.private(login).with_suffix(".pub").read_text().split()[:2])

    def fingerprint(self, login: str) -> str:
        public = self.private(login).with_suffix(".pub")
        done = subprocess.run(["ssh-keygen", "-l", "-f", public], capture_output=True, text=True, check=True)
        return done.stdout.split()[1]

    def allow(self, *lines: str) -> None:
        self.allowed.write_text("# who signs\n\n" + "\n".join(lines) + "\n")
        self.allowed.chmod(0o600)

    def signing(self, home: str = "erin", **env: str) -> SshSigning:
        return SshSigning(self.allowed, {"PATH": os.environ["PATH"], "HOME": str(self.directory / home), **env})


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keys:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Keys(tmp_path)


@pytest.fixture
def agent() -> Iterator[str]:
    """The socket of an agent that holds no key."""
    if shutil.which("ssh-agent") is None or shutil.which("ssh-add") is None:
        pytest.skip("there is no ssh-agent here")
    with tempfile.TemporaryDirectory(dir="/tmp") as short:  # a socket's name may not be long
        socket = f"{short}/agent"
        process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            if not process.stdout.readline():  # told once it listens
                pytest.skip("ssh-agent does not start here")
            yield socket
        finally:
            process.terminate()
            process.communicate()


def test_a_key_at_home_signs_and_anybody_can_verify_it(keys: Keys) -> None:
    armoured, key = keys.signing().sign("erin", TEXT)
    assert key == keys.fingerprint("erin")
    assert armoured.startswith("-----BEGIN SSH SIGNATURE-----")
    verifying = keys.signing("nobody")
    assert verifying.verify("erin", TEXT, armoured) == ""
    assert "incorrect signature" in verifying.verify("erin", TEXT.replace("2000", "9000"), armoured)
    assert "gives frank made it" in verifying.verify("frank", TEXT, armoured)
    assert verifying.verify("erin", TEXT, "no signature at all")
    assert sorted(path.name for path in keys.directory.iterdir()) == ["allowed_signers", "erin", "frank"]


def test_a_key_in_the_agent_signs_without_its_file(keys: Keys, agent: str) -> None:
    with_agent = keys.signing("nobody", SSH_AUTH_SOCK=agent)
    with pytest.raises(Refused, match="No private key found") as caught:
        with_agent.sign("erin", TEXT)
    assert caught.value.guard == "key" and "gcms-tui-sign" not in caught.value.message
    env = {**os.environ, "SSH_AUTH_SOCK": agent}
    subprocess.run(["ssh-add", "-q", keys.private("erin")], env=env, check=True, stdin=subprocess.DEVNULL)
    keys.private("erin").unlink()
    armoured, key = with_agent.sign("erin", TEXT)
    assert key == keys.fingerprint("erin") and with_agent.verify("erin", TEXT, armoured) == ""


def test_nobody_signs_with_anothers_key(keys: Keys) -> None:
    keys.allow(f"frank {keys.public('frank')}")
    with pytest.raises(Refused, match="gives erin no key") as caught:
        keys.signing().sign("erin", TEXT)
    assert caught.value.guard == "key"
    keys.allow(f"erin {keys.public('frank')}")
    with pytest.raises(Refused, match="No private key found"):
        keys.signing().sign("erin", TEXT)


def test_a_passphrase_is_never_asked_for_on_this_terminal(keys: Keys) -> None:
    with pytest.raises(Refused, match="passphrase") as caught:
        keys.signing("frank").sign("frank", TEXT)
    assert caught.value.guard == "key" and "ssh-add" in caught.value.next_step


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] not in "ZX"
    except OSError:
        return False


def test_who_asks_for_a_passphrase_and_gets_none_is_stopped(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = keys.directory / "asked"
    program = keys.directory / "askpass"
    program.write_text(f"#!/bin/sh\necho $$ > {asked}\nexec sleep 600\n")
    program.chmod(0o700)
    monkeypatch.setattr(ssh_signing, "_SIGN_WITHIN_S", 1)
    with pytest.raises(Unavailable, match="touch or a passphrase"):
        keys.signing("frank", SSH_ASKPASS=str(program), SSH_ASKPASS_REQUIRE="force").sign("frank", TEXT)
    if asked.exists() and (pid := asked.read_text().strip()):  # on a slow machine it was not even begun
        deadline = time.monotonic() + 20  # it was killed; when it has gone is for the kernel
        while _runs(pid):
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_an_askpass_that_answers_is_taken(keys: Keys) -> None:
    program = keys.directory / "askpass"
    program.write_text("#!/bin/sh\necho hunter2\n")
    program.chmod(0o700)
    signing = keys.signing("frank", SSH_ASKPASS=str(program), SSH_ASKPASS_REQUIRE="force")
    assert signing.sign("frank", TEXT)[1] == keys.fingerprint("frank")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ('valid-before="20200101"', "expired"),
        ('valid-after="20990101"', "not yet valid"),
        ('namespaces="git"', "namespace"),
    ],
)
def test_a_key_that_is_not_allowed_now_or_for_this_neither_signs_nor_counts(
    keys: Keys, options: str, says: str
) -> None:
    armoured, _ = keys.signing().sign("erin", TEXT)
    keys.allow(f"erin {options} {keys.public('erin')}")
    assert says in keys.signing().verify("erin", TEXT, armoured)
    with pytest.raises(Refused, match=says):
        keys.signing().sign("erin", TEXT)
    keys.allow(f"frank {keys.public('frank')}")
    assert "made it" in keys.signing().verify("erin", TEXT, armoured)


def test_a_key_that_expired_since_still_vouches_for_what_it_signed(keys: Keys) -> None:
    armoured, _ = keys.signing().sign("erin", TEXT)
    keys.allow(f'erin valid-before="20200101" {keys.public("erin")}')
    assert keys.signing().verify("erin", TEXT, armoured, at=datetime(2019, 6, 1, tzinfo=UTC)) == ""
    assert "expired" in keys.signing().verify("erin", TEXT, armoured, at=datetime(2020, 6, 1, tzinfo=UTC))


def test_a_signature_for_something_else_is_none_for_a_payroll(keys: Keys) -> None:
    made = subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-n", "file", "-f", keys.private("erin")],
        input=TEXT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "namespace" in keys.signing().verify("erin", TEXT, made.stdout)


def test_lines_of_every_kind_are_read(keys: Keys) -> None:
    public = keys.public("erin")
    keys.allow(
        f'"dora,erin" namespaces="gcms-payroll",valid-after="20200101" {public} erin at home',
        f"max cert-authority {public}",
        f"m* {public}",
        "broken ssh-ed25519 AAAA",
        "ssh-ed25519",
    )
    signing = keys.signing()
    assert signing.keys_of("erin") == signing.keys_of("dora") == signing.keys_of("maria") == (public,)
    assert signing.keys_of("broken") == signing.keys_of("frank") == signing.keys_of("") == ()
    armoured, _ = signing.sign("dora", TEXT)
    assert signing.verify("dora", TEXT, armoured) == ""


def test_what_cannot_be_told_is_unknown_and_no_verdict(keys: Keys) -> None:
    armoured, _ = keys.signing().sign("erin", TEXT)
    nothing = SshSigning(keys.allowed, {"PATH": str(keys.directory), "HOME": str(keys.directory / "erin")})
    for act in (lambda: nothing.sign("erin", TEXT), lambda: nothing.verify("erin", TEXT, armoured)):
        with pytest.raises(Unavailable, match="No ssh-keygen"):
            act()
    keys.allowed.chmod(0o622)
    with pytest.raises(Unavailable, match="changed by others"):
        keys.signing().verify("erin", TEXT, armoured)
    keys.allowed.unlink()
    with pytest.raises(Unavailable, match="allowed_signers"):
        keys.signing().verify("erin", TEXT, armoured)
