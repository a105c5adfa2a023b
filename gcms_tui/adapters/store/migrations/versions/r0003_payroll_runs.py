"""Payroll runs: at most one that has not ended for each concert, whoever opens it, on whichever host."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "payroll_run",
        sa.Column("run_id", sa.String, primary_key=True),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("concert_id", sa.String, nullable=False),
        sa.Column("opened_at_us", sa.BigInteger, nullable=False),
        sa.Column("ended_at_us", sa.BigInteger),
    )
    not_ended = sa.text("ended_at_us IS NULL")
    op.create_index(
        "payroll_run_open",
        "payroll_run",
        ["target", "concert_id"],
        unique=True,
        sqlite_where=not_ended,
        postgresql_where=not_ended,
    )
