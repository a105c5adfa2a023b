"""A run's own entries as the judge of whether its steps were done in order, and of whose signatures they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from gcms_tui.core.payroll import events, proofs
from gcms_tui.core.payroll.log_text import log_text
from gcms_tui.core.payroll.roles import Role, Signers
from gcms_tui.core.payroll.run import PayrollRun, fold
from gcms_tui.core.payroll.statement import statement
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import FIRST, Anchor, ChainReport, Entry
from gcms_tui.core.writing.plan import canonical
from tests.core.payroll.test_gates import FILE, Story

LOGINS = {role: f"{role}-1" for role in Role}
SIGNERS = Signers({role: (login,) for role, login in LOGINS.items()})
RELEASE: dict[str, Any] = {"host": "h", "directory": "o", "file": "a.csv", "sha256": "s1"}
RECORD: dict[str, Any] = {"write": "w", "date": "2026-03-01", "entries": 2, "net": "10.00", "already": False}
CLONE: dict[str, Any] = {"write": "v", "table": "gold.f_1", "kind": "transient", "fingerprint": "f1", "alike": True}


def sign(story: Story, role: Role, user: str = "", sha256: str = "s1", text: str = "") -> Story:
    text = text or statement(fold(story.entries), role)
    said = {"role": role.value, "says": "", "statement": text, "sha256": sha256, "signature": "", "key": ""}
    return story.tell(events.SIGNED, user or LOGINS[role], **said)


def signed() -> Story:
    story = Story().exported()
    for role in Role:
        sign(story, role)
    return story


def recorded() -> Story:
    return signed().tell(events.RELEASED, **RELEASE).tell(events.RECORDED, **RECORD)


def closed() -> Story:
    story = recorded().tell(events.ARCHIVED, **CLONE)
    digest = hashlib.sha256(log_text(fold(story.entries), "none").encode()).hexdigest()
    return story.tell(events.CLOSED, exceptions="none", markdown_sha256=digest)


def hold(sequence: int, kind: str = events.HELD) -> Entry:
    said = canonical({"hold": "h1", "cause": "incident", "reason": "wrong rates"})
    return Entry(sequence, "2026-03-01T03:00:00+00:00", "max", "ops-1", "", kind, "hold", said, FIRST, FIRST)


# -- the gates -------------------------------------------------------------------------------------------------------


def test_a_run_that_went_its_way_is_proven_also_long_after() -> None:
    run = fold(closed().entries)
    gates = proofs.passed_in_order(run)
    assert (gates.verdict, gates.words.split(", ")[-1]) == (Verdict.OK, "and the run is closed")
    assert proofs.signatures(run, SIGNERS, {}).verdict is Verdict.OK
    assert proofs.log(run).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("story", "words"),
    [
        (lambda: Story().check(Step.FRESHNESS).tell(events.EXPORTED, **FILE), "2 Run dbt models: open"),
        (lambda: Story().checks().tell(events.EXPORTED, **FILE), "4 Manual spot check"),
        (lambda: Story().checks().ticked().check(Step.TESTS, False).tell(events.EXPORTED, **FILE), "tests"),
        (lambda: Story().checks().ticked().tell(events.EXPORTED, **{**FILE, "fingerprint": "f2"}), "not of what was"),
        (lambda: Story().checks().ticked().tell(events.SIGNED, **_signature()), "5 Export payroll data"),
        (lambda: sign(Story().exported(), Role.FINANCE, sha256="s2"), "another file was signed"),
        (lambda: sign(sign(Story().exported(), Role.FINANCE, "anna"), Role.MANAGER, "anna"), "anna had signed in"),
        (lambda: sign(sign(Story().exported(), Role.FINANCE), Role.FINANCE, "b"), "signed already"),
        (
            lambda: sign(Story().exported(), Role.FINANCE).tell(events.RELEASED, **RELEASE),
            "not signed by Data engineer",
        ),
        (lambda: signed().tell(events.RELEASED, **{**RELEASE, "sha256": "s2"}), "another file than the exported"),
        (lambda: signed().tell(events.RECORDED, **RECORD), "6 Sign-off"),
        (lambda: signed().tell(events.RELEASED, **RELEASE).tell(events.ARCHIVED, **CLONE), "7 Record payroll run"),
        (lambda: recorded().tell(events.CLOSED, exceptions="none", markdown_sha256=""), "8 Archive"),
        (
            lambda: (
                recorded()
                .tell(events.ARCHIVED, **{**CLONE, "alike": False})
                .tell(events.CLOSED, exceptions="none", markdown_sha256="")
            ),
            "not what was signed",
        ),
        (lambda: closed().tell(events.RECORDED, **RECORD), "was closed"),
        (lambda: recorded().tell(events.ABANDONED, reason="x", withdrawn=True), "recorded already"),
        (lambda: recorded().tell(events.OPENED, **_opening()), "opened already"),
        (lambda: recorded().tell(events.EXPORTED, **FILE), "released"),
    ],
)
def test_what_was_done_before_its_gate_was_open_is_found(story: Callable[[], Story], words: str) -> None:
    found = proofs.passed_in_order(fold(story().entries))
    assert found.verdict is Verdict.FAIL and words in found.words, found.words


def test_a_file_that_was_made_under_a_hold_is_a_warning() -> None:
    run = fold(recorded().entries)
    numbers = {entry.kind: entry.sequence for entry in run.entries}
    during = (hold(numbers[events.EXPORTED] - 1), hold(numbers[events.EXPORTED], events.LIFTED))
    found = proofs.passed_in_order(run, during)
    assert found.verdict is Verdict.WARN and "exported" in found.words and "wrong rates" in found.words
    assert "signed" not in found.words, "it was lifted by then"
    assert proofs.passed_in_order(run, (hold(numbers[events.RECORDED] + 1),)).verdict is Verdict.OK


def test_nothing_done_is_nothing_proven() -> None:
    run = fold(Story().checks().entries)
    assert {proofs.passed_in_order(run).verdict, proofs.signatures(run, SIGNERS, {}).verdict} == {Verdict.UNKNOWN}
    assert proofs.log(run).verdict is Verdict.UNKNOWN


def _opening() -> dict[str, Any]:
    return {"concert": "7", "title": "Sibelius 2", "date": None, "target": "t", "fact": "gold.f"}


def _signature() -> dict[str, Any]:
    return {"role": "finance", "says": "", "statement": "s", "sha256": "s1", "signature": "", "key": ""}


# -- the signatures --------------------------------------------------------------------------------------------------


def _with(run: PayrollRun, role: Role, **other: Any) -> PayrollRun:
    return replace(run, signatures={**run.signatures, role: replace(run.signatures[role], **other)})


@pytest.mark.parametrize(
    ("spoilt", "lists", "keys", "verdict", "words"),
    [
        ({"sha256": "s2"}, {}, {}, Verdict.FAIL, "signed another file"),
        ({"statement": "another\n"}, {}, {}, Verdict.FAIL, "another statement"),
        ({}, {Role.FINANCE: ("new",)}, {}, Verdict.WARN, "no longer among those who sign as Finance"),
        ({}, {}, {Role.FINANCE: (Verdict.FAIL, "not theirs")}, Verdict.FAIL, "not theirs"),
        ({}, {Role.MANAGER: ()}, {Role.FINANCE: (Verdict.UNKNOWN, "no agent")}, Verdict.UNKNOWN, "no agent; manager-1"),
    ],
)
def test_a_signature_that_does_not_hold_is_found(
    spoilt: dict[str, Any],
    lists: Mapping[Role, tuple[str, ...]],
    keys: Mapping[Role, proofs.Told],
    verdict: Verdict,
    words: str,
) -> None:
    run = _with(fold(signed().entries), Role.FINANCE, **spoilt)
    found = proofs.signatures(run, Signers({**SIGNERS.logins, **lists}), keys)
    assert found.verdict is verdict and words in found.words


def test_signatures_that_are_missing_are_a_failure_once_the_file_has_left() -> None:
    story = sign(Story().exported(), Role.FINANCE)
    assert proofs.signatures(fold(story.entries), SIGNERS, {}).verdict is Verdict.UNKNOWN
    story.tell(events.RELEASED, **RELEASE)
    assert proofs.signatures(fold(story.entries), SIGNERS, {}).verdict is Verdict.FAIL


def test_one_person_and_one_key_are_one() -> None:
    run = fold(signed().entries)
    one_key = _with(_with(run, Role.FINANCE, key="SHA256:k"), Role.MANAGER, key="SHA256:k")
    assert "one key" in proofs.signatures(one_key, SIGNERS, {}).words
    one_login = _with(run, Role.FINANCE, by=run.signatures[Role.MANAGER].by)
    assert "manager-1 signed in several roles" in proofs.signatures(one_login, SIGNERS, {}).words


# -- the journal and the log -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("report", "unreached", "verdict", "words"),
    [
        (ChainReport(30, "h", anchors=(Anchor(30, "h", "now"),)), "", Verdict.OK, "30 entries"),
        (ChainReport(30, "h"), "", Verdict.UNKNOWN, "anchor"),
        (ChainReport(30, "h", anchors=(Anchor(30, "h", "now"),), unread=("damaged",)), "", Verdict.UNKNOWN, "damaged"),
        (ChainReport(30, "h", anchors=(Anchor(30, "h", "now"),)), "no link", Verdict.UNKNOWN, "no link"),
        (ChainReport(2, "h", 3, "it was edited"), "", Verdict.FAIL, "broken at entry 3: it was edited; 2 of the run's"),
    ],
)
def test_the_chain_is_whole_only_where_it_was_compared(
    report: ChainReport, unreached: str, verdict: Verdict, words: str
) -> None:
    found = proofs.journal(report, fold(recorded().entries).entries, unreached)
    assert found.verdict is verdict and words in found.words


def test_a_log_of_another_text_is_found() -> None:
    story = closed()
    run = fold(story.entries)
    forged = replace(run, entries=(*run.entries[:-1], replace(run.entries[-1], payload=_other_exceptions(run))))
    assert proofs.log(forged).verdict is Verdict.FAIL


def _other_exceptions(run: PayrollRun) -> str:
    return canonical({**run.entries[-1].said, "exceptions": "all were paid twice"})
