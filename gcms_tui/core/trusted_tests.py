"""Which results of tests speak for the tables as they are now, and which runs hide what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gcms_tui.core.dbt_log import DbtLog, Invocation
from gcms_tui.core.dbt_results import FAILED, TESTING_COMMANDS, WORKING_COMMANDS, ArtifactError, NodeResult, RunResults
from gcms_tui.core.freshness import age_words

BUILDING_COMMANDS = WORKING_COMMANDS - {"test"} | {"run-operation"}
"""What may change tables: tests that ran before it began say nothing of what is there now."""

MOST_TEST_RUNS = 50
"""A test whose newest result lies further back than so many test runs counts as one that did not run."""

STILL_BUILDING_WITHIN = timedelta(hours=6)
"""A command that was begun elsewhere, and has no end in the log, may still change tables for so long."""

_HIDDEN = "hidden by a later run without results"
"""The status of a test that a later run may have executed too: what it found there is lost."""
TEST_TYPES = ("test", "unit_test")


@dataclass(frozen=True, slots=True)
class Ran:
    """One test's newest result, and when its run ended."""

    result: NodeResult
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """An invocation since the tables were last changed, with its results where there are some to be trusted."""

    told: Invocation | None
    results: RunResults | None


def invocations_that_test(log: DbtLog, target: str) -> tuple[Invocation, ...]:
    """Those whose results may speak for the tables as they are now: oldest first, and no more than can be read."""
    ours = _working(log, target)
    changed = [place for place, item in enumerate(ours) if item.command in BUILDING_COMMANDS]
    since = ours[changed[-1] :] if changed else ours
    return tuple(item for item in since if item.command in TESTING_COMMANDS or not item.command)[-MOST_TEST_RUNS:]


def every_test_run(log: DbtLog, target: str) -> tuple[Invocation, ...]:
    """Those that may have tested on our target, whatever was built since: oldest first, no more than can be read."""
    return tuple(item for item in _working(log, target) if item.command in TESTING_COMMANDS)[-MOST_TEST_RUNS:]


def newest_verdicts(given: Sequence[RunResults], log: DbtLog | ArtifactError, target: str) -> dict[str, Ran]:
    """Each test's newest result that says pass or fail, by unique id, whatever was built since: a failure stands until
    the test has passed."""
    tested = log if isinstance(log, DbtLog) else None
    found: dict[str, Ran] = {}
    for results in sorted(given, key=lambda item: item.generated_at):
        told = tested.invocation(results.invocation_id) if tested else None
        if _not_a_test_of(results, results.target or (told.target if told else None), target):
            continue
        at = results.generated_at
        verdicts = [node for node in results.results if node.status == "pass" or node.status in FAILED]
        found |= {node.unique_id: Ran(node, at) for node in verdicts}
    return found


def _working(log: DbtLog, target: str) -> list[Invocation]:
    """What built or tested on our target, or may have. An empty selection did neither."""
    return [
        item
        for item in log.invocations
        if item.may_be_of(target)
        and (item.working or item.command in BUILDING_COMMANDS)
        and not (item.nothing_to_do and item.success)
    ]


def trusted_steps(
    given: Sequence[RunResults], log: DbtLog | ArtifactError, target: str, now: datetime
) -> tuple[Sequence[Step], str]:
    """What has run since the tables were last changed, oldest first; or why nothing of it can be trusted."""
    newest = max(given, key=lambda item: item.generated_at)
    if not isinstance(log, DbtLog):
        return [Step(None, newest)], _not_a_test_of(newest, newest.target, target)
    by_id = {item.invocation_id: item for item in given}
    # What the log does not name, the artifact of the same invocation may.
    named = [
        replace(item, command=by_id[item.invocation_id].command)
        if not item.command and item.invocation_id in by_id
        else item
        for item in log.invocations
    ]
    log = DbtLog(log.source, tuple(named))
    ours = _working(log, target)
    building = [item for item in ours if item.command in BUILDING_COMMANDS or not item.command]
    steps = [
        Step(item, _its_results(item, by_id, target))
        for item in (ours[ours.index(building[-1]) :] if building else ours)
        if not _while_it_was_built(item, by_id.get(item.invocation_id), building)
    ]
    told_elsewhere = [
        item.generated_at for item in given if log.invocation(item.invocation_id) is None and _may_matter(item, target)
    ]
    if told_elsewhere:
        steps = [step for step in steps if step.results is None or step.results.generated_at > max(told_elsewhere)]
    trusted = [step.results for step in steps if step.results is not None]
    if not trusted:
        return [], _OF_ELSEWHERE if told_elsewhere else _why_none(newest, log, target)
    return steps, _later_without_results(trusted[-1], log, target) or _may_still_build(building, by_id, now)


_OF_ELSEWHERE = "run_results.json is of an invocation that dbt.log does not know: it may come from elsewhere"


def _its_results(item: Invocation, by_id: Mapping[str, RunResults], target: str) -> RunResults | None:
    found = by_id.get(item.invocation_id)
    return None if found is None or _not_a_test_of(found, found.target or item.target, target) else found


def _may_matter(results: RunResults, target: str) -> bool:
    """It built or tested on our target, or may have."""
    which = results.command
    return results.target in (None, target) and (not which or which in BUILDING_COMMANDS or which in TESTING_COMMANDS)


def _while_it_was_built(item: Invocation, results: RunResults | None, building: Sequence[Invocation]) -> bool:
    """It began before another command had ended that was changing tables: which of them it saw cannot be told."""
    began = (results.started_at if results else None) or item.started_at
    return any(
        other.invocation_id != item.invocation_id and other.ended_at is not None and other.ended_at > began
        for other in building
    )


def _not_a_test_of(results: RunResults, tested: str | None, target: str) -> str:
    """Why this artifact does not speak for the tests of `target`; empty where it does."""
    if results.command not in TESTING_COMMANDS:
        said = f"of dbt {results.command}" if results.command else "of an unnamed command"
        return f"run_results.json is {said}: no test has run since"
    if tested is None:
        return "run_results.json does not say which target was tested"
    return "" if tested == target else f"the last tests ran on target {tested}, not on {target}"


def _why_none(newest: RunResults, log: DbtLog, target: str) -> str:
    told = log.invocation(newest.invocation_id)
    if why := _not_a_test_of(newest, newest.target or (told.target if told else None), target):
        return why
    if told is None:
        return _OF_ELSEWHERE
    return _later_without_results(newest, log, target) or "no test has run since the tables may have changed"


def _later_without_results(results: RunResults, log: DbtLog, target: str) -> str:
    ids = {item.invocation_id for item in log.after(results.invocation_id)}
    later = [item for item in _working(log, target) if item.invocation_id in ids]
    if not later:
        return ""
    last = later[-1]
    said = f"dbt {last.command or 'command'}"
    if last.running:
        return f"{said} is running: the tests are from before it"
    how = {True: "succeeded", False: "failed", None: "has not ended"}[last.success]
    why = f" ({' '.join(last.error.split())})" if last.error else ""
    left = "" if last.command in BUILDING_COMMANDS else " and left no results"
    return f"a later {said} {how}{why}{left}: the tests are from before it"


def _may_still_build(building: Sequence[Invocation], by_id: Mapping[str, RunResults], now: datetime) -> str:
    """What began before the tests and may be changing tables to this moment, in words.

    Of those begun elsewhere only the newest: who built again afterwards knew what had become of the one before.
    """
    for item in reversed(building):
        if item.success is not None or item.running is False or item.invocation_id in by_id:
            continue
        said, begun = f"dbt {item.command or 'command'}", age_words(max(now - item.started_at, timedelta()))
        if item.running:
            return f"{said}, begun {begun} ago, is running: what it builds has not been tested"
        if item is building[-1] and now - item.started_at < STILL_BUILDING_WITHIN:
            return (
                f"{said}, begun {begun} ago, has no end in the log: it may be running, and what it builds has not been "
                "tested (where no dbt process is alive, run dbt build)"
            )
    return ""


def newest_results(steps: Sequence[Step], target: str) -> dict[str, Ran]:
    """Each test's newest result by unique id; that of models too."""
    ran: dict[str, Ran] = {}
    for step in steps:
        if step.results is not None:
            at = step.results.generated_at
            new = {node.unique_id: Ran(node, at) for node in step.results.results}
            # The log may date what it tells a day too late; artifacts are exact.
            ran |= {name: item for name, item in new.items() if name not in ran or ran[name].at <= at}
        elif step.told is not None and step.told.command in (*TESTING_COMMANDS, ""):
            ran = _told_by_log_alone(ran, step.told, target)
    return ran


def _told_by_log_alone(ran: Mapping[str, Ran], told: Invocation, target: str) -> dict[str, Ran]:
    """`ran` after an invocation without results: what the log tells of its tests, and for every other one that may
    have been among them and is not known to fail, that it is hidden."""
    certain = told.started_exactly and not told.interleaved and told.target == target
    tests = [item for item in told.outcomes if item.resource_type in TEST_TYPES]
    named = all(item.name.startswith(f"{item.resource_type}.") for item in tests)
    ended = told.success is True or (told.success is False and any(item.status in FAILED for item in tests))
    at = told.ended_at or told.started_at
    new = {
        item.name: Ran(NodeResult(item.name, item.status if certain else _HIDDEN), at)
        for item in tests
    }  # fmt: skip
    if certain and named and ended:
        return {**ran, **new}
    hidden = {
        name: item if item.result.status in FAILED else Ran(replace(item.result, status=_HIDDEN), item.at)
        for name, item in ran.items()
    }
    return {**hidden, **new}
