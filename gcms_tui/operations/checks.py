"""The checks of the morning: what each asks, and which rule judges the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gcms_tui.core import freshness
from gcms_tui.core.conclusion import Conclusion, unknown
from gcms_tui.core.dbt_log import DbtLog
from gcms_tui.core.dbt_manifest import FoundScd2, Manifest, find_scd2
from gcms_tui.core.dbt_results import RunResults
from gcms_tui.core.dbt_runs import ModelRuns, judge_last_run, last_working, model_runs
from gcms_tui.core.errors import GcmsError, MissingRelation, StatementFailed, StatementTimeout
from gcms_tui.core.finding import EVIDENCE_LIMIT, Scalar
from gcms_tui.core.gold_tests import Tally, judge_gold_tests
from gcms_tui.core.identifier import Column, Identifier, Relation, current_flag
from gcms_tui.core.payment_fact import FactReading, judge_fact
from gcms_tui.core.payroll_accuracy import Agreement, judge_accuracy
from gcms_tui.core.query import Answer
from gcms_tui.core.scd2_integrity import judge_scd2
from gcms_tui.core.settings import PayrollSettings, Scd2TableSettings, Settings, SourceSettings
from gcms_tui.core.trusted_tests import invocations_that_test
from gcms_tui.operations.ports import Clock
from gcms_tui.operations.questions import DbtFiles, Questions

RUNS_WITHIN = timedelta(days=30)
"""The window of the share of succeeding models: the runbook reviews a month."""

Measure = ModelRuns | Tally | Agreement | int
"""What a metric derives from beside the finding: an `int` is the number of keys with duplicate current versions."""


@dataclass(frozen=True, slots=True)
class Outcome:
    conclusion: Conclusion
    measure: Measure | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One question with its thresholds."""

    name: str
    section: str
    target: str
    alert: str
    judge: Callable[[Questions], Outcome]
    """Raises `GcmsError` where it cannot be answered."""


class Remembered:
    """What one pass learns for the next, so that it need not ask twice."""

    def __init__(self) -> None:
        self.timestamp_columns: dict[Relation, Column] = {}
        self.without_duplicates: set[Relation] = set()


def last_run_check(target: str, clock: Clock) -> Check:
    def judge(questions: Questions) -> Outcome:
        files, now = questions.files, clock()
        log, results, manifest = files.log(), files.results(), files.manifest()
        newest = results if isinstance(results, RunResults) else None
        last = last_working(log, target) if isinstance(log, DbtLog) else None
        if last is not None and isinstance(own := files.results_of(last.invocation_id), RunResults):
            results = own
        _name_sources(questions, log, results)
        known = manifest if isinstance(manifest, Manifest) else None
        conclusion = judge_last_run(log, results, known, target, now, newest)
        return Outcome(conclusion, model_runs(log, target, now - RUNS_WITHIN) if isinstance(log, DbtLog) else None)

    return Check("dbt.last_run", "Daily 1", "ok, < 24 h", "failed", judge)


def gold_tests_check(target: str, clock: Clock) -> Check:
    def judge(questions: Questions) -> Outcome:
        files = questions.files
        log, results, manifest = files.log(), files.results(), files.manifest()
        testing = invocations_that_test(log, target) if isinstance(log, DbtLog) else ()
        told = [files.results_of(item.invocation_id) for item in testing]
        kept = [item for item in told if isinstance(item, RunResults)]
        _name_sources(questions, *kept, *([] if kept else [results]), manifest)
        return Outcome(*judge_gold_tests(results, manifest, log, target, clock(), kept))

    return Check("tests.gold", "Daily 3", "all pass", "any fails", judge)


def freshness_check(name: str, source: SourceSettings, remembered: Remembered) -> Check:
    table = str(source.table)

    def judge(questions: Questions) -> Outcome:
        column, answer = _newest_load(questions, source, remembered)
        if column is None:
            return Outcome(freshness.no_timestamp_column(table, [str(Column(str(row[0]))) for row in answer.rows]))
        return Outcome(
            freshness.judge_source(
                table, str(column), answer.records()[0], answer.taken_at, source.warn_after_h, source.fail_after_h
            )
        )

    return Check(
        f"freshness.{name}",
        "Daily 2",
        f"< {freshness.limit_text(source.warn_after_h)}",
        f"> {freshness.limit_text(source.fail_after_h)}",
        judge,
    )


def fact_check(
    payroll: PayrollSettings,
    sources: Iterable[SourceSettings],
    remembered: Remembered,
    rows_before: Callable[[], int | None],
) -> Check:
    def judge(questions: Questions) -> Outcome:
        asked = questions.start("payment_fact_freshness", {"fact": payroll.fact})
        newest = _newest_input(questions.aside(), sources, remembered)
        answer = asked.result()
        reading = FactReading(str(payroll.fact), answer.records()[0], answer.taken_at)
        return Outcome(judge_fact(reading, rows_before(), newest, payroll.calculated_within_h))

    within = payroll.calculated_within_h
    return Check(
        f"fact.{payroll.fact.name.lower()}",
        "Daily 4",
        f"< {freshness.limit_text(within)}",
        f"> {freshness.limit_text(2 * within)}, or no rows",
        judge,
    )


def scd2_check(name: str, found: FoundScd2, remembered: Remembered) -> Check:
    def judge(questions: Questions) -> Outcome:
        if found.table is None:
            return Outcome(
                unknown(
                    f"{found.name} holds versions, but cannot be checked: {found.problem}",
                    "Describe it as a table of [[scd2]] in gcms.toml, with its column names.",
                )
            )
        return Outcome(*_scd2(questions, found.table, remembered))

    return Check(f"scd2.{name}", "Monthly 1", "0", "any defect", judge)


def payroll_check(payroll: PayrollSettings) -> Check:
    def judge(questions: Questions) -> Outcome:
        tables = {"fact": payroll.fact, "source_payment": payroll.source_payment}
        totals = questions.start("payroll_totals", tables, {"tolerance": payroll.tolerance})
        discrepancies = questions.start(
            "payroll_discrepancies", tables, {"tolerance": payroll.tolerance, "limit": EVIDENCE_LIMIT}
        )
        return Outcome(*judge_accuracy(totals.result().records()[0], discrepancies.result().records()))

    return Check("payroll.accuracy", "Monthly 3", "0", f"any > ${payroll.tolerance}", judge)


def table_names(tables: Iterable[Relation]) -> dict[Relation, str]:
    """A name for each and the same for none: the table's own; with its schema, or all of it, where others share that.

    Two findings of one name would be one, and the sounder could stand where the other belongs.
    """
    forms = {table: (table.name.lower(), f"{table.schema}.{table.name}".lower(), str(table)) for table in tables}
    uses = Counter(form for written in forms.values() for form in set(written))
    return {table: next((form for form in written if uses[form] == 1), written[-1]) for table, written in forms.items()}


def scd2_tables(settings: Settings, files: DbtFiles) -> tuple[dict[str, FoundScd2], str]:
    """The tables by a name that no other has, and why there is none where there is none.

    Those that the configuration describes, and those that the manifest knows beside them.
    """
    described = [FoundScd2(str(table.table), table) for table in settings.scd2]
    manifest = files.manifest()
    known = find_scd2(manifest) if isinstance(manifest, Manifest) else ()
    found = [
        *(_with_dbt_id(item, known) for item in described),
        *(item for item in known if not _is_one(item, described)),
    ]
    names = table_names(item.table.table for item in found if item.table)
    # What cannot be checked has no relation to be told apart by.
    uses = Counter([*names.values(), *(item.name.lower() for item in found if item.table is None)])

    def name(item: FoundScd2) -> str:
        if item.table is not None:
            return names[item.table.table]
        return item.name.lower() if uses[item.name.lower()] == 1 else item.unique_id

    why = "" if isinstance(manifest, Manifest) else manifest.message
    return {name(item): item for item in found}, "" if found else why


def _is_one(item: FoundScd2, described: Iterable[FoundScd2]) -> bool:
    """Whether the configuration describes what the manifest calls `item`, by its table or, where dbt gives none that
    can be read, by its name."""
    return any(
        other.table is not None
        and (
            item.table.table.may_be(other.table.table)
            if item.table is not None
            else other.table.table.name.lower() == item.name.lower()
        )
        for other in described
    )


def _with_dbt_id(item: FoundScd2, known: Iterable[FoundScd2]) -> FoundScd2:
    same = next((other for other in known if _is_one(other, (item,))), None)
    return replace(item, unique_id=same.unique_id) if same is not None else item


def _newest_load(questions: Questions, source: SourceSettings, remembered: Remembered) -> tuple[Column | None, Answer]:
    """The column that says when a row was pulled, with the table's newest load by it.

    Where the table has no such column: None, with the columns that it has. The newer of Airbyte's columns is tried
    outright, which answers in one round trip; the table is asked for its columns only where that fails.
    """
    table, configured = source.table, source.timestamp_column
    column = _likely_column(source, remembered)
    try:
        return column, questions.start("source_freshness", {"table": table, "loaded_at": column}).result()
    except (MissingRelation, StatementTimeout):
        raise
    except StatementFailed as failed:
        if configured:
            raise
        columns = questions.start(
            "table_columns",
            {"information_schema": table.information_schema},
            {"schema_name": table.schema, "table_name": table.name},
        ).result()
        present = freshness.pick_timestamp_column({str(row[0]) for row in columns.rows})
        if present is None:
            return None, columns
        if present == column.name:
            raise failed from None
    found = Column(present)
    answer = questions.start("source_freshness", {"table": table, "loaded_at": found}).result()
    remembered.timestamp_columns[table] = found
    return found, answer


def _likely_column(source: SourceSettings, remembered: Remembered) -> Column:
    if source.timestamp_column:
        return Column.parse(source.timestamp_column)
    return remembered.timestamp_columns.get(source.table) or Column(freshness.TIMESTAMP_COLUMNS[0])


def _newest_input(questions: Questions, sources: Iterable[SourceSettings], remembered: Remembered) -> datetime | None:
    """When any watched source was last loaded, by the statements that the freshness checks send anyway."""
    newest, listed = [], tuple(sources)
    for source in listed:  # all on their way before the first is waited for
        likely = _likely_column(source, remembered)
        questions.start("source_freshness", {"table": source.table, "loaded_at": likely})
    for source in listed:
        try:
            column, answer = _newest_load(questions, source, remembered)
        except GcmsError:
            continue  # the source's own check tells
        loaded_at = answer.records()[0]["last_loaded_at"] if column else None
        if isinstance(loaded_at, datetime) and not freshness.ahead_of_clock(loaded_at, answer.taken_at):
            newest.append(loaded_at)
    return max(newest, default=None)


def _scd2(questions: Questions, table: Scd2TableSettings, remembered: Remembered) -> tuple[Conclusion, int | None]:
    names: dict[str, Identifier] = {
        "table": table.table,
        "natural_key": Column.parse(table.natural_key),
        "scd_id": Column.parse(table.scd_id),
        "is_current": current_flag(table.is_current, table.effective_to),
    }
    validity = {name: Column.parse(getattr(table, name)) for name in ("effective_from", "effective_to")}
    scan = questions.start("scd2_integrity", {**names, **validity})

    def ask_sample() -> Future[Answer]:
        return questions.start("scd2_duplicate_keys_sample", names, {"limit": EVIDENCE_LIMIT})

    # Beside the scan, not after it, unless the last pass found none: two round trips would be twice as slow.
    sample = None if table.table in remembered.without_duplicates else ask_sample()
    row = scan.result().records()[0]
    conclusion, duplicates = judge_scd2(str(table.table), row, None)
    if not duplicates:
        if duplicates == 0:
            remembered.without_duplicates.add(table.table)
        return conclusion, duplicates
    remembered.without_duplicates.discard(table.table)
    return judge_scd2(str(table.table), row, _rows_if_answered(sample or ask_sample()))


def _rows_if_answered(asked: Future[Answer]) -> tuple[dict[str, Scalar], ...]:
    """The sample only illustrates: the verdict stands without it."""
    try:
        return asked.result().records()
    except GcmsError:
        return ()


def _name_sources(questions: Questions, *artifacts: RunResults | Manifest | DbtLog | GcmsError) -> None:
    for artifact in artifacts:
        if not isinstance(artifact, GcmsError):
            questions.read_from(artifact.source)
