"""A small platform in memory: the sandbox's story, told by an examiner that the test holds in its hands."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from gcms_tui.adapters.log_file import LogFile
from gcms_tui.console.services import ConsoleServices
from gcms_tui.core.errors import ConfigError, GcmsError
from gcms_tui.core.finding import Evidence, Finding, HealthReport, Point, Provenance, Scalar
from gcms_tui.core.settings import Settings
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.run_desk import RunDesk
from gcms_tui.operations.scd2.desk import Scd2Desk

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

_FRESHNESS_SQL = """\
-- How old is the newest row of a landed table?
SELECT
    MAX(_airbyte_extracted_at)                                     AS newest,
    DATEDIFF('second', MAX(_airbyte_extracted_at), SYSDATE()) / 3600 AS age_h,
    COUNT(*)                                                       AS row_count
FROM raw.supabase_instrument
HAVING COUNT(*) > ?"""

OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN


def finding(
    name: str,
    section: str,
    verdict: Verdict,
    value: Scalar = None,
    unit: str = "",
    target: str = "",
    *,
    summary: str = "",
    next_step: str = "",
    alert: str = "",
    evidence: Evidence = Evidence(),  # noqa: B008 (frozen)
    taken_at: datetime = NOON,
) -> Finding:
    return Finding(
        name=name,
        section=section,
        verdict=verdict,
        summary=summary or f"{name} is as it should be.",
        taken_at=taken_at,
        value=value,
        unit=unit,
        target=target,
        alert=alert,
        elapsed_ms=212,
        provenance=(Provenance("queries/source_freshness.sql", _FRESHNESS_SQL, (0, "x"), "01b2c3d4-0000-1111-2222"),),
        evidence=evidence,
        next_step=next_step,
    )


def story(taken_at: datetime = NOON) -> tuple[Finding, ...]:
    """What the morning check answers on the sandbox."""
    fresh = [
        finding(f"freshness.supabase_{table}", "Daily 2", OK, hours, "h", "< 24 h", alert="> 48 h")
        for table, hours in (
            ("attendance", 3.2),
            ("concert", 3.1),
            ("musician", 3.2),
            ("payment", 3.0),
            ("rehearsal", 3.2),
        )
    ]
    answers = [
        finding(
            "dbt.last_run",
            "Daily 1",
            FAIL,
            "1 of 48 failed",
            "",
            "all succeed",
            summary="The last dbt build ended 3 h ago; 47 nodes succeeded, 1 failed.",
            next_step="Open the failing node below, then follow Emergency 1.",
        ),
        *fresh,
        finding(
            "freshness.supabase_instrument",
            "Daily 2",
            FAIL,
            61.4,
            "h",
            "< 24 h",
            alert="> 48 h",
            summary="raw.supabase_instrument was last landed 61 h ago; Airbyte should land it every 6 h.",
            next_step="Look at this table's Airbyte connection (Emergency 3, step 1). Payroll does not need it.",
            evidence=Evidence(
                ("table", "newest", "age_h", "row_count"),
                (("RAW.SUPABASE_INSTRUMENT", NOON - timedelta(hours=61.4), 61.4, 24),),
                1,
            ),
        ),
        finding(
            "tests.gold",
            "Daily 3",
            FAIL,
            1,
            "failing",
            "0 failing",
            summary="1 of 31 tests of gold failed, and it is a critical one.",
            next_step="Hold the payroll; follow Emergency 1.",
            evidence=Evidence(
                ("test", "status", "failures", "critical"),
                (
                    (
                        "expression_is_true_fct_musician_payment_attended_services_required_services",
                        "fail",
                        3,
                        True,
                    ),
                    ("not_null_fct_musician_payment_payment_key", "pass", 0, False),
                    ("unique_fct_musician_payment_payment_key", "pass", 0, False),
                ),
                31,
            ),
        ),
        finding("fact.fct_musician_payment", "Daily 4", OK, 3412, "rows", "> 0 rows"),
        finding(
            "scd2.br_attendance_scd2",
            "Monthly 1",
            FAIL,
            3,
            "keys",
            "0 keys",
            summary="3 natural keys have more than one current version: 4 surplus versions in all.",
            next_step="Repair them key by key (Emergency 2), then rebuild and test.",
            evidence=Evidence(
                ("defect", "natural_key", "versions", "newest_recorded_at"),
                (
                    ("duplicate_current", "27-14-311", 2, NOON - timedelta(days=2)),
                    ("duplicate_current", "27-88-311", 3, NOON - timedelta(days=2)),
                    ("duplicate_current", "27-131-312", 2, NOON - timedelta(days=2)),
                ),
                3,
            ),
        ),
        finding("scd2.br_concert_scd2", "Monthly 1", OK, 0, "keys", "0 keys"),
        finding("scd2.br_musician_scd2", "Monthly 1", OK, 0, "keys", "0 keys"),
        finding(
            "payroll.accuracy",
            "Monthly 3",
            FAIL,
            Decimal("412.50"),
            "off",
            "0.00 off",
            summary="Three payments of concert 27 disagree with Supabase, by 412.50 in all.",
            next_step="Repair the duplicate versions of br_attendance_scd2, rebuild, and look again.",
            evidence=Evidence(
                ("concert_id", "musician_id", "gold", "supabase", "difference"),
                (
                    (27, 14, Decimal("300.00"), Decimal("150.00"), Decimal("150.00")),
                    (27, 88, Decimal("275.00"), Decimal("137.50"), Decimal("137.50")),
                    (27, 131, Decimal("250.00"), Decimal("125.00"), Decimal("125.00")),
                ),
                3,
            ),
        ),
        finding("metric.run_success", "K1", OK, 99.4, "%", ">= 99 %", alert="< 95 %"),
        finding("metric.test_pass", "K2", FAIL, 96.8, "%", "100 %"),
        finding("metric.freshness", "K3", FAIL, 61.4, "h", "< 24 h"),
        finding("metric.scd2", "K4", FAIL, 3, "keys", "0 keys"),
        finding("metric.payroll_accuracy", "K5", FAIL, 3, "payments", "0"),
    ]
    return tuple(replace(answer, taken_at=taken_at) for answer in answers)


def series_of(one: Finding, points: int = 14) -> tuple[Point, ...]:
    """A plausible past that ends at the finding's own value."""
    value = one.value
    figure = float(value) if isinstance(value, int | float | Decimal) else None
    wave = (0.9, 0.92, 0.88, 0.9, 0.93, 0.9, 0.86, 0.9, 0.95, 0.92, 0.9, 0.94, 0.97, 1.0)
    return tuple(
        Point(
            NOON - timedelta(days=points - place),
            one.verdict if place > points - 4 else OK,
            None if figure is None else figure * wave[place % len(wave)],
        )
        for place in range(points)
    )


@dataclass
class Clock:
    """Time that stands still until a test moves it."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, **delta: float) -> None:
        self.moment += timedelta(**delta)


@dataclass
class Examiner:
    """Answers with `answers`. `gate`: each answer waits until the test lets it through."""

    answers: Sequence[Finding]
    error: BaseException | None = None
    gate: threading.Semaphore | None = None
    closed: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, ...] | None] = field(default_factory=list)
    """What was asked for, call by call."""

    def names(self) -> tuple[str, ...]:
        return tuple(answer.name for answer in self.answers)

    def examine(
        self, only: tuple[str, ...] | None = None, on_finding: Callable[[Finding], None] | None = None
    ) -> HealthReport:
        self.asked.append(only)
        if self.error is not None:
            raise self.error
        found = [answer for answer in self.answers if only is None or answer.name in only]
        for answer in found:
            if self.gate is not None:
                assert self.gate.acquire(timeout=30), "the test never let this answer through"
            if on_finding is not None:
                on_finding(answer)
        return HealthReport("sandbox", NOON, tuple(found))

    def close(self) -> None:
        self.closed.set()

    def series(self, name: str) -> tuple[Point, ...]:
        return next((series_of(answer) for answer in self.answers if answer.name == name), ())


def services(
    state: Path,
    examiner: Examiner | GcmsError | None = None,
    *,
    clock: Clock | None = None,
    last: HealthReport | None = None,
    target: str = "sandbox",
    sandbox: bool = True,
    read_only: bool = True,
    refresh_s: float | None = None,
    ascii: bool = False,  # noqa: A002
    slow_link: bool = False,
    config_error: GcmsError | None = None,
    notice: str = "",
    runs: RunDesk | None = None,
    scd2: Scd2Desk | None = None,
) -> ConsoleServices:
    """Console services over `examiner`, or over a platform that cannot be opened."""

    def opened() -> Examiner:
        if isinstance(examiner, GcmsError):
            raise examiner
        return examiner if examiner is not None else Examiner(story())

    def opened_runs() -> RunDesk:
        if runs is None:
            raise ConfigError("No dbt project", "gcms.toml names none.")
        return runs

    def opened_scd2() -> Scd2Desk:
        if scd2 is None:
            raise ConfigError("No dbt project", "gcms.toml names none.")
        return scd2

    return ConsoleServices(
        settings=Settings(state_dir=state),
        target=target,
        read_only=read_only,
        read_only_reason="gcms.toml does not allow writing" if read_only else "",
        sandbox=sandbox,
        last_report=lambda: last,
        open_health=opened,
        open_log=LogFile,
        open_runs=opened_runs,
        open_scd2=opened_scd2,
        doubts=lambda: () if scd2 is None else scd2.doubts.open(),
        now=clock or Clock(),
        copy_dir=state,
        version="0.1.0",
        refresh_s=refresh_s,
        ascii=ascii,
        slow_link=slow_link,
        config_error=config_error,
        notice=notice,
    )
