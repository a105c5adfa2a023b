"""A built sandbox's warehouse and dbt project, with the real server between them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection

from gcms_tui.sandbox.story.plot import Story
from tests.sandbox.story.dbt_line import DbtLine
from tests.sandbox.warehouse.client import ask

CRITICAL = "expression_is_true_fct_musician_payment_attended_services_required_services"
SCD2_TABLES = ("br_attendance_scd2", "br_musician_scd2", "br_concert_scd2")


@dataclass(frozen=True)
class Platform:
    project: Path
    story: Story
    connection: SnowflakeConnection
    line: DbtLine

    def ask(self, statement: str, *values: Any) -> list[Any]:
        return ask(self.connection, statement, *values)

    def scd2(self, table: str) -> list[tuple[Any, ...]]:
        """Every row, every column."""
        return self.ask(f"SELECT * FROM GCMS.BRONZE.{table} ORDER BY natural_key, scd_id")

    def history(self) -> dict[str, list[tuple[Any, ...]]]:
        return {table: self.scd2(table) for table in SCD2_TABLES}

    def payments(self) -> list[tuple[Any, ...]]:
        """Gold, but for the moment at which it was calculated."""
        return self.ask(
            "SELECT concert_id, musician_id, pay_type, attended_services, required_services, rate, gross_amount,"
            " deductions, net_amount FROM GCMS.GOLD.FCT_MUSICIAN_PAYMENT ORDER BY 1, 2"
        )

    def disagreements(self) -> list[tuple[Any, ...]]:
        """Concert, musician and both amounts, where gold and Supabase differ or one of them lacks the payment."""
        return self.ask(
            "SELECT COALESCE(d.concert_id, s.concert_id), COALESCE(d.musician_id, s.musician_id), d.net_amount,"
            " s.net_amount FROM GCMS.GOLD.FCT_MUSICIAN_PAYMENT d FULL OUTER JOIN GCMS.BRONZE.BR_SUPABASE_PAYMENT s"
            " ON d.concert_id = s.concert_id AND d.musician_id = s.musician_id"
            " WHERE d.net_amount IS NULL OR s.net_amount IS NULL OR d.net_amount <> s.net_amount ORDER BY 1, 2"
        )

    def dbt(self, *arguments: str) -> dict[str, str]:
        """Runs dbt, and answers each node's status by its name."""
        self.line.run(*arguments)
        return statuses(self.artifact("run_results"))

    def artifact(self, name: str) -> dict[str, Any]:
        content = json.loads((self.project / "target" / f"{name}.json").read_text(encoding="utf-8"))
        assert isinstance(content, dict)
        return content


def statuses(run_results: dict[str, Any]) -> dict[str, str]:
    return {result["unique_id"].split(".")[2]: result["status"] for result in run_results["results"]}


def failed(found: dict[str, str]) -> dict[str, str]:
    return {name: status for name, status in found.items() if status not in ("success", "pass")}
