"""Signatures with people's own SSH keys, made and judged by ssh-keygen. No key is read here, and no passphrase."""

from __future__ import annotations

import binascii
import os
import re
import signal
import subprocess
import tempfile
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from gcms_tui.adapters.files import read_text, refuse_if_others_may_write
from gcms_tui.adapters.private_file import write_whole
from gcms_tui.core.errors import ConfigError, Refused, Unavailable
from gcms_tui.core.payroll.statement import NAMESPACE
from gcms_tui.core.text import printable

_SIGN_WITHIN_S = 60
"""A touch or a passphrase may be waited for, and somebody who has gone away may not."""
_VERIFY_WITHIN_S = 20
_WORD = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^\s"])+')
_KEY_TYPE = re.compile(r"(?:ssh-|ecdsa-|sk-ssh-|sk-ecdsa-)[a-z0-9@.-]+")
_GOOD = re.compile(r"^Good .* key (SHA256:[A-Za-z0-9+/]+)\s*$", re.MULTILINE)


class SshSigning:
    """By the keys that one allowed_signers file gives people. Every method starts ssh-keygen."""

    def __init__(self, allowed_signers: Path, env: Mapping[str, str]) -> None:
        """`env` leads to the person's agent and home."""
        self._allowed = allowed_signers
        self._env = {**env, "LC_ALL": "C"}

    def sign(self, login: str, text: str) -> tuple[str, str]:
        """The armoured signature of `text`, and the fingerprint of the key: of one in the agent, else of one in ~/.ssh.

        Waits for a touch or a passphrase, a minute at most; a passphrase is asked for by the agent or by SSH_ASKPASS,
        never on this terminal. Raises `Refused` (guard `key`) where the person has no key that is allowed for them,
        `Unavailable` where there is no ssh-keygen, or the file of keys cannot be read.
        """
        keys = self.keys_of(login)
        said = ""
        with _private_directory() as directory:
            for number, key in enumerate(keys):
                public = directory / f"{number}.pub"
                write_whole(public, f"{key}\n", durable=False)
                for file in (public, *self._own(key)):
                    done = self._keygen(_SIGN_WITHIN_S, text, "-Y", "sign", "-n", NAMESPACE, "-f", str(file))
                    if done.returncode != 0:
                        said = _why(done) or said
                        continue
                    armoured = done.stdout.decode("ascii", errors="replace")
                    why, fingerprint = self._judge(login, text, armoured)
                    if not why:
                        return armoured, fingerprint
                    said = why
        raise _no_key(login, len(keys), said.replace(str(directory), "…"), self._allowed)

    def verify(self, login: str, text: str, armoured: str, *, at: datetime | None = None) -> str:
        """Why it is not `login`'s signature of `text`; empty where it is.

        By the keys' times now, or as they were `at` that moment. Raises `Unavailable` where it cannot be told.
        """
        self._read()
        return self._judge(login, text, armoured, at)[0]

    def keys_of(self, login: str) -> tuple[str, ...]:
        """The public keys that the file gives `login`, `type base64` each; those of a certificate authority are not
        among them. Raises `Unavailable` where it cannot be read."""
        return tuple(dict.fromkeys(key for who, key in _lines(self._read()) if _is_for(who, login)))

    def _read(self) -> str:
        """The file's text. Raises `Unavailable`, also where others may write it: they would decide who signs."""
        try:
            text = read_text(self._allowed, "allowed_signers")
            refuse_if_others_may_write(self._allowed)
        except ConfigError as error:
            raise Unavailable(error.title, error.message, error.next_step) from None
        return text

    def _own(self, key: str) -> Iterator[Path]:
        """The private keys in ~/.ssh that go with it."""
        home = Path(self._env.get("HOME") or Path.home())
        for public in sorted((home / ".ssh").glob("id_*.pub")):
            with suppress(OSError, UnicodeDecodeError):
                if public.read_text(encoding="utf-8").split()[:2] == key.split() and public.with_suffix("").is_file():
                    yield public.with_suffix("")

    def _judge(self, login: str, text: str, armoured: str, at: datetime | None = None) -> tuple[str, str]:
        """Why it is not genuine, or the fingerprint of the key that made it."""
        moment = () if at is None else ("-O", f"verify-time={at.astimezone():%Y%m%d%H%M%S}")
        with _private_directory() as directory:
            signature = directory / "signature"
            write_whole(signature, armoured, durable=False)
            done = self._keygen(
                _VERIFY_WITHIN_S, text,
                "-Y", "verify", *moment, "-f", str(self._allowed), "-I", login, "-n", NAMESPACE, "-s", str(signature),
            )  # fmt: skip
        good = _GOOD.search(done.stdout.decode("utf-8", errors="replace"))
        if done.returncode == 0 and good is not None:
            return "", good[1]
        return _why(done) or f"no key that {self._allowed.name} gives {login} made it", ""

    def _keygen(self, timeout_s: float, text: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        """In a session of its own: it finds no terminal to ask on, which may be a full-screen console's."""
        try:
            process = subprocess.Popen(
                ["ssh-keygen", *words],
                env=self._env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                start_new_session=True,
            )  # fmt: skip
        except (OSError, ValueError) as error:
            raise Unavailable(
                "No ssh-keygen",
                f"Signatures by keys are made and verified by it, and it cannot be started: {error}.",
                "Install OpenSSH's client.",
            ) from None
        with process:
            try:
                out, err = process.communicate(text.encode("utf-8"), timeout_s)
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # with whatever asks for the passphrase
                raise Unavailable(
                    "The key did not answer",
                    f"ssh-keygen waited {timeout_s:g} s, for a touch or a passphrase perhaps, and was stopped.",
                    "Load the key into your agent (ssh-add), have it at hand, and sign again.",
                ) from None
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@contextmanager
def _private_directory() -> Iterator[Path]:
    """0700, and gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="gcms-tui-sign-") as directory:
        yield Path(directory)


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Principals and public key of each line, as ssh-keygen(1) has them: principals, options, key, comment."""
    for line in text.splitlines():
        words = _WORD.findall(line)
        if len(words) < 3 or words[0].startswith("#"):
            continue
        at = 1 if _is_key(words[1:3]) else 2
        options = words[1].lower() if at == 2 else ""
        if _is_key(words[at : at + 2]) and "cert-authority" not in options.split(","):
            yield words[0].strip('"'), " ".join(words[at : at + 2])


def _is_key(words: list[str]) -> bool:
    if len(words) < 2 or not _KEY_TYPE.fullmatch(words[0]):
        return False
    try:
        return words[0].encode() in b64decode(words[1], validate=True)[:64]
    except (binascii.Error, ValueError):
        return False


def _is_for(principals: str, login: str) -> bool:
    """Whether a key may be theirs; whether it is, ssh-keygen decides."""
    return any(fnmatchcase(login, pattern) for pattern in principals.split(","))


def _why(done: subprocess.CompletedProcess[bytes]) -> str:
    """The first thing that ssh-keygen complained about; empty where it did not."""
    lines = done.stderr.decode("utf-8", errors="replace").splitlines()
    complaints = [line for line in lines if line.strip() and not line.startswith("Signing ")]
    return printable(complaints[0], 200) if complaints else ""


def _no_key(login: str, keys: int, said: str, allowed: Path) -> Refused:
    if not keys:
        return Refused(
            "No key of yours",
            f"{allowed} gives {login} no key.",
            "Ask whoever keeps it to enter your public key under your login.",
            guard="key",
        )
    return Refused(
        "No key to sign with",
        f"None of the keys that {allowed} gives {login} signs: {said or 'no reason was given'}.",
        "Load yours into your agent: ssh-add; ssh-add -l lists what is in it.",
        guard="key",
    )
