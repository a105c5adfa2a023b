"""`gcms-tui runbook coverage`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import click

import gcms_tui
from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.main import COMMANDS, LazyGroup
from gcms_tui.cli.output import print_json, print_table, tell
from gcms_tui.core.coverage import MARK, Covered, marks_in, table
from gcms_tui.core.verdict import Verdict


@click.command()
@headless
def coverage(invocation: Invocation) -> int:
    """Every step of the runbook with the screen, the command and the tests that cover it; generated.

    Ends with 0 where none is missing, 2 where one is, 3 where the tests are not shipped with this installation.
    """
    rows = covered()
    missing = [row for row in rows if row.missing]
    verdict = Verdict.FAIL if missing else Verdict.UNKNOWN if rows[0].tests is None else Verdict.OK
    if invocation.json:
        print_json({"verdict": verdict.name, "missing": len(missing), "steps": [_json(row) for row in rows]})
        return verdict.value
    print_table([("step", "line", "title", "screen", "tests", "command"), *map(_cells, rows)], right=frozenset({1, 4}))
    for row in missing:
        tell(f"  ! {row.row.section} {row.row.title}: missing: {', '.join(row.missing)}")
    tell(f"gcms-tui: {len(rows) - len(missing)} of {len(rows)} covered")
    return verdict.value


def covered() -> tuple[Covered, ...]:
    """The table of this installation."""
    from gcms_tui.console.modes import PANES

    return table(PANES, dict(known_commands()), shipped_marks())


def known_commands() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every command with its sub-commands."""
    for name, (place, _) in COMMANDS.items():
        module, _, attribute = place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if isinstance(command, LazyGroup):
            yield name, tuple(command.table)
        else:
            yield name, tuple(command.commands) if isinstance(command, click.Group) else ()


def shipped_marks() -> tuple[tuple[str, str], ...] | None:
    """Section and test, by the tests' own marks; None where this is no checkout."""
    root = Path(gcms_tui.__file__).parents[1]
    if not (root / "pyproject.toml").is_file() or not (root / "tests").is_dir():
        return None
    found: list[tuple[str, str]] = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        if f"{MARK}(" in source:
            found += marks_in(source, path.relative_to(root).as_posix())
    return tuple(found)


def _cells(item: Covered) -> tuple[str, ...]:
    row = item.row
    tests = "not shipped" if item.tests is None else str(len(item.tests)) if item.tests else "MISSING"
    return (
        row.section,
        str(row.line),
        row.title,
        _marked(row.screens, item.no_screens),
        tests,
        _marked(row.commands, item.no_commands),
    )


def _marked(names: tuple[str, ...], missing: tuple[str, ...]) -> str:
    return "; ".join(f"{name} (MISSING)" if name in missing else name for name in names) or "MISSING"


def _json(item: Covered) -> dict[str, object]:
    return {
        "section": item.row.section,
        "line": item.row.line,
        "title": item.row.title,
        "screens": list(item.row.screens),
        "commands": [f"gcms-tui {words}" for words in item.row.commands],
        "tests": None if item.tests is None else list(item.tests),
        "missing": list(item.missing),
    }
