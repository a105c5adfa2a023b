"""`payroll verify`: a closed run is proven, and whatever was spoilt since is found, that and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.core.errors import GcmsError, MissingRelation, Unavailable, UsageError
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.export_file import MANIFEST
from gcms_tui.core.payroll.log_text import log_text
from gcms_tui.core.payroll.roles import Role, Signers
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.settings import SupabaseSettings
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import Anchor
from gcms_tui.operations.payroll.ports import Signing
from gcms_tui.operations.payroll.verifying import ProofReport, Verifying
from tests.operations.memory import NOW, ShippedQueries
from tests.operations.payroll.disk import DiskFiles
from tests.operations.payroll.paid_run import (
    CLONE,
    CSV,
    PAID_ON,
    SIGNERS,
    CloneHouse,
    copied,
    exported,
    failing,
    noted,
    recorded,
    released,
)
from tests.operations.payroll.scene import MemoryWarehouse, Row, Scene

OK, WARN, FAIL, UNKNOWN = Verdict
WHAT = (
    *("journal", "gates", "signatures", "released file", "manifest", "hash file", "totals"),
    *("Supabase", "archive", "log"),
)
LOST = Unavailable("Cannot be reached", "The line is gone.")


class Keys:
    """Whoever signs writes their login before the text's hash."""

    error: GcmsError | None = None

    def sign(self, login: str, text: str) -> tuple[str, str]:
        return f"{login} {hashlib.sha256(text.encode()).hexdigest()}", f"SHA256:{login}"

    def verify(self, login: str, text: str, armoured: str, *, at: datetime | None = None) -> str:
        if self.error is not None:
            raise self.error
        if at != NOW:
            return "its key has expired"
        return "" if armoured == self.sign(login, text)[0] else "it is another's"


@dataclass
class Court:
    """A run, and everything that it can be proven by."""

    scene: Scene
    house: CloneHouse
    files: DiskFiles
    paid: list[Row]
    supabase: MemoryWarehouse = field(default_factory=MemoryWarehouse)
    signing: Signing | None = None
    signers: Signers = SIGNERS
    reference: str = "last"
    anchors: Callable[[], tuple[Anchor, ...]] | None = None

    def __post_init__(self) -> None:
        self.supabase.answers["supabase_payments"] = self.paid

    def report(self) -> ProofReport:
        journal = self.scene.store().journal
        head = journal.entries(1)[0]
        known = (Anchor(head.sequence, head.own, head.at, "the warehouse"),)
        verifying = Verifying(
            book=self.scene.book(), reader=self.scene.reader(), files=self.files, signing=self.signing,
            signers=self.signers, supabase=self.supabase, supabase_settings=SupabaseSettings(),
            queries=ShippedQueries(), journal=journal, anchors=self.anchors or (lambda: known),
        )  # fmt: skip
        return verifying.verify(self.reference)

    def spoilt(self) -> dict[str, Verdict]:
        """What is not proven."""
        proofs = self.report().proofs
        assert tuple(proof.what for proof in proofs) == WHAT
        return {proof.what: proof.verdict for proof in proofs if proof.verdict is not OK}

    def words(self, what: str) -> str:
        return next(proof.words for proof in self.report().proofs if proof.what == what)

    # -- what is done to it --------------------------------------------------------------------------------------------

    def write(self, name: str, change: Callable[[bytes], bytes]) -> None:
        path = self.files.place("outbox", self.run.run_id) / name
        path.write_bytes(change(path.read_bytes() if path.exists() else b""))

    def lose(self, name: str) -> None:
        (self.files.place("outbox", self.run.run_id) / name).unlink()

    def edit(self, statement: str) -> None:
        self.scene.edit(statement)

    @property
    def run(self) -> PayrollRun:
        return self.scene.book().get("last")


def _closed(directory: Path) -> None:
    house = CloneHouse()
    scene = Scene(directory, house)
    keys = Keys()
    run = recorded(scene, DiskFiles(directory / "files"), armoured=lambda login, text: keys.sign(login, text)[0])
    house.tables[CLONE] = house.tables[next(iter(house.tables))]
    assert run.frozen is not None
    clone: dict[str, Any] = {"write": "w", "table": CLONE.replace('"', ""), "kind": "transient", "alike": True}
    run = noted(scene, run, Step.ARCHIVE, events.ARCHIVED, **clone, fingerprint=run.frozen.fingerprint)
    digest = hashlib.sha256(log_text(run, "none").encode()).hexdigest()
    noted(scene, run, Step.LOG, events.CLOSED, exceptions="none", markdown_sha256=digest)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("closed")
    _closed(directory)
    return directory


@pytest.fixture
def court(template: Path, tmp_path: Path) -> Court:
    own = copied(template, tmp_path / "own")
    house = CloneHouse()
    house.tables[CLONE] = [dict(row) for row in house.tables[next(iter(house.tables))]]
    paid: list[Row] = [
        {"payment_id": f"p{row['musician_id']}", "musician_id": str(row["musician_id"]),
         "net_amount": row["net_amount"], "paid": True, "payment_date": PAID_ON}
        for row in house.tables[CLONE]
    ]  # fmt: skip
    return Court(Scene(own, house), house, DiskFiles(own / "files"), paid, signing=Keys())


def test_a_run_that_was_walked_is_proven(court: Court) -> None:
    assert court.spoilt() == {}
    report = court.report()
    assert report.verdict is OK and report.run_id == court.run.run_id
    told = " ".join(proof.words for proof in report.proofs)
    assert "Musician" not in told and "example.org" not in told and "100.00" not in told
    court.reference = "nonesuch"
    with pytest.raises(UsageError):
        court.report()


def _dear(content: bytes) -> bytes:
    return content.replace(b"100.00", b"100.01", 1)


@pytest.mark.parametrize(
    ("spoil", "found", "words"),
    [
        # the files
        (lambda court: court.write(CSV, _dear), {"released file": FAIL, "totals": FAIL}, f"{CSV} was changed"),
        (
            lambda court: court.write(CSV, lambda content: content.replace(b"Musician 1,", b"Musician X,")),
            {"released file": FAIL},
            f"{CSV} was changed",
        ),
        (lambda court: court.lose(CSV), {"released file": FAIL, "totals": UNKNOWN}, f"{CSV} is missing"),
        (lambda court: court.write("more.csv", _dear), {"released file": WARN}, "more.csv was not exported"),
        (lambda court: court.write(MANIFEST, _dear), {"manifest": FAIL, "totals": FAIL}, f"{MANIFEST} was changed"),
        (lambda court: court.lose(MANIFEST), {"manifest": FAIL, "totals": UNKNOWN}, f"{MANIFEST} is missing"),
        (
            lambda court: court.write(f"{CSV}.sha256", lambda content: b"0" * 64 + content[64:]),
            {"hash file": FAIL},
            "gives another hash",
        ),
        (lambda court: court.lose(f"{CSV}.sha256"), {"hash file": FAIL}, "is missing"),
        (
            lambda court: setattr(court, "files", DiskFiles(court.files.directory, "ops-9")),
            {"released file": UNKNOWN, "manifest": UNKNOWN, "hash file": UNKNOWN, "totals": UNKNOWN},
            "lie on ops-1, and this is ops-9",
        ),
        # Supabase
        (lambda court: court.paid[3].update(paid=False), {"Supabase": FAIL}, "1 of the signed payments are not paid"),
        (lambda court: court.paid[3].update(paid=None), {"Supabase": FAIL}, "musician 4"),
        (lambda court: court.paid[3].update(payment_date=NOW.date().replace(day=9)), {"Supabase": FAIL}, "2026-03-01"),
        (lambda court: court.paid[3].update(net_amount=Decimal("100.01")), {"Supabase": FAIL}, "another amount"),
        (lambda court: court.paid.pop(), {"Supabase": FAIL}, "are not there: musician 20"),
        (lambda court: court.paid.append(dict(court.paid[0])), {"Supabase": FAIL}, "several times: musician 1"),
        (
            lambda court: court.paid.append({**court.paid[0], "musician_id": "99"}),
            {"Supabase": WARN},
            "beyond what was signed paid as well: musician 99",
        ),
        (lambda court: court.paid.clear(), {"Supabase": UNKNOWN}, "a policy may hide them"),
        (
            lambda court: court.supabase.answers.update(supabase_payments=_raising),
            {"Supabase": UNKNOWN},
            "The line is gone",
        ),
        # the archive
        (lambda court: court.house.change(5, "100.01", CLONE), {"archive": FAIL}, "over 2,000.01; signed were"),
        (lambda court: court.house.tables.pop(CLONE), {"archive": FAIL}, "_PAYMENT_20260301 is gone"),
        (lambda court: court.house.answers.update(payroll_export=_raising), {"archive": UNKNOWN}, "The line is gone"),
        (lambda court: court.house.answers.update(payroll_export=_no_dim), {"archive": UNKNOWN}, "DIM_MUSICIAN"),
        # the signatures
        (lambda court: setattr(court, "signers", Signers({**SIGNERS.logins, Role.FINANCE: ()})), {"signatures": WARN},
         "frank is no longer among"),
        (lambda court: setattr(court, "signing", None), {"signatures": UNKNOWN}, "no allowed_signers file"),
        (lambda court: setattr(court.signing, "error", LOST), {"signatures": UNKNOWN}, "cannot be verified"),
        # the journal
        (lambda court: setattr(court, "anchors", failing(LOST)), {"journal": UNKNOWN}, "were not compared"),
        (
            lambda court: setattr(court, "anchors", lambda: (Anchor(3, "0" * 64, "", "elsewhere"),)),
            {"journal": FAIL},
            "elsewhere knew another entry",
        ),
        (
            lambda court: court.edit(
                "UPDATE journal SET payload = replace(payload, '\"ok\"', '\"answered\"') WHERE kind LIKE '%ticked'"
            ),
            {"journal": FAIL},
            "edited",
        ),
        (
            lambda court: court.edit(f"UPDATE journal SET user = 'frank' WHERE kind = '{events.SIGNED}'"),
            {"journal": FAIL, "gates": FAIL, "signatures": FAIL, "log": FAIL},
            "edited",
        ),
        (
            lambda court: court.edit(
                f"UPDATE journal SET payload = replace(payload, 'none', 'all good') WHERE kind = '{events.CLOSED}'"
            ),
            {"journal": FAIL, "log": FAIL},
            "edited",
        ),
    ],
)  # fmt: skip
def test_what_was_spoilt_is_found_and_nothing_else(
    court: Court, spoil: Callable[[Court], object], found: dict[str, Verdict], words: str
) -> None:
    spoil(court)
    assert court.spoilt() == found
    assert words in court.words(next(iter(found)))
    assert court.report().verdict is (FAIL if FAIL in found.values() else max(found.values()))


def _raising(_: object) -> list[Row]:
    raise LOST


def _no_dim(_: object) -> list[Row]:
    raise MissingRelation("A table is missing", "DIM_MUSICIAN does not exist or not authorized.")


def test_a_signature_of_another_is_a_failure(tmp_path: Path) -> None:
    """And one by no key is not known, where keys are configured."""
    house, keys = CloneHouse(), Keys()
    court = Court(Scene(tmp_path, house), house, DiskFiles(tmp_path / "files"), [], signing=keys)
    makers = {"erin": "erin", "frank": "maria"}

    def armoured(login: str, text: str) -> str:
        return keys.sign(makers[login], text)[0] if login in makers else ""

    released(court.scene, court.files, armoured=armoured)
    words = court.words("signatures")
    assert "frank's signature (Finance) is not theirs: it is another's" in words
    assert "maria's signature (Manager) is by no key" in words and "erin" not in words
    assert court.spoilt()["signatures"] is UNKNOWN


def test_a_run_that_is_under_way_is_proven_as_far_as_it_has_come(tmp_path: Path) -> None:
    house = CloneHouse()
    court = Court(Scene(tmp_path, house), house, DiskFiles(tmp_path / "files"), [])
    run = exported(court.scene, court.files)
    later = {"signatures": UNKNOWN, "Supabase": UNKNOWN, "archive": UNKNOWN, "log": UNKNOWN}
    assert court.spoilt() == {**later, "released file": UNKNOWN}
    path = court.files.place("prepared", run.run_id) / CSV
    path.write_bytes(_dear(path.read_bytes()))
    assert f"{CSV} was changed" in court.words("released file") and court.spoilt()["totals"] is FAIL
    with court.scene.book().alone(run.run_id, "a test") as at:
        at.note(events.ABANDONED, {"reason": "a trial", "withdrawn": False})
    assert court.spoilt()["released file"] is UNKNOWN and "given up" in court.words("manifest")


def test_a_run_whose_entries_tell_of_none_is_a_failure(court: Court) -> None:
    court.edit(f"UPDATE journal SET payload = '{{}}' WHERE kind = '{events.EXPORTED}'")
    report = court.report()
    assert [(proof.what, proof.verdict) for proof in report.proofs] == [("journal", FAIL), ("gates", FAIL)]
