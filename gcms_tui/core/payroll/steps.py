"""The steps of a payroll run, in the runbook's order and under its names."""

from __future__ import annotations

from enum import StrEnum


class Step(StrEnum):
    FRESHNESS = "freshness"
    MODELS = "models"
    TESTS = "tests"
    SPOT_CHECK = "spot-check"
    EXPORT = "export"
    SIGN_OFF = "sign-off"
    """Three signatures; with the third the file is released."""
    RECORD = "record"
    ARCHIVE = "archive"
    LOG = "log"

    @property
    def named(self) -> str:
        """As the runbook calls it."""
        return _TITLES[self][0]

    @property
    def section(self) -> str:
        """Where the runbook has it: `Pre-payroll 1`."""
        return _TITLES[self][1]

    @property
    def number(self) -> int:
        """From 1."""
        return STEPS.index(self) + 1

    @property
    def earlier(self) -> tuple[Step, ...]:
        return STEPS[: STEPS.index(self)]

    @property
    def later(self) -> tuple[Step, ...]:
        return STEPS[STEPS.index(self) + 1 :]


STEPS = tuple(Step)
CHECKS = (Step.FRESHNESS, Step.MODELS, Step.TESTS)
"""What finds out whether payroll may go on: it may be done at any time before the release, under a hold too."""
AFTER_PAYMENT = (Step.ARCHIVE, Step.LOG)
"""What only documents: no hold stops it."""

_TITLES = {
    Step.FRESHNESS: ("Verify data freshness", "Pre-payroll 1"),
    Step.MODELS: ("Run dbt models", "Pre-payroll 2"),
    Step.TESTS: ("Run critical tests", "Pre-payroll 3"),
    Step.SPOT_CHECK: ("Manual spot check", "Pre-payroll 4"),
    Step.EXPORT: ("Export payroll data", "Pre-payroll 5"),
    Step.SIGN_OFF: ("Sign-off", "Pre-payroll 6"),
    Step.RECORD: ("Record payroll run", "Post-payroll 1"),
    Step.ARCHIVE: ("Archive payroll snapshot", "Post-payroll 2"),
    Step.LOG: ("Document in log", "Post-payroll 3"),
}
