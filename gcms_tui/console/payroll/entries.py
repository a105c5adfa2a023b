"""What the journal says of a payroll run, entry by entry, in words. Pure; nothing here fails on an edited entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from rich.text import Text

from gcms_tui.console.present import age_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import pair
from gcms_tui.core.conclusion import counted
from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.run import TickVerdict, moment
from gcms_tui.core.payroll.steps import Step
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import Entry

_Said = Mapping[str, Any]

_STEPS: Mapping[str, Step] = {
    events.SAMPLED: Step.SPOT_CHECK,
    events.TICKED: Step.SPOT_CHECK,
    events.REVEALED: Step.SPOT_CHECK,
    events.EXPORTED: Step.EXPORT,
    events.SIGNED: Step.SIGN_OFF,
    events.REJECTED: Step.SIGN_OFF,
    events.RELEASED: Step.SIGN_OFF,
    events.RECORDED: Step.RECORD,
    events.ARCHIVED: Step.ARCHIVE,
    events.CLOSED: Step.LOG,
}
_VOIDS = (Step.TESTS, Step.SPOT_CHECK, Step.EXPORT, Step.SIGN_OFF)


def of_step(entry: Entry, step: Step) -> bool:
    """Whether the entry is told with this step."""
    if entry.kind in (events.CHECKED, events.STARTED):
        return said_of(entry).get("step") == step.value
    return step in _VOIDS if entry.kind == events.VOIDED else _STEPS.get(entry.kind) is step


def said_of(entry: Entry) -> _Said:
    """The payload; empty where it is none."""
    try:
        said = entry.said
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def entry_words(entry: Entry) -> str:
    """What it says, in a line."""
    return words_of(entry.kind, said_of(entry)) if entry.kind in _WORDS else entry.kind


def words_of(kind: str, said: _Said) -> str:
    """`kind`: one of `KINDS`."""
    return _WORDS[kind](said)


def verdict_of(kind: str, said: _Said) -> Verdict | None:
    """What to make of an entry; None where there is nothing to be made of it."""
    match kind:
        case events.CHECKED:
            return Verdict.OK if said.get("passed") is True else Verdict.FAIL
        case events.TICKED:
            return Verdict.WARN if said.get("verdict") == TickVerdict.QUERY.value else Verdict.OK
        case events.ARCHIVED:
            return Verdict.OK if said.get("alike") is True else Verdict.FAIL
        case events.SIGNED | events.RELEASED | events.RECORDED | events.CLOSED:
            return Verdict.OK
        case events.REJECTED | events.VOIDED | events.HELD:
            return Verdict.WARN
    return None


def entry_lines(entry: Entry, now: datetime, look: Look, width: int) -> list[Text]:
    """The moment, the person and the words."""
    palette, text = look.palette, look.glyphs.text
    try:
        at = moment(entry)
        when = f"{at:%Y-%m-%d %H:%M} UTC ({age_text(now - at, young='now')})"
    except ValueError:
        when = text(entry.at, 40)
    person = f"{entry.user}@{entry.host.partition('.')[0]}"
    head = Text.assemble((f" {when}  ", palette.faint), (text(person, 60), palette.muted))
    said = Text(text(entry_words(entry), 600), palette.text)
    if head.cell_len + said.cell_len + 3 <= width:
        return [head.append("  ").append_text(said)]
    return [head, *pair(Text("   "), said, width)]


def _checked(said: _Said) -> str:
    word = "passed" if said.get("passed") is True else "did not pass"
    return f"{_step(said)} {word}: {said.get('words')}"


def _step(said: _Said) -> str:
    try:
        step = Step(str(said.get("step")))
    except ValueError:
        return "a step"
    return f"{step.number} {step.named}"


def _sampled(said: _Said) -> str:
    rows = said.get("rows")
    return f"{counted(len(rows), 'row')} drawn to be looked at" if isinstance(rows, list) else "rows drawn"


def _ticked(said: _Said) -> str:
    note = f": {said['note']}" if said.get("note") else ""
    word = {"ok": "looked at, makes sense", "query": "asked about", "answered": "answered"}.get(
        str(said.get("verdict")), "looked at"
    )
    return f"row {said.get('row')} {word}{note}"


def _recorded(said: _Said) -> str:
    how = "found recorded" if said.get("already") is True else "recorded"
    return f"{said.get('entries')} payments {how} as paid on {said.get('date')}"


def _archived(said: _Said) -> str:
    what = "is what was signed" if said.get("alike") is True else "IS NOT WHAT WAS SIGNED"
    return f"archived as {said.get('table')} ({said.get('kind')}), which {what}"


_WORDS: Mapping[str, Callable[[_Said], str]] = {
    events.OPENED: lambda said: f"payroll run opened for concert {said.get('concert')} on {said.get('target')}",
    events.STARTED: lambda said: f"{_step(said)} started: dbt run {said.get('run')}",
    events.CHECKED: _checked,
    events.SAMPLED: _sampled,
    events.TICKED: _ticked,
    events.REVEALED: lambda said: f"personal data shown: {said.get('what')}",
    events.EXPORTED: lambda said: f"{said.get('file')} prepared on {said.get('host')}",
    events.SIGNED: lambda said: f"signed as {said.get('role')}: {said.get('says')}",
    events.REJECTED: lambda said: f"rejected as {said.get('role')}: {said.get('reason')}",
    events.VOIDED: lambda said: f"the data has changed, and nothing done on it counts: {said.get('why')}",
    events.RELEASED: lambda said: f"{said.get('file')} released on {said.get('host')}",
    events.RECORDED: _recorded,
    events.ARCHIVED: _archived,
    events.CLOSED: lambda said: f"closed; exceptions: {said.get('exceptions')}",
    events.ABANDONED: lambda said: f"abandoned: {said.get('reason')}",
    events.HELD: lambda said: f"payroll held, {said.get('cause')}: {said.get('reason')}",
    events.LIFTED: lambda said: f"{said.get('hold')} lifted: {said.get('reason')}",
}
KINDS = tuple(_WORDS)
"""Of every entry about payroll."""
