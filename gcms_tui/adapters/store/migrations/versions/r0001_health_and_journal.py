"""Health over time and the journal, as the first stores have them, which were made without a revision."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "health_finding",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("taken_at_us", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("value_type", sa.String, nullable=False),
        if_not_exists=True,
    )
    op.create_index("health_finding_by_name", "health_finding", ["target", "name", "taken_at_us"], if_not_exists=True)
    op.create_table(
        "journal",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in ("at", "user", "host", "ssh_client", "kind", "subject", "payload", "previous", "own")
        ),
        if_not_exists=True,
    )
