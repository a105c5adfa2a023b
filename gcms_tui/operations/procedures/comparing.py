"""`compare-targets`: what two targets of one profile have of the same tables. Nothing is built, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Protocol

from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError, Refused
from gcms_tui.core.identifier import Relation
from gcms_tui.core.procedures.run import ProcedureRun
from gcms_tui.core.target_comparison import TableOfBoth, TargetProfile, other_target, settings_apart
from gcms_tui.core.verdict import Verdict, worst
from gcms_tui.operations.backups.looks import TableLooks
from gcms_tui.operations.ports import QueryLibrary, Warehouse
from gcms_tui.operations.procedures.ports import Outcome

_AT_ONCE = 8


class Targets(Protocol):
    """Those of the dbt profile in force."""

    def names(self) -> tuple[str, ...]:
        """Raises `ConfigError`."""
        ...

    def profile(self, name: str) -> TargetProfile:
        """Raises `ConfigError` where it cannot be read: a variable that is not set here."""
        ...

    def warehouse(self, name: str) -> AbstractContextManager[Warehouse]:
        """Its read side. Raises `ConfigError`."""
        ...


class CompareTargets:
    """The target in force beside the other one. Blocking I/O."""

    def __init__(
        self, here: str, targets: Targets, tables: Callable[[], tuple[Relation, ...]], queries: QueryLibrary
    ) -> None:
        """`tables`: those that are compared, as the target in force calls them."""
        self._here = here
        self._targets = targets
        self._tables = tables
        self._queries = queries

    def look(self, run: ProcedureRun | None) -> Outcome:
        """Raises `Refused` (guard `one_target`) where it is not clear which other one is meant, `GcmsError`."""
        here, there = self._both()
        apart = settings_apart(here, there)
        with self._targets.warehouse(here.name) as one, self._targets.warehouse(there.name) as other:
            looks = TableLooks(one, self._queries), TableLooks(other, self._queries)
            pairs = [(table, there.table(table, here)) for table in self._tables()]
            with ThreadPoolExecutor(_AT_ONCE) as several:
                rows = [(several.submit(_rows, looks[0], a), several.submit(_rows, looks[1], b)) for a, b in pairs]
                found = [
                    TableOfBoth(a, b, mine.result(), theirs.result())
                    for (a, b), (mine, theirs) in zip(pairs, rows, strict=True)
                ]
        return _outcome(here, there, apart, found)

    def _both(self) -> tuple[TargetProfile, TargetProfile]:
        names = self._targets.names()
        other = other_target(names, self._here) if self._here in names else None
        if other is None:
            there_are = ", ".join(names) or "none"
            what = "there is no other target" if names == (self._here,) else "which other target is meant is not clear"
            raise Refused(
                "Nothing to compare with",
                f"Beside {self._here}, {what}: profiles.yml has {there_are}.",
                "Compare where profiles.yml has the other one too; or start with --target NAME, and attest it.",
                guard="one_target",
            )
        return self._targets.profile(self._here), self._targets.profile(other)


def _rows(looks: TableLooks, table: Relation) -> int | str:
    try:
        return looks.rows(table)
    except GcmsError as error:
        return error.title


def _outcome(here: TargetProfile, there: TargetProfile, apart: tuple[str, ...], found: list[TableOfBoth]) -> Outcome:
    both = f"{here.name}; {there.name}"
    evidence = (f"settings apart ({both}):", *(apart or ("none that may be shown",)))
    evidence += (f"rows ({both}):", *(f"{one.words} {one.verdict.name}" for one in found))
    told = f"{counted(len(apart), 'setting')} apart"
    if here.holds_same(there) and all(one.here == one.there for one in found):
        words = f"{here.name} and {there.name} lead to the very same tables; {told}"
        return Outcome(Verdict.UNKNOWN, words, evidence)
    unlike = [one.words for one in found if one.verdict is not Verdict.OK]
    rows = f"rows differ ({both}): {'; '.join(unlike[:5])}" if unlike else f"{counted(len(found), 'table')} alike"
    return Outcome(worst(one.verdict for one in found), f"{rows}; {told}", evidence)
