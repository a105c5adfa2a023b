"""Carrying a plan out in the thread that writes, and what is known where it did not end as it should."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gcms_tui.console.pane import unexpected
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.writing.plan import Plan

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.operations.scd2.desk import Scd2Desk

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Failure:
    """It ended with an error."""

    error: GcmsError
    used: bool = True
    """The plan cannot be carried out any more; also where that is not known."""
    in_doubt: tuple[str, ...] = ()
    """Writes of the plan that nobody knows the outcome of."""
    unseen: str = ""
    """Why it is not known whether there are such."""


def carried_out(desk: Scd2Desk, plans: tuple[Plan, ...], work: Callable[[], E]) -> E | Failure:
    """What `work` answers, or what is known of `plans` where it raised. Raises nothing."""
    try:
        return work()
    except GcmsError as error:
        return _failure(desk, plans, error)
    except Exception as error:  # noqa: BLE001 (a bug in the middle of a write must be told as one of a write)
        return _failure(desk, plans, unexpected(error))


def _failure(desk: Scd2Desk, plans: tuple[Plan, ...], error: GcmsError) -> Failure:
    """By the journal, and not by what kind of error it is."""
    ids = {plan.plan_id for plan in plans} | {plan.backup.plan_id for plan in plans if plan.backup is not None}
    try:
        doubts = tuple(doubt.write_id for doubt in desk.doubts.open() if doubt.intent["plan"] in ids)
    except GcmsError as unread:
        return Failure(error, unseen=unread.message)
    return Failure(error, _is_used(desk, plans), doubts)


def _is_used(desk: Scd2Desk, plans: tuple[Plan, ...]) -> bool:
    try:
        return all(desk.required_bench().repairs.kept(plan.plan_id).used_by for plan in plans)
    except GcmsError:
        return True


def refused(failure: Failure) -> bool:
    """A guard said no, and it is known that nothing was written."""
    return isinstance(failure.error, Refused) and not failure.in_doubt and not failure.unseen
