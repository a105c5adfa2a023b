"""The query library: the files of `queries/`, and an operator's own that stand in for some of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from gcms_tui.adapters.files import read_text, refuse_if_others_may_write
from gcms_tui.adapters.statement_kind import problems as statement_problems
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.query import Described, Query, QueryFileError, parse_query

_SUFFIX = ".sql"
RUNBOOK_SECTIONS = (
    *("Daily 2", "Daily 4", "Weekly 1", "Weekly 2", "Weekly 4", "Monthly 1", "Monthly 2", "Monthly 3", "Monthly 4"),
    *("E1 3", "E1 4", "E2 1", "E2 2", "E2 3", "E2 4", "E3 2", "E3 3", "Pre-payroll 1", "Pre-payroll 4"),
    *("Pre-payroll 5", "Post-payroll 1", "Post-payroll 2", "T2", "T3", "K3", "K4", "K5", "Monitoring"),
)
"""The runbook's sections that have SQL in them, or are to be answered by SQL."""


class QueryLibrary:
    """All queries by name. A file is read when it is first asked for."""

    def __init__(self, files: Mapping[str, Traversable], replaced: Mapping[str, Query] | None = None) -> None:
        self._files = files
        self._read: dict[str, Query] = dict(replaced or {})

    @classmethod
    def load(cls, overrides: Path | None = None) -> QueryLibrary:
        """The library, with the files of the directory `overrides` in place of its own of the same name.

        Raises `ConfigError` naming every override that asks another question than the one it stands in for, writes
        though it is declared a read, or stands in for nothing.
        """
        library = cls(shipped())
        if overrides is None:
            return library
        wrong: list[str] = []
        replaced: dict[str, Query] = {}
        for path in _files_of(overrides):
            refuse_if_others_may_write(path)
            try:
                query = parse_query(read_text(path, "a query"), str(path))
                found = library._differences(query, path.stem) or statement_problems(query)
            except QueryFileError as error:
                wrong.append(str(error))
                continue
            wrong += [f"{path}: {problem}" for problem in found]
            replaced[path.stem] = query
        if wrong:
            raise ConfigError(
                "A query of your own cannot be used",
                "\n".join(wrong),
                f"Correct it, or take it out of {overrides}. What it stands in for: gcms-tui queries show NAME",
            )
        return cls(shipped(), replaced)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._files))

    def get(self, name: str) -> Query:
        """Raises `KeyError` where there is no query of that name."""
        if name not in self._read:
            self._read[name] = parse_query(self.text(name), f"queries/{name}{_SUFFIX}")
        return self._read[name]

    def text(self, name: str) -> str:
        """The shipped file as it stands. Raises `KeyError`."""
        return self._files[name].read_text(encoding="utf-8")

    def problems(self) -> list[str]:
        """What is wrong with the shipped files, and which of the runbook's sections none of them serves."""
        found: list[str] = []
        served: set[str] = set()
        for name in self.names():
            source = f"queries/{name}{_SUFFIX}"
            try:
                query = parse_query(self.text(name), source)
            except QueryFileError as error:
                found.append(str(error))
                continue
            served.update(query.section.split(", "))
            if query.name != name:
                found.append(f"{source}: names itself {query.name}")
            found += [f"{source}: {problem}" for problem in statement_problems(query)]
        found += [
            f"the runbook's section {section} has no query" for section in RUNBOOK_SECTIONS if section not in served
        ]
        return found

    def nearest(self, name: str) -> str | None:
        """The name that was probably meant."""
        return next(iter(difflib.get_close_matches(name, self._files, n=1)), None)

    def _differences(self, query: Query, name: str) -> list[str]:
        """Where `query`, found in the file `name`, promises another thing than the query it would replace."""
        if name not in self._files:
            meant = self.nearest(name)
            return [f"there is no query {name} to stand in for" + (f": do you mean {meant}?" if meant else "")]
        own = self.get(name)
        pairs = {
            "name": (query.name, own.name),
            "access": (query.access.value, own.access.value),
            "dialect": (query.dialect.value, own.dialect.value),
            "placeholders": (_kinds(_sorted(query.placeholders)), _kinds(_sorted(own.placeholders))),
            "parameters": (_kinds(_sorted(query.parameters)), _kinds(_sorted(own.parameters))),
            "results": (_kinds(query.results), _kinds(own.results)),
        }
        return [
            f"its {what}: {theirs or 'none'}; they must be: {ours or 'none'}"
            for what, (theirs, ours) in pairs.items()
            if theirs != ours
        ]


def shipped() -> dict[str, Traversable]:
    """The console's own files by name: in the installed package, or beside it in a checkout.

    Raises `ConfigError` where there are none.
    """
    installed = resources.files("gcms_tui") / "queries"
    directory: Traversable = installed if installed.is_dir() else Path(__file__).parents[2] / "queries"
    files = {item.name.removesuffix(_SUFFIX): item for item in directory.iterdir() if item.name.endswith(_SUFFIX)}
    if not files:
        raise ConfigError("No queries", f"There is no query in {directory}.", "Install gcms-tui again.")
    return files


def _files_of(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.suffix == _SUFFIX)
    except OSError as error:
        raise ConfigError(
            "Cannot read your queries",
            f"{directory}: {error.strerror or type(error).__name__}.",
            "Check queries_dir in gcms.toml, or leave it out.",
        ) from None


def _sorted(items: Iterable[Described]) -> list[Described]:
    return sorted(items, key=lambda item: item.name)


def _kinds(items: Iterable[Described]) -> str:
    return ", ".join(f"{item.name} {item.kind}" for item in items)
