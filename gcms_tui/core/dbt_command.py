"""A dbt command as a person means it, before the console adds where everything is."""

from __future__ import annotations

from dataclasses import dataclass

from gcms_tui.core.query import Access


@dataclass(frozen=True, slots=True)
class DbtCommand:
    """One command of dbt's. Made by `parse_command` or `dataclasses.replace`: every word of it has been checked."""

    subcommand: str
    """`build`, `test`, `source freshness`."""
    select: tuple[str, ...] = ()
    """Selectors, each a word of `--select`: `+fct_musician_payment`, `tag:critical`, `result:fail`."""
    exclude: tuple[str, ...] = ()
    full_refresh: bool = False
    store_failures: bool = False
    state_of: str | None = None
    """The run whose kept artifacts are dbt's `--state`; what `result:fail` is compared with."""
    extra: tuple[str, ...] = ()
    """Further options as typed, checked to be none of those that the console sets itself."""

    @property
    def access(self) -> Access:
        """WRITE where it may change the warehouse or delete files. Tests store failing rows: WRITE."""
        return Access.READ if self.subcommand in READING else Access.WRITE

    @property
    def words(self) -> tuple[str, ...]:
        """What a person would type behind `dbt`: without the places that the console adds."""
        words = [*self.subcommand.split()]
        for option, values in (("--select", self.select), ("--exclude", self.exclude)):
            words += [option, *values] if values else []
        words += ["--full-refresh"] if self.full_refresh else []
        words += ["--store-failures"] if self.store_failures else []
        return (*words, *self.extra)


READING = frozenset({"compile", "debug", "docs generate", "source freshness", "ls", "parse"})
"""What reads the warehouse at most."""
