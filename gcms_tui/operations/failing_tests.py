"""The failing tests of a run, and the rows that failed, kept with the run."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.finding import Evidence


@dataclass(frozen=True, slots=True)
class Card:
    """The runbook's cause and fix beside one of its critical tests."""

    cause: str
    fix: str
    section: str


@dataclass(frozen=True, slots=True)
class FailingTest:
    """One test that failed, warned or could not be run."""

    unique_id: str
    name: str
    status: str
    failures: int | None
    critical: bool
    message: str
    relation_name: str | None
    """Where dbt stored the failing rows, by its own artifact; None where it stored none."""
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class FailingRows:
    """Rows of one failing test as they were kept."""

    rows: Evidence
    """Personal columns hold `masked` unless they were revealed; amounts are exact."""
    total: int
    personal: tuple[str, ...]
    """Columns that are masked, or were before the reveal."""
    revealed: bool
    kept_at: str
    query_id: str | None = None
    note: str = ""


class FailingTests:
    """Every method is blocking I/O; safe from several threads."""

    def of(self, run_id: str) -> tuple[FailingTest, ...]:
        """Failing first, critical first. Raises `ArtifactError` where the run left no results of its own."""
        raise NotImplementedError

    def rows(self, run_id: str, unique_id: str, *, reveal: bool = False) -> FailingRows:
        """As kept with the run; read from the warehouse where they are not kept yet and are still this run's.

        `reveal` is journalled before anything is shown. Raises `GcmsError` where they are gone or cannot be read.
        """
        raise NotImplementedError

    def sql(self, run_id: str, unique_id: str) -> str | None:
        """The test's compiled SQL as this run had it."""
        raise NotImplementedError

    def keep_all(self, run_id: str) -> tuple[str, ...]:
        """Keep every failing test's rows before a later run replaces them; answers what could not be kept and why."""
        raise NotImplementedError
