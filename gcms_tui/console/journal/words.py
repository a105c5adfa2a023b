"""Entries of the journal in words. Pure; for the thread that reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from gcms_tui.console.payroll import entries as payroll
from gcms_tui.core.conclusion import counted
from gcms_tui.core.pipeline import syncs
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import INTENT, OUTCOME, SETTLED, Entry

_LONGEST = 300
_VERIFIED = "scd2.verified"
_OUTCOMES = {"applied": Verdict.OK, "not_applied": Verdict.WARN}
_SYNCS = {"started": Verdict.OK, "attached": Verdict.OK, "not_started": Verdict.WARN}
_SETTLED = {"applied": Verdict.OK, "not applied": Verdict.OK, "a person must look": Verdict.WARN}


@dataclass(frozen=True, slots=True)
class Told:
    """One entry, read."""

    entry: Entry
    payload: Mapping[str, Any]
    """Empty where it cannot be read as an object."""
    words: str
    """What it says, in a line."""
    verdict: Verdict | None = None
    """What to make of it; None where there is nothing to be made of it."""


def told(entry: Entry) -> Told:
    """Never raises: whatever stands in an entry is shown."""
    try:
        payload = json.loads(entry.payload)
    except ValueError:
        payload = None
    if not isinstance(payload, dict):
        return Told(entry, {}, entry.payload[:_LONGEST])
    say = _WORDS.get(entry.kind, _anything)
    words, verdict = say(payload)
    return Told(entry, payload, words[:_LONGEST], verdict)


def is_applied(one: Told) -> bool:
    """The entry says that its write was applied."""
    return "applied" in (one.payload.get("outcome"), one.payload.get("verdict"))


def _intent(payload: Mapping[str, Any]) -> tuple[str, Verdict | None]:
    reason = payload.get("reason")
    what = f"{payload.get('kind')} of {payload.get('key')} in {payload.get('table')}"
    return what + (f": {reason}" if reason else ""), None


def _outcome(payload: Mapping[str, Any]) -> tuple[str, Verdict | None]:
    outcome, why = str(payload.get("outcome")), payload.get("guard") or payload.get("why")
    words = outcome.replace("_", " ") + (f": {why}" if why else "")
    if isinstance(payload.get("rows"), int):
        words += f", {counted(payload['rows'], 'row')}"
    return words, _OUTCOMES.get(outcome, Verdict.UNKNOWN)


def _settled(payload: Mapping[str, Any]) -> tuple[str, Verdict | None]:
    verdict = str(payload.get("verdict"))
    return f"settled by looking: {verdict}", _SETTLED.get(verdict, Verdict.UNKNOWN)


def _sync_asked(payload: Mapping[str, Any]) -> tuple[str, Verdict | None]:
    reason = payload.get("reason")
    return f"sync of {payload.get('name')}" + (f": {reason}" if reason else ""), None


def _sync_became(payload: Mapping[str, Any]) -> tuple[str, Verdict | None]:
    outcome, job, why = str(payload.get("outcome")), payload.get("job"), payload.get("why")
    words = outcome.replace("_", " ") + (f": job {job}" if job else "") + (f": {why}" if why else "")
    return words, _SYNCS.get(outcome, Verdict.UNKNOWN)


def _verified(payload: Mapping[str, Any]) -> tuple[str, Verdict | None]:
    parts = {name: payload[name] for name in ("key", "tests") if isinstance(payload.get(name), dict)}
    said = ", ".join(f"{name} {part.get('verdict')}: {part.get('words')}" for name, part in parts.items())
    named = {verdict.name: verdict for verdict in Verdict}
    verdicts = [named.get(str(part.get("verdict")), Verdict.UNKNOWN) for part in parts.values()]
    return said, max(verdicts, default=Verdict.UNKNOWN)


def _run(payload: Mapping[str, Any]) -> tuple[str, Verdict | None]:
    words = payload.get("words")
    if not isinstance(words, list):
        return _anything(payload)
    return f"dbt {' '.join(str(word) for word in words)} on {payload.get('target')}", None


def _run_end(payload: Mapping[str, Any]) -> tuple[str, Verdict | None]:
    state, counts = payload.get("state"), payload.get("counts")
    if not isinstance(state, str) or not isinstance(counts, dict):
        return _anything(payload)
    nodes = ", ".join(f"{number} {status}" for status, number in counts.items()) or "nothing was run"
    return f"{state}: {nodes}", None


def _payroll(kind: str, payload: Mapping[str, Any]) -> tuple[str, Verdict | None]:
    return payroll.words_of(kind, payload), payroll.verdict_of(kind, payload)


def _anything(payload: Mapping[str, Any]) -> tuple[str, Verdict | None]:
    return ", ".join(f"{name} {_brief(value)}" for name, value in payload.items() if value not in ("", None, [])), None


def _brief(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:80]


_WORDS: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, Verdict | None]]] = {
    INTENT: _intent,
    OUTCOME: _outcome,
    SETTLED: _settled,
    _VERIFIED: _verified,
    syncs.ASKED: _sync_asked,
    syncs.ANSWERED: _sync_became,
    syncs.SETTLED: _sync_became,
    "run.start": _run,
    "run.end": _run_end,
    **{kind: partial(_payroll, kind) for kind in payroll.KINDS},
}
