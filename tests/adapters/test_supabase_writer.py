"""Sessions that write to Postgres, and the reader: what they are set to, how long they wait, what their errors say."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from gcms_tui.adapters.supabase import write_dsn
from gcms_tui.adapters.supabase_reader import SupabaseDatabase
from gcms_tui.adapters.supabase_writer import SupabaseWriteAccess, SupabaseWriteSession
from gcms_tui.core.errors import (
    CommitUnknown,
    ConfigError,
    GcmsError,
    MissingRelation,
    Refused,
    StatementFailed,
    StatementTimeout,
    Unavailable,
)
from gcms_tui.core.finding import Scalar
from gcms_tui.core.query import Access, Statement
from gcms_tui.core.secret import Secret
from gcms_tui.core.settings import SupabaseSettings
from tests.postgres_wire import COMMIT, PostgresWire, drop_answer, stalled_until
from tests.practice import RunningPlatform

TABLE = "writer_test"
PLANTED = "planted-hunter2"


def read(sql: str, *binds: Scalar) -> Statement:
    return Statement("q", "queries/q.sql", sql, binds)


def write(sql: str, *binds: Scalar) -> Statement:
    return Statement("q", "queries/q.sql", sql, binds, Access.WRITE)


@pytest.fixture(scope="module")
def dsn(platform: RunningPlatform) -> Iterator[str]:
    """Of a Postgres that has a table of these tests alone."""
    with psycopg.connect(platform.postgres, autocommit=True) as connection:
        connection.execute(
            f"CREATE TABLE public.{TABLE} (id int PRIMARY KEY CHECK (id < 100), net numeric(12, 2))".encode()
        )
        connection.execute(f"INSERT INTO public.{TABLE} VALUES (1, 10.10), (2, 20.20)".encode())
        yield platform.postgres
        connection.execute(f"DROP TABLE public.{TABLE}".encode())


@pytest.fixture
def session(dsn: str) -> Iterator[SupabaseWriteSession]:
    opened = SupabaseWriteAccess(Secret(dsn), lock_timeout_s=1).open("20260301-090000-abcdef")
    yield opened
    opened.close()


@pytest.fixture
def wire(dsn: str) -> Iterator[PostgresWire]:
    with PostgresWire.to(int(str(psycopg.conninfo.conninfo_to_dict(dsn)["port"]))) as opened:
        yield opened


def over(wire: PostgresWire, dsn: str) -> Secret:
    return Secret(psycopg.conninfo.make_conninfo(dsn, port=wire.port))


def request() -> str:
    return str(uuid.uuid4())


def test_the_writing_login_is_its_own_or_that_for_reading(tmp_path: Path) -> None:
    file = tmp_path / "dsn"
    file.write_text("postgresql://from/file\n")
    file.chmod(0o600)
    env = {"R": "postgresql://r", "W": "postgresql://w"}
    assert write_dsn(SupabaseSettings(), env) is None
    assert write_dsn(SupabaseSettings(dsn_env="R"), env) == Secret("postgresql://r")
    assert write_dsn(SupabaseSettings(dsn_env="R", write_dsn_env="W"), env) == Secret("postgresql://w")
    assert write_dsn(SupabaseSettings(service="r", write_dsn_file=file), env) == Secret("postgresql://from/file")
    assert write_dsn(SupabaseSettings(dsn_env="R", write_service="w"), env) == Secret("service=w")
    with pytest.raises(ConfigError, match="DSN for recording"):
        write_dsn(SupabaseSettings(dsn_env="R", write_dsn_env="X"), env)


@pytest.mark.parametrize(
    "use", [lambda: SupabaseDatabase(None).read(read("SELECT 1")), lambda: SupabaseWriteAccess(None).open("w")]
)
def test_without_a_way_in_it_is_said_on_use(use: Callable[[], object]) -> None:
    with pytest.raises(ConfigError, match="not configured"):
        use()


def test_the_session_says_who_it_is_and_is_bounded(session: SupabaseWriteSession) -> None:
    assert session.query_tag == "gcms-tui 20260301-090000-abcdef"
    assert (session.identity.user, session.identity.role) == ("gcms", "gcms")
    shown = {
        name: session.read(read(f"SHOW {name}")).rows[0][0]
        for name in (
            "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone", "application_name",
            "transaction_isolation",
        )
    }  # fmt: skip
    assert list(shown.values()) == ["30s", "1s", "1min", "UTC", session.query_tag, "read committed"]
    [(pid,)] = session.read(
        read("SELECT pid FROM pg_stat_activity WHERE application_name = %s", session.query_tag)
    ).rows
    assert str(pid) == session.identity.session_id


@pytest.mark.parametrize("where", ["dsn", "among several", "environment"])
def test_the_transaction_pooler_is_refused_before_anything_is_sent(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if where == "environment":
        monkeypatch.setenv("PGPORT", "6543")
    port = {"dsn": "6543", "among several": "5432,6543", "environment": ""}[where]
    with pytest.raises(Refused) as caught:
        SupabaseWriteAccess(Secret(f"host=127.0.0.1 user=u password={PLANTED} port={port}")).open("w")
    assert caught.value.guard == "pooler" and "5432" in caught.value.next_step and PLANTED not in str(caught.value)


def test_a_write_is_in_clear_to_no_other_host() -> None:
    with pytest.raises(ConfigError, match="without encryption"):
        SupabaseWriteAccess(Secret(f"postgresql://u:{PLANTED}@db.example.org/db?sslmode=prefer")).open("w")


def test_it_reads_and_writes_in_its_transaction(session: SupabaseWriteSession, dsn: str) -> None:
    session.begin()
    locked = session.run(write(f"SELECT id FROM {TABLE} WHERE id = %s FOR UPDATE", 1), request())
    written = session.run(write(f"UPDATE {TABLE} SET net = net + %s RETURNING id", Decimal("0.01")), request())
    assert (locked.rows, written.rows, written.multi_joined) == (1, 2, 0)
    looked = read(f"SELECT sum(net) AS net FROM {TABLE}")
    assert session.read(looked).rows == ((Decimal("30.32"),),)
    assert SupabaseDatabase(Secret(dsn)).read(looked).rows == ((Decimal("30.30"),),)
    session.rollback()
    assert session.read(looked).rows == ((Decimal("30.30"),),)
    session.begin()
    assert session.commit(request()) is None


def test_values_come_as_they_are(dsn: str) -> None:
    answer = SupabaseDatabase(Secret(dsn)).read(
        read(
            "SELECT 1.10::numeric AS n, NULL AS nothing, 7 AS i, true AS b, 'tëxt' AS t, DATE '2026-03-01' AS d, "
            "TIMESTAMPTZ '2026-03-01 10:00+01' AS z, TIMESTAMP '2026-03-01 09:00' AS p, "
            "'00000000-0000-0000-0000-00000000000a'::uuid AS u WHERE %s = 'x%%'", "x%"
        )
    )  # fmt: skip
    nine = datetime(2026, 3, 1, 9, tzinfo=UTC)
    wanted = (
        Decimal("1.10"),
        None,
        7,
        True,
        "tëxt",
        date(2026, 3, 1),
        nine,
        nine,
        f"{'0' * 8}-0000-0000-0000-{'0' * 11}a",
    )
    assert answer.columns == ("n", "nothing", "i", "b", "t", "d", "z", "p", "u")
    assert list(map(repr, answer.rows[0])) == list(map(repr, wanted))


@pytest.mark.parametrize(
    "statement", [write("UPDATE t SET a = 1"), read("UPDATE t SET a = 1"), read("SELECT 1; SELECT 2")]
)
def test_the_reader_only_reads(statement: Statement) -> None:
    with pytest.raises(Refused):
        SupabaseDatabase(Secret("postgresql://nobody")).read(statement)


def test_not_even_a_function_writes_for_the_reader(dsn: str) -> None:
    with pytest.raises(StatementFailed, match="read-only") as caught:
        SupabaseDatabase(Secret(dsn)).read(read(f"SELECT id FROM {TABLE} FOR UPDATE"))
    assert "write_dsn_env" in caught.value.next_step


@pytest.mark.parametrize(
    "statement",
    [read(f"SELECT id FROM {TABLE} FOR UPDATE"), write("COMMIT"), write("DROP TABLE x"), write("UPDATE t; COMMIT")],
)
def test_a_write_is_one_that_is_declared_and_ends_no_transaction(
    session: SupabaseWriteSession, statement: Statement
) -> None:
    session.begin()
    with pytest.raises(Refused):
        session.run(statement, request())


@pytest.mark.parametrize(
    ("sql", "kind", "said"),
    [
        (f"UPDATE {TABLE} SET net = 'planted'", StatementFailed, "InvalidTextRepresentation (22P02)"),
        (f"UPDATE {TABLE} SET id = 1", StatementFailed, "duplicate key value violates unique constraint"),
        (f"UPDATE {TABLE} SET id = id + 4711", StatementFailed, "violates check constraint"),
        (f"UPDATE {TABLE} SET no_such_column = 1", StatementFailed, "does not exist (42703)"),
        (f"UPDATE {TABLE} SET net = 1 / (id - id)", StatementFailed, "DivisionByZero (22012)"),
        ("UPDATE nowhere SET id = 1", MissingRelation, "does not exist (42P01)"),
        (f"UPDATE {TABLE} SET net = 0 WHERE pg_sleep(60) IS NOT NULL", StatementTimeout, "statement timeout"),
    ],
)  # fmt: skip
def test_an_error_says_what_is_wrong_and_repeats_no_value(
    session: SupabaseWriteSession, sql: str, kind: type[GcmsError], said: str
) -> None:
    session.read(read("SELECT set_config('statement_timeout', '2s', false)"))
    session.begin()
    with pytest.raises(kind) as caught:
        session.run(write(sql), request())
    told = f"{caught.value} {caught.value.next_step}"
    assert said in told and "queries/q.sql" in told
    assert not any(value in told for value in ("=(", "4712", "10.10", "(1,", "Failing row", "planted"))
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    with pytest.raises(StatementFailed, match="Nothing was stored"):
        session.commit(request())
    session.rollback()


def test_a_server_that_says_nothing_is_given_up(wire: PostgresWire, dsn: str) -> None:
    released = threading.Event()
    wire.on("pg_sleep", stalled_until(released))
    session = SupabaseWriteAccess(over(wire, dsn)).open("w")
    session._patience_s = 0.3
    with pytest.raises(Unavailable, match=r"no answer within 0\.3 s"):
        session.read(read("SELECT pg_sleep(0)"))
    with pytest.raises(Unavailable, match=r"no answer within 0\.3 s"):
        SupabaseDatabase(over(wire, dsn), patience_s=0.3).read(read("SELECT pg_sleep(0)"))
    session.close()
    released.set()


@pytest.mark.parametrize("how", ["lost", "interrupted"])
def test_a_commit_without_an_answer_is_unknown(
    wire: PostgresWire, dsn: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = SupabaseWriteAccess(over(wire, dsn)).open("w")
    session.begin()
    session.run(write(f"UPDATE {TABLE} SET net = net"), request())
    if how == "lost":
        wire.on(COMMIT, drop_answer)
    else:

        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("gcms_tui.adapters.supabase_writer.perform", interrupted)
    with pytest.raises(CommitUnknown):
        session.commit(request())
    monkeypatch.undo()
    session.close()


def test_a_session_that_is_ended_in_its_commit_is_no_answer(wire: PostgresWire, dsn: str) -> None:
    """FATAL ends the session; what it was doing may have been done."""
    session = SupabaseWriteAccess(over(wire, dsn)).open("w")
    session.begin()
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [int(session.identity.session_id)])
    with pytest.raises(CommitUnknown):
        session.commit(request())
    session.close()
