"""After a repair: whether the key is sound, and whether the table's own tests passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_results import RunResults
from gcms_tui.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class KeyCheck:
    """The defect scan of one key."""

    versions: int
    current: int
    defects: Mapping[str, int]
    """By the names of `core.scd2.scan.DEFECTS`, only those that were found."""

    @property
    def verdict(self) -> Verdict:
        return Verdict.OK if self.versions and self.current == 1 and not self.defects else Verdict.FAIL

    @property
    def words(self) -> str:
        found = ", ".join(f"{name} {number}" for name, number in self.defects.items())
        return f"{counted(self.current, 'current version')} of {self.versions}" + (f"; {found}" if found else "")


@dataclass(frozen=True, slots=True)
class TestCheck:
    """What the table's own dbt tests said. `verdict` is UNKNOWN where none was run, or their results are not there."""

    __test__ = False  # not for pytest

    verdict: Verdict
    words: str
    run_id: str = ""


def judge_tests(results: RunResults | None, run_id: str) -> TestCheck:
    """Passed only where more than zero tests ran and every one of them passed."""
    if results is None:
        return TestCheck(Verdict.UNKNOWN, "the results of the test run are not there", run_id)
    tests = [node for node in results.results if node.resource_type in ("test", "unit_test")]
    passed = sum(node.status == "pass" for node in tests)
    if not tests:
        return TestCheck(Verdict.UNKNOWN, "no test was run", run_id)
    failed = [node.unique_id.split(".")[2] for node in tests if node.status in ("fail", "error", "runtime error")]
    if failed:
        return TestCheck(Verdict.FAIL, f"{len(failed)} of {len(tests)} tests failed: {', '.join(failed[:5])}", run_id)
    if passed < len(tests):
        return TestCheck(Verdict.UNKNOWN, f"{passed} of {len(tests)} tests passed; the others did not say so", run_id)
    return TestCheck(Verdict.OK, f"{counted(passed, 'test')} passed", run_id)
