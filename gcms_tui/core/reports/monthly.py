"""The monthly data quality audit as one Markdown document. Counts and totals; no single person's amount, no name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from gcms_tui.core.conclusion import counted, whole
from gcms_tui.core.finding import Finding, Provenance, Scalar
from gcms_tui.core.markdown import escaped, paragraph, table
from gcms_tui.core.payroll_accuracy import PROBLEMS, Agreement
from gcms_tui.core.procedures.cadence import Calendar, local_text
from gcms_tui.core.run_trend import NodeTrend, Trend
from gcms_tui.core.scd2.corrections import Review
from gcms_tui.core.text import printable
from gcms_tui.core.trusted_tests import TEST_TYPES
from gcms_tui.core.verdict import Verdict, worst

NODES_SHOWN = 20
"""As the runbook limits it."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Payroll compared with Supabase, both ways."""

    verdict: Verdict
    """As the morning check judges them."""
    totals: Mapping[str, Scalar]
    """The one row of `payroll_totals`."""
    agreement: Agreement | None
    """None where neither side holds a payment: nothing was compared."""
    by_concert: tuple[tuple[str, str, int], ...]
    """Concert, class of problem, how many: of the discrepancies that were listed."""
    listed: int
    provenance: tuple[Provenance, ...] = ()

    @property
    def found(self) -> int | None:
        """How many payments disagree; None where nothing could be compared."""
        return self.agreement.disagreeing if self.agreement is not None else None


@dataclass(frozen=True, slots=True)
class PackageTimings:
    """What a package's own tables say of the models' times."""

    package: str
    rows: tuple[Mapping[str, Scalar], ...] = ()
    why_not: str = ""
    """Why there are none; empty where there are."""


@dataclass(frozen=True, slots=True)
class MonthlyAudit:
    """Everything that the four steps look at."""

    target: str
    taken_at: datetime
    calendar: Calendar
    """Which month it is of is told in the runbook's timezone."""
    window: timedelta
    by: str
    """Who had it made."""
    scd2: tuple[Finding, ...]
    corrections: tuple[Review, ...]
    uncorrected: tuple[tuple[str, str], ...]
    """Tables whose corrections could not be read, with why."""
    accuracy: Accuracy | None
    why_no_accuracy: str
    trend: Trend | None
    why_no_trend: str
    packages: tuple[PackageTimings, ...]

    @property
    def day(self) -> date:
        """Where the runbook's clocks are."""
        return self.taken_at.astimezone(self.calendar.zone).date()

    @property
    def verdict(self) -> Verdict:
        """What could not be looked at makes it UNKNOWN; a review has no verdict of its own."""
        found = [worst(finding.verdict for finding in self.scd2)]
        found.append(self.accuracy.verdict if self.accuracy else Verdict.UNKNOWN)
        known = [review.known for review in self.corrections]
        if self.uncorrected or not known or not all(known) or self.trend is None or not self.trend.runs:
            found.append(Verdict.UNKNOWN)
        if self.trend is not None and any(node.regressed for node in self.trend.nodes):
            found.append(Verdict.WARN)
        return worst(found)

    @property
    def _late(self) -> str:
        known = [review for review in self.corrections if review.known]
        tables = len(self.corrections) + len(self.uncorrected)
        if not known:
            return "late corrections not known"
        some = "" if len(known) == tables else f" in {len(known)} of {counted(tables, 'table')}"
        return f"{sum(review.total for review in known):,} late corrections{some}"

    @property
    def words(self) -> str:
        """One line, without amounts."""
        problems = self.accuracy.found if self.accuracy else None
        slow = sum(node.regressed for node in self.trend.nodes) if self.trend else None
        return "; ".join(
            (
                f"SCD2 {worst(finding.verdict for finding in self.scd2).name}",
                self._late,
                "payroll not compared" if problems is None else f"{counted(problems, 'payment')} disagree",
                "no run history" if slow is None else f"{counted(slow, 'node')} became slow",
            )
        )


def grouped(discrepancies: Iterable[Mapping[str, Scalar]]) -> tuple[tuple[str, str, int], ...]:
    """The discrepancies by concert and class; whose they are, and how much, is left out."""
    counts = Counter((str(record["concert_id"]), str(record["problem"])) for record in discrepancies)
    return tuple((concert, problem, number) for (concert, problem), number in sorted(counts.items()))


def markdown(audit: MonthlyAudit) -> str:
    """The whole document; what came from outside stands in it as text."""
    lines = [
        f"# Data quality audit {audit.day:%Y-%m}",
        "",
        f"Target {cell(audit.target)}, {cell(local_text(audit.taken_at, audit.calendar))}, by {cell(audit.by)}. "
        f"Result: **{audit.verdict.name}**.",
        "",
        "UNKNOWN means that something could not be looked at; it is not good news.",
        "",
        *_scd2(audit),
        *_corrections(audit),
        *_accuracy(audit),
        *_performance(audit),
        *_sources(audit),
    ]
    return "\n".join(lines) + "\n"


def cell(value: object) -> str:
    """As it stands in a table; what is not there leaves it empty."""
    text = printable(str(value), 400).strip()
    return escaped(text) if text else ""


def _scd2(audit: MonthlyAudit) -> Iterator[str]:
    yield "## 1 SCD2 integrity"
    yield ""
    if not audit.scd2:
        yield "No SCD2 table is known: UNKNOWN."
    else:
        yield _table(
            ("check", "verdict", "found"), ((item.name, item.verdict.name, item.summary) for item in audit.scd2)
        )
    yield ""


def _corrections(audit: MonthlyAudit) -> Iterator[str]:
    yield "## 2 Retroactive corrections"
    yield ""
    for review in audit.corrections:
        yield f"**{cell(review.table)}**: {cell(review.words)}."
        yield ""
        if review.months:
            rows = ((month.label, f"{month.corrections:,}", f"{month.keys:,}") for month in review.months)
            yield _table(("month", "corrections", "keys"), rows)
            yield ""
    for name, why in audit.uncorrected:
        yield f"**{cell(name)}**: UNKNOWN: {cell(why)}"
        yield ""
    if not audit.corrections and not audit.uncorrected:
        yield "No SCD2 table is known: UNKNOWN."
        yield ""


def _accuracy(audit: MonthlyAudit) -> Iterator[str]:
    yield "## 3 Payroll accuracy"
    yield ""
    accuracy = audit.accuracy
    if accuracy is None:
        yield f"UNKNOWN: {cell(audit.why_no_accuracy)}"
        yield ""
        return
    totals = accuracy.totals
    compared = accuracy.agreement.compared if accuracy.agreement is not None else 0
    yield f"{accuracy.verdict.name}: {compared:,} payments compared, in both directions."
    yield ""
    sides = (
        ("dbt", totals["dbt_rows"], totals["dbt_total"]),
        ("Supabase", totals["source_rows"], totals["source_total"]),
    )
    yield _table(("side", "payments", "net in all"), ((side, f"{whole(n):,}", _money(net)) for side, n, net in sides))
    yield ""
    yield _table(("class", "payments"), ((words, f"{whole(totals[name]):,}") for name, words in PROBLEMS.items()))
    yield ""
    if accuracy.by_concert:
        yield _table(
            ("concert", "class", "payments"),
            ((concert, PROBLEMS.get(problem, problem), f"{n:,}") for concert, problem, n in accuracy.by_concert),
        )
        found = accuracy.found or 0
        if accuracy.listed < found:
            yield ""
            yield f"By concert the {accuracy.listed:,} largest of {found:,}."
        yield ""


def _performance(audit: MonthlyAudit) -> Iterator[str]:
    yield "## 4 Performance"
    yield ""
    trend = audit.trend
    if trend is None or not trend.runs:
        yield f"UNKNOWN: {cell(audit.why_no_trend or 'no run is known in the window')}"
        yield ""
    if trend is not None:
        rates = f"{cell(trend.run_success)}. {cell(trend.test_pass)}."
        yield f"{counted(trend.runs, 'run')} in {audit.window.days} days. {rates}"
        yield ""
        models = [node for node in trend.nodes if node.resource_type not in TEST_TYPES]
        if models:
            head = ("model", "runs", "mean", "p95", "max", "last", "")
            yield _table(head, (_node(node) for node in models[:NODES_SHOWN]))
            yield ""
    for package in audit.packages:
        yield f"**{cell(package.package)}**: {cell(package.why_not) or 'by its own tables'}"
        yield ""
        if package.rows:
            columns = ("model", "run_count", "average_s", "p95_s", "maximum_s")
            yield _table(columns, (tuple(row[column] for column in columns) for row in package.rows))
            yield ""


def _node(node: NodeTrend) -> tuple[str, ...]:
    seconds = (f"{value:.1f} s" for value in (node.mean_s, node.p95_s, node.max_s, node.last_s))
    return (node.name, f"{node.runs:,}", *seconds, f"slow: {node.note}" if node.regressed else "")


def _sources(audit: MonthlyAudit) -> Iterator[str]:
    yield "## Where it comes from"
    yield ""
    asked = [origin for finding in audit.scd2 for origin in finding.provenance]
    asked += [origin for review in audit.corrections for origin in review.provenance]
    asked += audit.accuracy.provenance if audit.accuracy else ()
    for origin in dict.fromkeys((item.source, item.query_id or "") for item in asked):
        source, query_id = origin
        yield f"- {paragraph(source)}" + (f", query {cell(query_id)}" if query_id else "")
    yield "- the console's own run history"


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return table((head, *(tuple(cell("" if value is None else value) for value in row) for row in rows)))


def _money(amount: Scalar) -> str:
    return f"{amount:,.2f}" if isinstance(amount, (Decimal, int)) else "none" if amount is None else str(amount)
