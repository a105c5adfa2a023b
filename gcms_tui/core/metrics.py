"""The five key metrics, out of what the checks of the same pass have found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal

from gcms_tui.core.conclusion import Conclusion, counted, unknown
from gcms_tui.core.dbt_runs import ModelRuns
from gcms_tui.core.finding import Evidence, Finding
from gcms_tui.core.gold_tests import Tally
from gcms_tui.core.payroll_accuracy import Agreement
from gcms_tui.core.verdict import Verdict, worst

RUN_SUCCESS_TARGET = 99
RUN_SUCCESS_ALERT = 95


def percent(part: int, whole: int) -> float:
    """Never rounded up: 100.0 means every single one."""
    share = Decimal(100 * part) / Decimal(whole)
    return float(share.quantize(Decimal("0.01"), rounding=ROUND_FLOOR))


def judge_run_success(runs: ModelRuns | None) -> Conclusion:
    """K1: at least 99 % OK, 95 to 99 % WARN, below 95 % FAIL, on the exact share."""
    if runs is None:
        return unknown(
            "the share of succeeding models is not known: dbt.log cannot be read", _SEE.format("dbt.last_run")
        )
    if not runs.executed:
        skipped = f"; {counted(runs.skipped, 'model')} skipped" if runs.skipped else ""
        return unknown(f"dbt.log tells of no executed model{skipped}", _SEE.format("dbt.last_run"))
    if runs.succeeded * 100 >= RUN_SUCCESS_TARGET * runs.executed:
        verdict = Verdict.OK
    else:
        verdict = Verdict.WARN if runs.succeeded * 100 >= RUN_SUCCESS_ALERT * runs.executed else Verdict.FAIL
    since = f" since {runs.since:%Y-%m-%d %H:%M} UTC" if runs.since else ""
    return Conclusion(
        verdict,
        f"{runs.succeeded:,} of {counted(runs.executed, 'model execution')} succeeded in "
        f"{counted(runs.invocations, 'invocation')}{since}; {runs.skipped:,} skipped",
        percent(runs.succeeded, runs.executed),
        "%",
        Evidence.of(
            ("succeeded", "failed", "skipped", "invocations", "since"),
            [(runs.succeeded, runs.failed, runs.skipped, runs.invocations, runs.since)],
        ),
        "" if verdict is Verdict.OK else _SEE.format("dbt.last_run"),
    )


def judge_test_pass(tally: Tally | None, tests: Finding | None) -> Conclusion:
    """K2: all pass OK; a failing critical test FAIL; any other that does not pass WARN. Nothing known: UNKNOWN."""
    if tally is None or not tally.total:
        why = tests.summary if tests else "no test has run"
        return unknown(f"the share of passing tests is not known: {why}", _SEE.format("tests.gold"))
    if tally.critical_failed:
        verdict = Verdict.FAIL
    elif tally.unclear and not tally.failed:
        verdict = Verdict.UNKNOWN
    else:
        verdict = Verdict.OK if tally.passed == tally.total else Verdict.WARN
    critical = f", {tally.critical_failed} of them critical" if tally.critical_failed else ""
    failed = f"; {tally.failed} failed{critical}" if tally.failed else ""
    unclear = f"; {tally.unclear} without a verdict" if tally.unclear else ""
    return Conclusion(
        verdict,
        f"{tally.passed:,} of {counted(tally.total, 'test')} passed{failed}{unclear}",
        percent(tally.passed, tally.total),
        "%",
        next_step="" if verdict is Verdict.OK else _SEE.format("tests.gold"),
    )


def judge_oldest_source(sources: Sequence[Finding]) -> Conclusion:
    """K3: the worst verdict of all sources, and the age of the oldest."""
    if not sources:
        return unknown(
            "no source is watched: how fresh the data is cannot be told",
            "Name the landed tables to watch as [[sources]] in gcms.toml.",
        )
    known = sorted(
        ((source.value, source) for source in sources if isinstance(source.value, float)),
        key=lambda pair: pair[0],
        reverse=True,
    )
    verdict = worst(source.verdict for source in sources)
    unknowns = [source for source in sources if source.verdict is Verdict.UNKNOWN]
    said = [f"the oldest of {counted(len(sources), 'source')}: {known[0][1].summary}"] if known else []
    if unknowns:
        said.append(f"{counted(len(unknowns), 'source')} unknown: {unknowns[0].summary}")
    return Conclusion(
        verdict,
        "; ".join(said),
        known[0][0] if known else None,
        "h",
        Evidence.of(
            ("source", "verdict", "age_h"),
            [(source.name, source.verdict.name, source.value) for source in _ranked(sources)],
        ),
        "" if verdict is Verdict.OK else _SEE.format(_ranked(sources)[0].name),
    )


def judge_duplicates(tables: Sequence[Finding], duplicates: Mapping[str, int], why_none: str = "") -> Conclusion:
    """K4: keys with duplicate current versions over all SCD2 tables; any is FAIL, a table not looked at UNKNOWN.

    `duplicates` has them by finding name, without the tables where they are not known; `why_none` says why no table
    could be found.
    """
    if not tables:
        return unknown(
            f"no SCD2 table is known{f': {why_none}' if why_none else ''}: duplicates cannot be told",
            "Name the tables as [[scd2]] in gcms.toml, or let dbt write a manifest.json that holds them.",
        )
    missing = [table for table in tables if table.name not in duplicates]
    total = sum(duplicates.values())
    said = [f"{counted(total, 'duplicate key')} in {counted(len(duplicates), 'table')}"] if duplicates else []
    if missing:
        said.append(f"{counted(len(missing), 'table')} unknown: {missing[0].summary}")
    verdict = Verdict.UNKNOWN if missing else Verdict.FAIL if total else Verdict.OK
    return Conclusion(
        verdict,
        "; ".join(said),
        total if duplicates else None,
        "duplicate" if total == 1 else "duplicates",
        Evidence.of(
            ("table", "duplicate_keys"), [(table.name, duplicates.get(table.name)) for table in _ranked(tables)]
        ),
        "" if verdict is Verdict.OK else _SEE.format(_ranked(tables)[0].name),
    )


def judge_agreement(agreement: Agreement | None, accuracy: Finding | None) -> Conclusion:
    """K5: the share of payments on which dbt and Supabase agree; one discrepancy is FAIL."""
    if agreement is None or not agreement.compared:
        why = accuracy.summary if accuracy else "nothing was compared"
        return unknown(f"payroll's accuracy is not known: {why}", _SEE.format("payroll.accuracy"))
    agreeing = max(agreement.compared - agreement.disagreeing, 0)
    return Conclusion(
        Verdict.FAIL if agreement.disagreeing else Verdict.OK,
        f"{agreeing:,} of {counted(agreement.compared, 'payment')} agree",
        percent(agreeing, agreement.compared),
        "%",
        next_step=_SEE.format("payroll.accuracy") if agreement.disagreeing else "",
    )


def _ranked(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (-finding.verdict, finding.name))


_SEE = "Look at {} first: this metric follows from it."
