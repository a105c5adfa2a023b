"""A payroll run proven anew: by the journal's chain, by its own entries' order, by who signed what, and by its log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll import events, gates
from gcms_tui.core.payroll.gates import Limits
from gcms_tui.core.payroll.hold import open_holds
from gcms_tui.core.payroll.log_text import log_text
from gcms_tui.core.payroll.roles import Role, Signers, account
from gcms_tui.core.payroll.run import PayrollRun, PayrollState, Signature, fold, moment
from gcms_tui.core.payroll.statement import statement
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.verdict import Verdict, worst
from gcms_tui.core.writing.journal import ChainReport, Entry

Told = tuple[Verdict, str]


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing that was looked at."""

    what: str
    """`journal`, `gates`, `signatures`, `released file`, `manifest`, `hash file`, `totals`, `Supabase`, `archive`,
    `log`."""
    verdict: Verdict
    words: str


@dataclass(frozen=True, slots=True)
class ProofReport:
    run_id: str
    proofs: tuple[Proof, ...]

    @property
    def verdict(self) -> Verdict:
        """FAIL where anything is proven wrong: what could not be looked at beside it must not hide that."""
        found = [proof.verdict for proof in self.proofs]
        return Verdict.FAIL if Verdict.FAIL in found else worst(found)


def proof(what: str, told: Iterable[Told], fine: str) -> Proof:
    """What is wrong, the worst first; where nothing is, `fine` in words."""
    wrong = sorted(told, key=lambda item: -item[0])
    if not wrong:
        return Proof(what, Verdict.OK, fine)
    return Proof(what, wrong[0][0], "; ".join(dict.fromkeys(words for _, words in wrong)))


# -- the journal -----------------------------------------------------------------------------------------------------


def journal(report: ChainReport, entries: Iterable[Entry], unreached: str = "") -> Proof:
    """By the whole chain. `unreached`: why anchors could not be compared that should be."""
    numbers = [entry.sequence for entry in entries]
    fine = (
        f"{counted(report.count, 'entry', 'entries')}, each continues the one before, {len(numbers)} of them the run's"
    )
    return proof("journal", _chain(report, numbers, unreached), fine)


def _chain(report: ChainReport, numbers: list[int], unreached: str) -> Iterator[Told]:
    if not report.whole:
        broken = report.broken_at or 0
        before = sum(number < broken for number in numbers)
        yield (
            Verdict.FAIL,
            f"broken at entry {broken:,}: {report.problem}; {before} of the run's {len(numbers)} entries lie before it",
        )
    elif not report.proven:
        yield (
            Verdict.UNKNOWN,
            "; ".join(("whole, and not compared with an anchor: a cut end shows only by one", *report.unread)),
        )
    if unreached:
        yield Verdict.UNKNOWN, unreached


# -- the gates -------------------------------------------------------------------------------------------------------

_DECISIVE: Mapping[str, Step] = {
    events.EXPORTED: Step.EXPORT,
    events.SIGNED: Step.SIGN_OFF,
    events.RELEASED: Step.SIGN_OFF,
    events.RECORDED: Step.RECORD,
    events.ARCHIVED: Step.ARCHIVE,
    events.CLOSED: Step.LOG,
}
_HELD_UP = (events.EXPORTED, events.SIGNED, events.RELEASED, events.RECORDED)
"""What a hold stops."""
_ANY_AGE = Limits(checks=timedelta.max, signing=timedelta.max)
"""How long a check counted was for the configuration of the day to say."""


def passed_in_order(run: PayrollRun, holds: Iterable[Entry] = ()) -> Proof:
    """Each thing that was done, by the run as it stood just before. `holds`: the entries about the target's holds."""
    done = [entry for entry in run.entries if entry.kind in _DECISIVE]
    if not done:
        return Proof("gates", Verdict.UNKNOWN, "no file has been prepared")
    ends = {PayrollState.CLOSED: "closed", PayrollState.ABANDONED: "given up"}
    fine = f"every step was done after those it rests on, and the run is {ends.get(run.state, 'under way')}"
    return proof("gates", (*_breaches(run), *_held(run, tuple(holds))), fine)


def _breaches(run: PayrollRun) -> Iterator[Told]:
    for place, entry in enumerate(run.entries[1:], 1):
        step = _DECISIVE.get(entry.kind)
        before = fold(run.entries[:place]) if step or entry.kind in (events.OPENED, events.ABANDONED) else run
        if step is not None:
            try:
                gates.require(before, step, moment(entry), _ANY_AGE)
            except Refused as refused:
                yield Verdict.FAIL, f"{_named(entry)}: {refused.title.lower()}: {refused.message}"
        for words in _own_breaches(before, entry):
            yield Verdict.FAIL, f"{_named(entry)}: {words}"


def _own_breaches(before: PayrollRun, entry: Entry) -> Iterator[str]:
    """What the gates do not ask."""
    said = entry.said
    match entry.kind:
        case events.OPENED:
            yield "the run was opened already"
        case events.ABANDONED if before.recorded is not None:
            yield "the payments were recorded already"
        case events.EXPORTED if before.frozen is not None:
            if (said["fingerprint"], said["payees"]) != (before.frozen.fingerprint, before.frozen.payees):
                yield "the file is not of what was tested"
        case events.SIGNED:
            if before.exported is not None and said["sha256"] != before.exported.sha256:
                yield "another file was signed"
            if said["role"] in before.signatures:
                yield "the role was signed already"
            if account(entry.user) in {account(item.by.person.user) for item in before.signatures.values()}:
                yield f"{entry.user} had signed in another role"
        case events.RELEASED:
            missing = [role.named for role in Role if role not in before.signatures]
            if missing:
                yield f"not signed by {', '.join(missing)}"
            if before.exported is not None and said["sha256"] != before.exported.sha256:
                yield "another file than the exported one was released"


def _held(run: PayrollRun, holds: tuple[Entry, ...]) -> Iterator[Told]:
    for entry in run.entries:
        if entry.kind in _HELD_UP:
            for hold in open_holds(item for item in holds if item.sequence < entry.sequence):
                yield Verdict.WARN, f"{_named(entry)}: payroll was held: {hold.words}"


def _named(entry: Entry) -> str:
    return f"entry {entry.sequence:,} ({entry.kind.removeprefix('payroll.')} by {entry.user})"


# -- the signatures --------------------------------------------------------------------------------------------------


def signatures(run: PayrollRun, signers: Signers, keys: Mapping[Role, Told | None]) -> Proof:
    """Whose they are, and of what. `keys`: what each one's key tells, None where it is the person's."""
    signed = [run.signatures[role] for role in Role if role in run.signatures]
    if not signed:
        return Proof("signatures", Verdict.UNKNOWN, "nobody has signed")
    fine = ", ".join(f"{item.role.named} {item.by.person.user}" for item in signed)
    by = "with their own keys" if all(item.armoured for item in signed) else "under their own logins"
    return proof("signatures", _signature_faults(run, signed, signers, keys), f"{fine}, {by}")


def _signature_faults(
    run: PayrollRun, signed: list[Signature], signers: Signers, keys: Mapping[Role, Told | None]
) -> Iterator[Told]:
    if missing := [role.named for role in Role if role not in run.signatures]:
        yield (Verdict.FAIL if run.released else Verdict.UNKNOWN), f"not signed by {', '.join(missing)}"
    people = [account(item.by.person.user) for item in signed]
    if twice := sorted({item.by.person.user for item in signed if people.count(account(item.by.person.user)) > 1}):
        yield Verdict.FAIL, f"{', '.join(twice)} signed in several roles"
    used = [item.key for item in signed if item.key]
    if len(set(used)) < len(used):
        yield Verdict.FAIL, "one key made several of them"
    for item in signed:
        login, role = item.by.person.user, item.role
        if run.exported is None or item.sha256 != run.exported.sha256:
            yield Verdict.FAIL, f"{login} signed another file ({role.named})"
        if item.statement != _to_be_signed(run, item):
            yield Verdict.FAIL, f"{login} signed another statement than the run's ({role.named})"
        if role not in signers.roles_of(login):
            yield Verdict.WARN, f"{login} is no longer among those who sign as {role.named}"
        if told := keys.get(role):
            yield told


def _to_be_signed(run: PayrollRun, signature: Signature) -> str:
    """The statement as the run stood when it was signed; empty where there was no file."""
    places = [
        place
        for place, entry in enumerate(run.entries)
        if entry.kind == events.SIGNED and entry.said.get("role") == signature.role
    ]
    try:
        return statement(fold(run.entries[: places[-1]]), signature.role)
    except (IndexError, ValueError):
        return ""


# -- the log ---------------------------------------------------------------------------------------------------------


def log(run: PayrollRun) -> Proof:
    """By its text, written anew from what the run was when it was closed."""
    for place, entry in enumerate(run.entries):
        if entry.kind == events.CLOSED:
            text = log_text(fold(run.entries[:place]), str(entry.said["exceptions"]))
            if hashlib.sha256(text.encode("utf-8")).hexdigest() != entry.said.get("markdown_sha256"):
                return Proof("log", Verdict.FAIL, "it is not the text that was written when the run was closed")
            return Proof("log", Verdict.OK, f"as it was written; exceptions: {run.exceptions}")
    return Proof("log", Verdict.UNKNOWN, "not written")
