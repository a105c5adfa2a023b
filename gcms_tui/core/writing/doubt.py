"""A write whose outcome nobody wrote down: what the rows, and the warehouse's own history, say became of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gcms_tui.core.writing.journal import OUTCOME, SETTLED, Entry
from gcms_tui.core.writing.plan import Plan, PlanKind, Row, same_rows
from gcms_tui.core.writing.plan_json import read_row


class Verdict(StrEnum):
    """What became of it."""

    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    LOOK = "a person must look"
    RUNNING = "still under way"
    """Its lease is alive, or a statement of it runs: there is nothing to settle yet."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """The answer, and what it was read from."""

    verdict: Verdict
    evidence: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    """As they were found, where rows were looked at."""
    next_step: str = ""
    """What to do now, where the verdict alone does not say it."""


@dataclass(frozen=True, slots=True)
class Traced:
    """What the query history tells of a write's statements, by its tag."""

    statements: Sequence[Mapping[str, Any]] = ()
    unseen: str = ""
    """Why nothing is seen there; empty where something is."""

    @property
    def running(self) -> bool:
        return any(str(row["execution_status"]).upper() in ("RUNNING", "QUEUED", "BLOCKED") for row in self.statements)

    def succeeded(self, word: str) -> bool:
        """Whether a statement that begins so did."""
        return any(
            str(row["query_text"]).strip().upper().startswith(word) and _succeeded(row) for row in self.statements
        )


def settle_rows(plan: Plan, found: tuple[Row, ...], traced: Traced) -> Settlement:
    """By the rows: as before, as after, or neither. The history alone decides nothing, and contradicting it does."""
    verdict, said = _by_rows(plan, found, traced)
    return Settlement(verdict, (*((said,) if said else ()), _history(traced)), found)


def _by_rows(plan: Plan, found: tuple[Row, ...], traced: Traced) -> tuple[Verdict, str]:
    if traced.running:
        return Verdict.RUNNING, "a statement of it still runs: look again when it has ended"
    before = same_rows(found, plan.before)
    after = same_rows(found, plan.after, but=plan.set_when_applied)
    number, what = _concerned(plan, found)
    # What puts it into effect; where there is no transaction that is the last of its statements.
    word = _word(plan.steps[-1].statement.sql) if plan.defines else "COMMIT"
    done = traced.succeeded(word)
    if after and not before:
        said = f"the {number}{what} are as the plan leaves them"
        if traced.statements and not done:
            return Verdict.LOOK, f"{said}, though no {word} of it succeeded: somebody else may have made them so"
        return Verdict.APPLIED, said
    if not before or after:
        return Verdict.LOOK, f"the {what} are neither as the plan found them nor as it leaves them"
    said = f"the {number}{what} are as the plan found them"
    if done:
        return Verdict.LOOK, f"{said}, though its {word} succeeded: somebody may have put them back"
    return Verdict.NOT_APPLIED, said


def _concerned(plan: Plan, found: tuple[Row, ...]) -> tuple[str, str]:
    """How many rows of what, in words."""
    if plan.kind is PlanKind.RESTORE:  # what is looked at is how many of them differ
        return "", f"rows of {plan.table}"
    if plan.kind is PlanKind.MARK_PAID:  # not each payment, but their state and their number
        return f"{plan.rows:,} ", "signed payments"
    return f"{len(found):,} ", "rows of the key"


def settle_clone(counts: Sequence[object] | None, traced: Traced) -> Settlement:
    """By the clone: `counts` of the table, None where that has gone since, and of the clone; None where there is no
    clone."""
    evidence = _history(traced)
    if traced.running:
        return Settlement(Verdict.RUNNING, (evidence,))
    if counts is None:
        return Settlement(Verdict.NOT_APPLIED, ("there is no such clone", evidence))
    table = "the table is gone" if counts[0] is None else f"the table has {counts[0]}"
    return Settlement(Verdict.APPLIED, (f"the clone is there, with {counts[-1]} rows; {table}", evidence))


def settle_return(plan: Plan, counts: Sequence[object] | None, traced: Traced) -> Settlement:
    """Of a table that was gone and was to be brought back. `counts`: of the backup where it is to be like that one, and
    of the table; None where there still is no table."""
    evidence = _history(traced)
    if traced.running:
        return Settlement(Verdict.RUNNING, (evidence,))
    if counts is None:
        return Settlement(Verdict.NOT_APPLIED, (f"{plan.table} is not there", evidence))
    said = f"{plan.table} is there, with {counts[-1]} rows"
    if any(count != counts[-1] for count in counts):
        return Settlement(Verdict.LOOK, (f"{said}, and {plan.source} has {counts[0]}", evidence))
    if traced.statements and not traced.succeeded(_word(plan.steps[-1].statement.sql)):
        return Settlement(Verdict.LOOK, (f"{said}: somebody else may have made it", evidence))
    return Settlement(Verdict.APPLIED, (said, evidence))


def settle_unread(plan: Plan, why: str, *, backed_up: bool | None, traced: Traced) -> Settlement:
    """Of a table that was to be brought back, where it cannot be compared with the clone that comes first. `backed_up`:
    whether that is known to have been made; None where it is there."""
    evidence = _history(traced)
    if traced.running:
        return Settlement(Verdict.RUNNING, (evidence,))
    clone = plan.backup.subject if plan.backup else "its backup"
    if backed_up is False:
        return Settlement(Verdict.NOT_APPLIED, (f"{clone}, which comes first, was not made", evidence))
    said = f"{clone} was made and is gone" if backed_up else f"{plan.table} cannot be compared: {why}"
    return Settlement(Verdict.LOOK, (said, evidence))


def intent_of(entry: Entry) -> dict[str, Any]:
    """The payload of an intent. Raises `ValueError` where it is none."""
    payload = json.loads(entry.payload)
    if not isinstance(payload, dict) or "plan" not in payload:
        raise ValueError(f"entry {entry.sequence} is not a write's intent")
    return payload


def rows_left(entries: Iterable[Entry]) -> tuple[Row, ...] | None:
    """The rows as a write left them, by its entries; None where it is not known to have been applied. Raises
    `AttributeError`, `KeyError`, `TypeError` or `ValueError` where somebody edited them."""
    for entry in entries:
        if entry.kind in (OUTCOME, SETTLED):
            said = json.loads(entry.payload)
            if Verdict.APPLIED in (said.get("outcome"), said.get("verdict")):
                return tuple(read_row(row) for row in said.get("after", ()))
    return None


def _history(traced: Traced) -> str:
    if traced.unseen:
        return f"query history: {traced.unseen}"
    told = ", ".join(
        f"{_word(row['query_text'])} {str(row['execution_status']).lower()}" for row in traced.statements[:20]
    )
    return f"query history: {told}"


def _word(text: object) -> str:
    return str(text).strip().split(None, 1)[0].upper()[:20] if str(text).strip() else "?"


def _succeeded(row: Mapping[str, Any]) -> bool:
    return str(row["execution_status"]).upper().startswith("SUCCESS")
