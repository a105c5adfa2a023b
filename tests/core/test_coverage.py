"""The coverage table: generated from the catalogue, the commands that are there, and the tests' own marks."""

from __future__ import annotations

from gcms_tui.cli.runbook_coverage import covered, shipped_marks
from gcms_tui.core import coverage


def test_marks_are_found_wherever_pytest_finds_them() -> None:
    source = """
import pytest
pytestmark = [pytest.mark.slow, pytest.mark.covers("K1")]
@pytest.mark.covers("Daily 1", "Daily 2")
def test_one(): ...
class TestMany:
    @pytest.mark.parametrize("x", [1])
    @pytest.mark.covers("T1")
    async def test_two(self): ...
@pytest.mark.covers("E1 1")
class TestMarked: ...
def covers(text): ...
covers("K5")
"""
    assert set(coverage.marks_in(source, "t.py")) == {
        ("K1", "t.py"), ("Daily 1", "t.py::test_one"), ("Daily 2", "t.py::test_one"),
        ("T1", "t.py::TestMany::test_two"), ("E1 1", "t.py::TestMarked"),
    }  # fmt: skip


def test_a_command_is_there_only_with_its_sub_command() -> None:
    known = {"health": frozenset[str](), "runs": frozenset({"start"})}
    assert coverage.exists("health --only x", known)
    assert coverage.exists("runs start --yes -- test", known)
    assert not coverage.exists("runs begin", known)
    assert not coverage.exists("runs", known)
    assert not coverage.exists("backup create", known)


def test_what_is_missing_is_said_and_tests_that_are_not_shipped_are_not_missing() -> None:
    rows = coverage.table((), {}, ())
    assert rows[0].missing == ("screen runbook", "command runbook list", "test")
    assert all("test" in row.missing for row in rows)
    unknown = coverage.table(("runbook",), {"runbook": ("list",)}, None)
    assert unknown[0].missing == ()


def test_every_step_of_the_runbook_is_covered_by_screen_command_and_test() -> None:
    marks = shipped_marks()
    assert marks is not None
    sections = {row.section for row in coverage.rows()}
    assert {section for section, _ in marks} <= sections
    for item in covered():
        assert item.row.screens and item.row.commands
        assert not item.no_screens, item.row
        assert not item.no_commands, item.row
        assert item.tests, item.row
