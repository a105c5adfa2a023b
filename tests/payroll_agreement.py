"""Do a released file, the paid rows in Postgres and the archive agree to the cent? By plain drivers alone.

    python -m tests.payroll_agreement FILE.csv CONCERT ARCHIVE_TABLE < connections.json

`connections.json`: {"postgres": DSN, "snowflake": {arguments of snowflake.connector.connect}}.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import snowflake.connector

Amounts = dict[str, Decimal]
"""Net amounts, by the musician's id."""


@dataclass(frozen=True, slots=True)
class Sides:
    file: Amounts
    recorded: Amounts
    """What Supabase has as paid."""
    archived: Amounts
    dates: frozenset[str]
    """The days of payment."""

    @property
    def differences(self) -> dict[str, tuple[Decimal | None, ...]]:
        everybody = self.file.keys() | self.recorded.keys() | self.archived.keys()
        beside = {
            musician: tuple(side.get(musician) for side in (self.file, self.recorded, self.archived))
            for musician in everybody
        }
        return {musician: amounts for musician, amounts in beside.items() if len(set(amounts)) > 1}


def sides(file: Path, concert: str, archive: str, postgres: str, warehouse: Mapping[str, Any]) -> Sides:
    """Musicians of the file are known by their addresses, which Supabase holds but once."""
    with psycopg.connect(postgres) as connection:
        ids = {mail: str(number) for mail, number in connection.execute("SELECT email, id FROM public.musician")}
        paid = connection.execute(
            "SELECT musician_id, net_amount, payment_date FROM public.payment WHERE concert_id = %s AND paid",
            (int(concert),),
        ).fetchall()
    with file.open(newline="", encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    with snowflake.connector.connect(**warehouse) as warehouse_connection:
        cursor = warehouse_connection.cursor()
        cursor.execute(f"SELECT musician_id, net_amount FROM {archive} WHERE concert_id = %s", (int(concert),))
        archived = [(str(row[0]), Decimal(str(row[1]))) for row in cursor.fetchall()]
    return Sides(
        _once([(ids[line["email"]], Decimal(line["net_amount"])) for line in lines]),
        _once([(str(musician), net) for musician, net, _ in paid]),
        _once(archived),
        frozenset(str(day) for _, _, day in paid),
    )


def _once(amounts: list[tuple[str, Decimal]]) -> Amounts:
    found = dict(amounts)
    assert len(found) == len(amounts), "a musician is there twice"
    return found


if __name__ == "__main__":
    given = json.load(sys.stdin)
    seen = sides(Path(sys.argv[1]), sys.argv[2], sys.argv[3], given["postgres"], given["snowflake"])
    sys.stdout.write(f"{len(seen.file)} payments, {sum(seen.file.values())} in all, paid on {sorted(seen.dates)}\n")
    for musician, amounts in seen.differences.items():
        sys.stdout.write(f"musician {musician}: file, Supabase, archive: {amounts}\n")
    sys.exit(bool(seen.differences) or not seen.file)
