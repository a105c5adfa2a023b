"""Which critical tests fail, by what dbt left of its newest runs: payroll is held for as long."""

from __future__ import annotations

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_log import DbtLog
from gcms_tui.core.dbt_manifest import Manifest, critical_tests
from gcms_tui.core.dbt_results import FAILED, RunResults
from gcms_tui.core.trusted_tests import Ran, every_test_run, newest_verdicts
from gcms_tui.operations.ports import DbtProject
from gcms_tui.operations.questions import DbtFiles

_NAMED = 3


class CriticalTests:
    """Reads dbt's files: blocking, safe from several threads. Of the same runs as the morning check."""

    def __init__(self, project: DbtProject, target: str) -> None:
        self._project = project
        self._target = target

    def __call__(self) -> str:
        """Those that fail, in words; empty where none does, and where nothing of them is known.

        A failure stands until the test has passed: building again tells nothing of it.
        """
        files = DbtFiles(self._project)
        manifest, log, newest = files.manifest(), files.log(), files.results()
        testing = every_test_run(log, self._target) if isinstance(log, DbtLog) else ()
        told = [newest, *(files.results_of(item.invocation_id) for item in testing)]
        given = [results for results in told if isinstance(results, RunResults)]
        if not isinstance(manifest, Manifest):
            return ""
        critical, ran = critical_tests(manifest), newest_verdicts(given, log, self._target)
        failing = sorted(name for name, item in ran.items() if name in critical and item.result.status in FAILED)
        return _words([(manifest.label(name), ran[name]) for name in failing])


def _words(failing: list[tuple[str, Ran]]) -> str:
    if not failing:
        return ""
    named = ", ".join(
        f"{name} ({counted(item.result.failures, 'row')})" if item.result.failures else f"{name} ({item.result.status})"
        for name, item in failing[:_NAMED]
    )
    more = f" and {len(failing) - _NAMED} more" if len(failing) > _NAMED else ""
    since = min(item.at for _, item in failing)
    verb = "fails" if len(failing) == 1 else "fail"
    return f"{named}{more} {verb}, by the tests of {since:%Y-%m-%d %H:%M} UTC"
