"""A large concert from its fingerprint to the prepared file, beside a bare fetch and the `csv` module.

Run as a program it does one of both, once, in a process of its own, and prints the seconds and megabytes it took:
`python -m tests.benchmarks.payroll export|bare CONFIG DIRECTORY`.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from gcms_tui.adapters.payroll_files import PayrollFiles
from gcms_tui.adapters.payroll_formats import FORMATS
from gcms_tui.cli import wiring
from gcms_tui.cli.invocation import Invocation
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.run import PayrollRun
from gcms_tui.core.query import Statement
from gcms_tui.core.run import Person
from gcms_tui.core.settings import Settings
from gcms_tui.operations.payroll.exporting import Exporting
from gcms_tui.operations.payroll.payments import PaymentReader
from tests.benchmarks.measure import Row
from tests.operations.payroll.scene import CONCERT, Scene

if TYPE_CHECKING:
    from gcms_tui.sandbox.lifecycle import Platform

MUSICIANS = 20_000
RUNS = 5
_FACT, _MUSICIAN, _CONCERT = (Relation("GOLD", name) for name in ("BIG_PAYMENT", "BIG_MUSICIAN", "BIG_CONCERT"))
_COLUMNS = ("full_name", "email", "concert", "concert_date", "pay_type", "net_amount", "calculated_at")
_WARM = Statement("one", "a benchmark", "SELECT 1 AS one")
_SERVER = "server.json"


def payroll(platform: Platform) -> list[Row]:
    """Time and memory of both, in turn. The data has been frozen before; it is read, frozen and compared again."""
    _fill(platform)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / _SERVER).write_text(json.dumps(platform.snowflake()), encoding="utf-8")
        with _large_concert(platform.config, directory) as scene:
            scene.ticked()
        pairs = [tuple(_measured(which, platform.config, directory) for which in _MEASURES) for _ in range(RUNS)]
    (ours, bare) = ([pair[place] for pair in pairs] for place in (0, 1))
    seconds = Row.of_pair(
        f"{MUSICIANS:,} payments to a prepared file",
        [one.seconds for one in ours],
        [one.seconds for one in bare],
        "fetch and csv",
        0,
    )
    peaks = [median(one.megabytes for one in group) for group in (ours, bare)]
    memory = Row(
        "  memory beyond the connection",
        f"{peaks[0]:.0f} MB",
        f"fetch and csv {peaks[1]:.0f} MB",
        f"{peaks[0] / max(peaks[1], 1):.2f} x",
        "",
    )
    return [replace(seconds, budget=""), memory]


@dataclass(frozen=True, slots=True)
class Figures:
    seconds: float
    megabytes: float
    """By how much the most that the process had grew."""


def _measured(which: str, config: Path, directory: Path) -> Figures:
    argv = [sys.executable, "-m", "tests.benchmarks.payroll", which, str(config), str(directory)]
    return Figures(*json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout))


def _figures(work: Callable[[], None]) -> Figures:
    before, began = _most_mb(), time.monotonic()
    work()
    return Figures(time.monotonic() - began, _most_mb() - before)


def export(config: Path, directory: Path) -> Figures:
    """Read, frozen, compared with what was frozen before, judged, written with its manifest, synced, journalled."""
    with _large_concert(config, directory) as scene:
        run = scene.book().get("last")
        exporting = Exporting(
            scene.settings.payroll,
            book=scene.book(),
            reader=scene.reader(),
            files=PayrollFiles(directory / "prepared", directory / "outbox", "bench"),
            version="bench",
            clock=scene.clock,
            person=Person("erin", "bench"),
            formats=FORMATS,
            unpaid=lambda _: None,
        )
        return _figures(lambda: _require_all(exporting.export(run.run_id)))


def bare(config: Path, directory: Path) -> Figures:
    """The same statement on the plain driver, and its rows through `csv.writer`."""
    import snowflake.connector

    relations = {"fact": _FACT, "dim_musician": _MUSICIAN, "dim_concert": _CONCERT}
    query = wiring.query_library(_settings(config)).get("payroll_export")
    statement = query.render(relations, {"concert_id": CONCERT})
    snowflake.connector.paramstyle = "qmark"
    with snowflake.connector.connect(**json.loads((directory / _SERVER).read_bytes())) as connection:
        connection.cursor().execute(_WARM.sql)

        def fetch() -> None:
            cursor = connection.cursor()
            cursor.execute(statement.sql, statement.binds)
            names = [column.name.lower() for column in cursor.description]
            places = [names.index(name) for name in _COLUMNS]
            with open(directory / "bare.csv", "w", newline="", encoding="utf-8") as stream:
                writer = csv.writer(stream)
                writer.writerow(_COLUMNS)
                writer.writerows([row[place] for place in places] for row in cursor.fetchall())

        return _figures(fetch)


def _fill(platform: Platform) -> None:
    import snowflake.connector

    with snowflake.connector.connect(**platform.snowflake()) as connection:
        for statement in (
            f"""
            CREATE OR REPLACE TABLE {_MUSICIAN.sql} AS
            SELECT
                seq4() + 1 AS musician_id,
                'First' || MOD(seq4(), 977) AS first_name,
                'Last' || MOD(seq4(), 4999) AS last_name,
                'First' || MOD(seq4(), 977) || ' Last' || MOD(seq4(), 4999) AS full_name,
                'musician.' || seq4() || '@gcms.example' AS email
            FROM TABLE(GENERATOR(ROWCOUNT => {MUSICIANS}))
            """,
            f"""
            CREATE OR REPLACE TABLE {_CONCERT.sql} AS
            SELECT {CONCERT} AS concert_id, 'Mahler 8' AS title, '2026-02-20'::DATE AS concert_date
            """,
            f"""
            CREATE OR REPLACE TABLE {_FACT.sql} AS
            SELECT
                {CONCERT} AS concert_id,
                seq4() + 1 AS musician_id,
                IFF(MOD(seq4(), 3) = 0, 'per_concert', 'per_service') AS pay_type,
                4 AS attended_services,
                5 AS required_services,
                (100 + MOD(seq4(), 7919) / 100)::NUMBER(12, 2) AS gross_amount,
                0::NUMBER(12, 2) AS deductions,
                (100 + MOD(seq4(), 7919) / 100)::NUMBER(12, 2) AS net_amount,
                '2026-02-21 12:00:00'::TIMESTAMP_NTZ AS calculated_at
            FROM TABLE(GENERATOR(ROWCOUNT => {MUSICIANS}))
            """,
        ):
            connection.cursor().execute(statement)


class _LargeConcert(Scene):
    """Its payments come out of the warehouse."""

    source: PaymentReader

    def reader(self) -> PaymentReader:
        return self.source


@contextmanager
def _large_concert(config: Path, directory: Path) -> Iterator[_LargeConcert]:
    """The warehouse is connected by the time it is there."""
    settings = _settings(config)
    warehouse = wiring.open_warehouse(settings, purpose="payroll")
    try:
        warehouse.read(_WARM)
        scene = _LargeConcert(directory, settings=settings)
        scene.source = PaymentReader(settings.payroll, warehouse, wiring.query_library(settings))
        yield scene
    finally:
        warehouse.close()


def _settings(config: Path) -> Settings:
    settings = wiring.load_settings(Invocation(config=config)).settings
    return replace(
        settings, payroll=replace(settings.payroll, fact=_FACT, dim_musician=_MUSICIAN, dim_concert=_CONCERT)
    )


def _require_all(run: PayrollRun) -> None:
    if run.exported is None or run.exported.said["entries"] != MUSICIANS:
        raise AssertionError("not everybody is in the file")


def _most_mb() -> float:
    """The most memory that this process has had since it began: `ru_maxrss` would begin with its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


_MEASURES = {"export": export, "bare": bare}

if __name__ == "__main__":
    made = _MEASURES[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
    print(json.dumps([made.seconds, made.megabytes]))
