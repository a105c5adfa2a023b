"""Leases, plans, the store's own id; a journal that refuses to be changed, as a courtesy: its chain is the proof."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("journal_by_subject", "journal", ["subject", "kind"], if_not_exists=True)
    info = op.create_table(
        "store_info", sa.Column("name", sa.String, primary_key=True), sa.Column("value", sa.String, nullable=False)
    )
    op.bulk_insert(info, [{"name": "store_id", "value": secrets.token_hex(16)}])
    op.create_table(
        "lease",
        sa.Column("name", sa.String, primary_key=True),
        *(sa.Column(name, sa.String, nullable=False) for name in ("user", "host", "ssh_client", "purpose", "token")),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("process", sa.String, nullable=False),
        sa.Column("taken_at_us", sa.BigInteger, nullable=False),
        sa.Column("beat_at_us", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "plan",
        sa.Column("plan_id", sa.String, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("batch", sa.String, nullable=False),
        sa.Column("made_at_us", sa.BigInteger, nullable=False),
        sa.Column("document", sa.String, nullable=False),
        sa.Column("used_by", sa.String, nullable=False),
        sa.Column("used_at_us", sa.BigInteger),
    )
    op.create_index("plan_by_batch", "plan", ["batch", "position"])
    for statement in _TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


_TRIGGERS = {
    "sqlite": tuple(
        f"CREATE TRIGGER journal_no_{word} BEFORE {word} ON journal "
        "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        for word in ("update", "delete")
    ),
    "postgresql": (
        "CREATE FUNCTION journal_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$",
        "CREATE TRIGGER journal_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal "
        "FOR EACH STATEMENT EXECUTE FUNCTION journal_append_only()",
    ),
}
