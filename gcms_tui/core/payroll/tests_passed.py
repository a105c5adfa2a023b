"""Did the dbt run of the third step run every test that guards payroll, and did all of them pass?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_manifest import Manifest, critical_tests
from gcms_tui.core.dbt_results import FAILED, ArtifactError, NodeResult, RunResults
from gcms_tui.core.payroll.models import not_over
from gcms_tui.core.run import Run, RunState
from gcms_tui.core.trusted_tests import TEST_TYPES

_NAMED = 5
RUNBOOKS = 3
"""Critical tests that the runbook names."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be tested."""

    fact: str
    """dbt's id of the fact."""
    tables: tuple[str, ...]
    """Of all three tables."""
    baseline: int | None = None
    """At least so many tests have to pass; None: as many as `before`, and `RUNBOOKS`."""
    before: int = 0
    """How many passed in the newest payroll that was closed."""

    @property
    def least(self) -> int:
        return max(self.before, RUNBOOKS) if self.baseline is None else max(self.baseline, 1)


@dataclass(frozen=True, slots=True)
class JudgedTests:
    passed: int
    """How many tests passed."""
    problems: tuple[str, ...]
    """Why that is not enough; none where it is."""
    critical: tuple[str, ...] = ()
    """Critical tests that found something, with how many rows: payroll is held because of them."""
    least: int = RUNBOOKS
    """How many have to pass."""


def judge_tests(
    run: Run, results: RunResults | ArtifactError, manifest: Manifest | ArtifactError, wanted: Wanted
) -> JudgedTests:
    """Nothing but `pass` is a pass: no warning, nothing skipped, nothing that could not be run or was not there."""
    if isinstance(results, ArtifactError):
        return JudgedTests(0, (not_over(run) or f"what the tests said is not known: {results.message}",))
    if isinstance(manifest, ArtifactError):
        return JudgedTests(0, (f"which tests there are is not known: {manifest.message}",))
    told = {node.unique_id: node for node in results.results if node.resource_type in TEST_TYPES}
    passed = sum(node.status == "pass" for node in told.values())
    on_fact = _standing_on(manifest, (wanted.fact,)) & critical_tests(manifest)
    problems = [
        not_over(run),
        "" if results.command == "test" else f"{run.run_id} is of dbt {results.command or '?'}, not of dbt test",
        _statuses(manifest, told.values()),
        _missing(manifest, sorted(on_fact - told.keys()), "critical test"),
        _missing(manifest, sorted(_standing_on(manifest, wanted.tables) - on_fact - told.keys()), "test"),
        "" if on_fact else "no critical test stands on the table that payroll is paid from",
        *_too_few(passed, wanted),
    ]
    if run.state is RunState.FAILED and all(node.status == "pass" for node in results.results):
        problems.append("dbt ended with 1, and its results do not say why: look at the run's log")
    found = sorted(
        (node for name, node in told.items() if name in critical_tests(manifest) and node.status == "fail"),
        key=lambda node: node.unique_id,
    )
    return JudgedTests(
        passed,
        tuple(filter(None, problems)),
        tuple(_found(manifest, node) for node in found),
        wanted.least,
    )


def _standing_on(manifest: Manifest, tables: Iterable[str]) -> frozenset[str]:
    """The tests that `dbt test --select` runs of these tables."""
    wanted = frozenset(tables)
    return frozenset(
        node.unique_id
        for node in manifest.nodes.values()
        if node.resource_type in TEST_TYPES and (node.attached_node in wanted or not wanted.isdisjoint(node.depends_on))
    )


def _statuses(manifest: Manifest, tests: Iterable[NodeResult]) -> str:
    not_passed = sorted((node for node in tests if node.status != "pass"), key=_rank)
    if not not_passed:
        return ""
    counts: Mapping[str, int] = Counter(node.status for node in not_passed)
    said = ", ".join(f"{number} {status}" for status, number in counts.items())
    return f"{counted(len(not_passed), 'test')} did not pass ({said}): {_listed(_labels(manifest, not_passed))}"


def _rank(node: NodeResult) -> tuple[bool, str]:
    return node.status not in FAILED, node.unique_id


def _missing(manifest: Manifest, names: Sequence[str], what: str) -> str:
    if not names:
        return ""
    return f"{counted(len(names), what)} did not run: {_listed([manifest.label(name) for name in names])}"


def _too_few(passed: int, wanted: Wanted) -> Iterable[str]:
    if passed >= wanted.least:
        return
    if wanted.baseline is None and wanted.before > RUNBOOKS:
        yield (
            f"{counted(passed, 'test')} passed, and in the last payroll that was closed {wanted.before} did: where "
            "tests were taken out on purpose, name baseline_tests under [payroll]"
        )
    else:
        yield f"{counted(passed, 'test')} passed, and at least {wanted.least} have to"


def _labels(manifest: Manifest, nodes: Sequence[NodeResult]) -> list[str]:
    return [manifest.label(node.unique_id) for node in nodes]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _found(manifest: Manifest, node: NodeResult) -> str:
    rows = f" ({counted(node.failures, 'row')})" if node.failures is not None else ""
    return f"{manifest.label(node.unique_id)}{rows}"
