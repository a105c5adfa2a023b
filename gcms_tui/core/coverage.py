"""Which screen, headless command and test there is for each step of the runbook: generated, not written.

The rows are the runbook's. Screens and commands of its procedures come from their steps; the few rows that are no step
name them here. Tests say themselves what they cover: `@pytest.mark.covers("Daily 1")`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gcms_tui.core.procedures.catalogue import PROCEDURES

MARK = "covers"
RUNBOOK_PANE = "runbook"


@dataclass(frozen=True, slots=True)
class Row:
    """One step of the runbook."""

    section: str
    line: int
    """In the runbook."""
    title: str
    screens: tuple[str, ...]
    commands: tuple[str, ...]
    """Behind `gcms-tui`."""


@dataclass(frozen=True, slots=True)
class Covered:
    """A row, and what of it is there."""

    row: Row
    no_screens: tuple[str, ...]
    """Those that are named and do not exist."""
    no_commands: tuple[str, ...]
    tests: tuple[str, ...] | None
    """As pytest names them; None where the tests are not shipped."""

    @property
    def missing(self) -> tuple[str, ...]:
        """What is, in words; none where the row is covered as far as can be told."""
        said = [f"screen {name}" for name in self.no_screens] + [f"command {name}" for name in self.no_commands]
        said += ["screen"] if not self.row.screens else []
        said += ["command"] if not self.row.commands else []
        return (*said, *(["test"] if self.tests == () else []))


_LINES: tuple[tuple[str, int, str], ...] = (
    ("Cadence", 28, "Business days 09:00, Sunday 02:00, first Monday"),
    ("Daily 1", 32, "Check last run status"),
    ("Daily 2", 40, "Verify data freshness"),
    ("Daily 3", 58, "Run dbt tests"),
    ("Daily 4", 67, "Check critical fact table"),
    ("Weekly 1", 88, "Backup current state"),
    ("Weekly 2", 102, "Run full refresh"),
    ("Weekly 3", 114, "Run all tests"),
    ("Weekly 4", 121, "Verify row counts"),
    ("Weekly 5", 135, "Generate fresh documentation"),
    ("Monthly 1", 151, "Review SCD2 integrity"),
    ("Monthly 2", 168, "Review retroactive corrections"),
    ("Monthly 3", 183, "Payroll accuracy check"),
    ("Monthly 4", 203, "Performance review"),
    ("E1 1", 231, "STOP: do not process payroll"),
    ("E1 2", 233, "Identify failing test"),
    ("E1 3", 238, "Query failed test results"),
    ("E1 4", 246, "Common failures and fixes"),
    ("E1 5", 260, "Escalation"),
    ("E2 1", 273, "Identify affected records"),
    ("E2 2", 285, "Determine correct current version"),
    ("E2 3", 294, "Manual correction"),
    ("E2 4", 305, "Verify fix"),
    ("E2 5", 310, "Root cause analysis"),
    ("E3 1", 323, "Check Airbyte status"),
    ("E3 2", 328, "Verify Supabase connectivity"),
    ("E3 3", 334, "Manual data check"),
    ("E3 4", 342, "Restart Airbyte, trigger manual sync"),
    ("E3 5", 347, "Once resolved, run dbt"),
    ("Pre-payroll 1", 363, "Verify data freshness"),
    ("Pre-payroll 2", 372, "Run dbt models"),
    ("Pre-payroll 3", 379, "Run critical tests"),
    ("Pre-payroll 4", 386, "Manual spot check"),
    ("Pre-payroll 5", 408, "Export payroll data"),
    ("Pre-payroll 6", 426, "Sign-off"),
    ("Post-payroll 1", 437, "Record payroll run"),
    ("Post-payroll 2", 447, "Archive payroll snapshot"),
    ("Post-payroll 3", 454, "Document in log"),
    ("T1", 467, "Model fails with `relation does not exist`"),
    ("T2", 477, "SCD2 model shows no changes"),
    ("T3", 493, "Tests pass locally but fail in production"),
    ("T4", 507, "Slow model performance"),
    ("K1", 530, "Model run success rate"),
    ("K2", 534, "Test pass rate"),
    ("K3", 538, "Data freshness"),
    ("K4", 542, "SCD2 integrity"),
    ("K5", 546, "Payroll calculation accuracy"),
    ("Monitoring", 550, "Daily health check query"),
    ("Contacts", 584, "Data engineering team"),
    ("Escalation", 590, "Escalation path"),
    ("External", 595, "External dependencies"),
    ("Commands", 606, "Useful commands"),
    ("Logs", 628, "Log locations"),
)

_OTHERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "Cadence": ((RUNBOOK_PANE,), ("runbook list",)),
    **{f"K{number}": (("health",), ("metrics",)) for number in range(1, 6)},
    "Monitoring": (("health",), ("health", "queries show monitoring")),
    "Contacts": ((RUNBOOK_PANE,), ("incident contacts",)),
    "Escalation": ((RUNBOOK_PANE,), ("incident list",)),
    "External": ((RUNBOOK_PANE,), ("incident contacts",)),
    "Commands": (("runs",), ("runs start -- ARGV",)),
    "Logs": (("runs",), ("runs log ID", "log FILE")),
}
"""Screens and commands of what is no step of a procedure."""


def rows() -> tuple[Row, ...]:
    """Every step of the runbook, in its order."""
    steps = [step for item in PROCEDURES for step in item.steps]
    found = []
    for section, line, title in _LINES:
        own = [step for step in steps if step.section == section]
        screens, commands = _OTHERS.get(section, ((), ()))
        screens = tuple(dict.fromkeys((*screens, *(step.screen for step in own))))
        commands = tuple(dict.fromkeys((*commands, *(step.headless for step in own))))
        found.append(Row(section, line, title, screens, commands))
    return tuple(found)


def table(
    panes: Iterable[str], commands: Mapping[str, Iterable[str]], marks: Iterable[tuple[str, str]] | None
) -> tuple[Covered, ...]:
    """`commands`: each one's sub-commands, none where it has none. `marks`: section and test; None: not shipped."""
    known_panes = frozenset(panes)
    known = {name: frozenset(below) for name, below in commands.items()}
    told = None if marks is None else tuple(marks)
    return tuple(
        Covered(
            row,
            tuple(name for name in row.screens if name not in known_panes),
            tuple(words for words in row.commands if not exists(words, known)),
            None if told is None else tuple(dict.fromkeys(test for section, test in told if section == row.section)),
        )
        for row in rows()
    )


def exists(words: str, commands: Mapping[str, frozenset[str]]) -> bool:
    """Whether `runs start --yes -- test` begins with a command that is there."""
    first, *others = words.split()
    if first not in commands:
        return False
    return not commands[first] or bool(others) and others[0] in commands[first]


def marks_in(source: str, path: str) -> Iterator[tuple[str, str]]:
    """Section and test for each mark of a test file: of its module, its classes, its functions, its parameters.

    Raises `SyntaxError`.
    """
    module = ast.parse(source, path)
    for node in module.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
        ):
            yield from ((section, path) for section in _sections((node.value,)))
        elif isinstance(node, ast.ClassDef):
            yield from ((section, f"{path}::{node.name}") for section in _sections(node.decorator_list))
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                    name = f"{path}::{node.name}::{inner.name}"
                    yield from ((section, name) for section in _sections(inner.decorator_list))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ((section, f"{path}::{node.name}") for section in _sections(node.decorator_list))


def _sections(marked: Sequence[ast.expr]) -> Iterator[str]:
    for expression in marked:
        for node in ast.walk(expression):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == MARK:
                for argument in node.args:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value
