"""The store's tables, as its newest revision has them. Older ones are in `migrations/versions`."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

REVISIONS = ("0001", "0002", "0003")
"""Those that this program knows, oldest first."""
NEWEST = REVISIONS[-1]
"""The one that it reads and writes."""


@lru_cache(maxsize=1)
def metadata() -> MetaData:
    from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, text

    tables = MetaData()
    health = Table(
        "health_finding",
        tables,
        Column("id", Integer, primary_key=True),
        Column("target", String, nullable=False),
        Column("name", String, nullable=False),
        Column("taken_at_us", BigInteger, nullable=False),
        Column("verdict", String, nullable=False),
        Column("value", String, nullable=False),
        Column("value_type", String, nullable=False),
    )
    Index("health_finding_by_name", health.c.target, health.c.name, health.c.taken_at_us)
    said = ("at", "user", "host", "ssh_client", "kind", "subject", "payload", "previous", "own")
    journal = Table(
        "journal",
        tables,
        Column("sequence", Integer, primary_key=True, autoincrement=False),
        *(Column(name, String, nullable=False) for name in said),
    )
    Index("journal_by_subject", journal.c.subject, journal.c.kind)
    Table(
        "store_info",
        tables,
        Column("name", String, primary_key=True),
        Column("value", String, nullable=False),
    )
    Table(
        "lease",
        tables,
        Column("name", String, primary_key=True),
        *(Column(name, String, nullable=False) for name in ("user", "host", "ssh_client", "purpose", "token")),
        Column("pid", Integer, nullable=False),
        Column("process", String, nullable=False),
        Column("taken_at_us", BigInteger, nullable=False),
        Column("beat_at_us", BigInteger, nullable=False),
    )
    plan = Table(
        "plan",
        tables,
        Column("plan_id", String, primary_key=True),
        Column("position", Integer, nullable=False),
        Column("batch", String, nullable=False),
        Column("made_at_us", BigInteger, nullable=False),
        Column("document", String, nullable=False),
        Column("used_by", String, nullable=False),
        Column("used_at_us", BigInteger),
    )
    Index("plan_by_batch", plan.c.batch, plan.c.position)
    payroll = Table(
        "payroll_run",
        tables,
        Column("run_id", String, primary_key=True),
        Column("target", String, nullable=False),
        Column("concert_id", String, nullable=False),
        Column("opened_at_us", BigInteger, nullable=False),
        Column("ended_at_us", BigInteger),
    )
    not_ended = text("ended_at_us IS NULL")
    Index(
        "payroll_run_open",
        payroll.c.target,
        payroll.c.concert_id,
        unique=True,
        sqlite_where=not_ended,
        postgresql_where=not_ended,
    )
    return tables


def table(name: str) -> Table:
    return metadata().tables[name]
