"""Supabase's Postgres, read-only: one short session a question."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from gcms_tui.adapters.postgres_session import PATIENCE_S, PostgresFailed, perform, server_of
from gcms_tui.adapters.read_guard import require_read
from gcms_tui.adapters.supabase import connect
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.secret import Secret


class SupabaseDatabase:
    """Safe from several threads: each question has a session of its own. `dsn` None: nothing is configured, which is
    told to whoever asks."""

    def __init__(
        self,
        dsn: Secret | None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._dsn = dsn
        self._now = now
        self._patience_s = patience_s

    def read(self, statement: Statement) -> Answer:
        """Amounts as `Decimal`, moments in UTC.

        Raises `Refused` (not a read), `ConfigError` where none is configured, `Unavailable`, `StatementFailed`.
        """
        require_read(statement)
        with connect(configured(self._dsn)) as connection:
            try:
                where = server_of(connection)
                return perform(connection, statement, self._now, where=where, patience_s=self._patience_s).answer
            except PostgresFailed as failed:
                raise failed.failure.error from None


def configured(dsn: Secret | None) -> Secret:
    """Raises `ConfigError` where it is None."""
    if dsn is None:
        raise ConfigError(
            "Supabase is not configured",
            "No way into Supabase's Postgres is named.",
            "Name one under [supabase]: dsn_env, dsn_file or service.",
        )
    return dsn
