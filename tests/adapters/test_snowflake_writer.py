"""The write side against the practice warehouse, and against a line and servers on which everything goes wrong."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.adapters.read_guard import require_read, require_write
from gcms_tui.adapters.snowflake_session import Session
from gcms_tui.adapters.snowflake_writer import SnowflakeWriteAccess, SnowflakeWriteSession
from gcms_tui.core.errors import CommitUnknown, ConfigError, GcmsError, Refused, StatementFailed, Unavailable
from gcms_tui.core.query import Access, Dialect, Statement
from gcms_tui.core.settings import SnowflakeSettings
from gcms_tui.operations.writing.ports import WriteAccess, WriteSession
from gcms_tui.sandbox.warehouse.process import WarehouseProcess
from tests.adapters.scripted_snowflake import (
    ask,
    credentials,
    fixed,
    quick,
    refused,
    rows,
    scripted,
    typed,
    unused_port,
)
from tests.sandbox.warehouse.client import free_port
from tests.wire import Exchange, Wire, counting, drop_answer, drop_request, interfere, stalled_until

USER, PASSWORD = "me", "planted-hunter2"
FAR_TOO_LONG_S = 25
SETTINGS = quick(login_timeout_s=20, network_timeout_s=30, write_timeout_s=6)
UPDATE = "UPDATE public.t SET n = n + 1 WHERE id = 1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarehouseProcess]:
    """An empty warehouse, for writing."""
    directory = tmp_path_factory.mktemp("warehouse")
    with WarehouseProcess.start(directory, free_port(), USER, PASSWORD, options=("--database", "GCMS")) as running:
        yield running.wait_ready()


@pytest.fixture
def wire(server: WarehouseProcess) -> Iterator[Wire]:
    """A line to it, and a table of two rows behind it."""
    arguments = {"account": "acc", "user": USER, "password": PASSWORD, "host": server.host, "port": server.port}
    with Wire.to({**arguments, "protocol": "http", "database": "GCMS", "schema": "PUBLIC"}) as line:
        line.run("CREATE OR REPLACE TABLE public.t AS SELECT column1 AS id, 0 AS n FROM VALUES (1), (2)")
        yield line


def access_over(wire: Wire, settings: SnowflakeSettings = SETTINGS, **more: Any) -> SnowflakeWriteAccess:
    return SnowflakeWriteAccess(wire.credentials, settings, **more)


@pytest.fixture
def session(wire: Wire) -> Iterator[SnowflakeWriteSession]:
    opened = access_over(wire).open("20260105-100000-abc123")
    yield opened
    opened.close()


def write(sql: str, *binds: Any) -> Statement:
    return ask(sql, *binds, access=Access.WRITE)


def new_id() -> str:
    return str(uuid4())


def stored(wire: Wire) -> list[tuple[Any, ...]]:
    return wire.run("SELECT id, n FROM public.t ORDER BY id")


# -- what a session is ----------------------------------------------------------------------------------------------


def test_it_is_what_a_guarded_write_asks_for(wire: Wire) -> None:
    access: WriteAccess = access_over(wire)
    session: WriteSession = access.open("w")
    session.close()


def test_a_session_waits_and_runs_only_so_long_in_utc_and_is_found_by_its_tag(wire: Wire) -> None:
    settings = replace(SETTINGS, role="reader", write_role="repairer")
    session = access_over(wire, settings).open("20260105-100000-abc123")
    assert (session.identity.user, session.identity.role) == ("ME", "REPAIRER")
    assert session.identity.session_id.isdecimal()
    shown = {str(row[0]): row[1] for row in session.read(ask("SHOW PARAMETERS")).rows}
    wanted = {"LOCK_TIMEOUT": "15", "STATEMENT_TIMEOUT_IN_SECONDS": "6", "TRANSACTION_ABORT_ON_ERROR": "true"}
    wanted |= {"TIMEZONE": "UTC", "ABORT_DETACHED_QUERY": "true", "AUTOCOMMIT": "true"}
    assert wanted.items() <= shown.items()
    assert json.loads(session.query_tag)["write"] == "20260105-100000-abc123"
    request_id = new_id()
    written = session.run(write(UPDATE), request_id)
    seen = wire.run(
        "SELECT query_id, request_id, execution_status FROM TABLE(information_schema.query_history()) "
        "WHERE query_tag = ? AND query_type = 'UPDATE'",
        session.query_tag,
    )
    assert seen == [(written.query_id, request_id, "SUCCESS")]
    session.close()


@pytest.mark.parametrize(("own", "named"), [({"role": "own"}, True), ({}, False)])
def test_without_a_role_to_write_with_it_is_the_connections_own_and_no_secondary_one(
    own: dict[str, str], named: bool
) -> None:
    with scripted() as server:
        server.on_query = lambda body: rows([["me", None, "1"]], [typed(name, "text") for name in "ABC"])
        opened = SnowflakeWriteAccess(credentials(server.port, **own), quick(role="reader")).open("w")
        assert ("roleName=own" in server.logins[0]["path"]) is named
        assert "roleName=reader" not in server.logins[0]["path"]
        assert server.logins[0]["SECONDARY_ROLES"] == "NONE"
        assert opened.identity.role == ""
        opened.close()
        assert server.deleted.wait(FAR_TOO_LONG_S)


def test_a_login_that_is_refused_or_leads_nowhere(wire: Wire) -> None:
    elsewhere = credentials(wire.port, user="somebody")
    with pytest.raises(ConfigError, match="refused the login"):
        SnowflakeWriteAccess(elsewhere, SETTINGS).open("w")
    with pytest.raises(Unavailable, match="cannot be reached"):
        SnowflakeWriteAccess(credentials(unused_port()), SETTINGS).open("w")


def test_a_login_whose_session_is_of_no_use_is_ended_again() -> None:
    with scripted() as server:
        server.on_query = lambda body: refused(606, "No active warehouse selected in the current session.")
        with pytest.raises(StatementFailed):
            SnowflakeWriteAccess(credentials(server.port), SETTINGS).open("w")
        assert server.deleted.wait(FAR_TOO_LONG_S)


# -- writing --------------------------------------------------------------------------------------------------------


def test_each_count_is_read_apart(wire: Wire, session: SnowflakeWriteSession) -> None:
    def did(sql: str, *binds: Any) -> tuple[int, int]:
        written = session.run(write(sql, *binds), new_id())
        assert written.query_id
        return written.rows, written.multi_joined

    assert did("UPDATE public.t SET n = ? WHERE id > ?", 5, 0) == (2, 0)
    assert did("INSERT INTO public.t SELECT id + 10, n FROM public.t") == (2, 0)
    assert did("DELETE FROM public.t WHERE id = ?", 11) == (1, 0)
    assert did("CREATE TABLE IF NOT EXISTS public.u CLONE public.t") == (0, 0)
    wire.on("UPDATE", counting(1, 2))
    assert did(UPDATE) == (1, 2)
    wire.on("MERGE", counting(3, 4))
    merge = "MERGE INTO public.t USING public.u ON t.id = u.id "
    merge += "WHEN MATCHED THEN UPDATE SET n = 1 WHEN NOT MATCHED THEN INSERT (id, n) VALUES (u.id, 1)"
    assert did(merge) == (7, 0)


def test_a_transaction_is_seen_by_others_when_it_is_committed(wire: Wire, session: SnowflakeWriteSession) -> None:
    for after in (0, 1):
        session.begin()
        session.run(write(UPDATE), new_id())
        assert session.read(ask("SELECT n FROM public.t WHERE id = 1")).rows == ((1,),)
        assert stored(wire) == [(1, 0), (2, 0)]
        if after:
            session.commit(new_id())
        else:
            session.rollback()
        assert stored(wire) == [(1, after), (2, 0)]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (ask(UPDATE), "declared a read"),
        (write("SELECT 1"), "begins with SELECT"),
        (write("COMMIT"), "begins with COMMIT"),
        (write("ROLLBACK"), "begins with ROLLBACK"),
        (write("DROP TABLE public.t"), "begins with DROP"),
        (write("CALL wipe()"), "begins with CALL"),
        (write(""), "begins with something else"),
        (write(f"{UPDATE}; DELETE FROM public.t"), "several statements"),
        (write("CREATE TABLE public.v (x INT)"), "would end the open transaction"),
        (write("/* note */ ALTER TABLE public.t RENAME TO public.v"), "would end the open transaction"),
    ],
)
def test_what_is_no_single_write_is_not_sent(
    wire: Wire, session: SnowflakeWriteSession, statement: Statement, why: str
) -> None:
    session.begin()
    before = len(wire.asked)
    with pytest.raises(Refused, match=why):
        session.run(statement, new_id())
    with pytest.raises(Refused):
        session.read(write(UPDATE))
    with pytest.raises(ValueError, match="not a UUID of version 4"):
        session.run(write(UPDATE), "00000000-0000-1000-8000-000000000000")
    assert len(wire.asked) == before


@pytest.mark.parametrize("name", QueryLibrary.load().names())
def test_every_statement_of_the_library_is_taken_for_what_it_is(name: str) -> None:
    query = QueryLibrary.load().get(name)
    statement = Statement(name, query.source, query.sql, (), query.access)
    if query.access is Access.READ:
        require_read(statement)
        with pytest.raises(Refused):
            require_write(statement, in_transaction=False)
    elif query.dialect is Dialect.SNOWFLAKE:
        require_write(statement, in_transaction=False)
        with pytest.raises(Refused):
            require_read(statement)


def test_after_an_error_nothing_of_the_transaction_can_be_committed(wire: Wire, session: SnowflakeWriteSession) -> None:
    session.begin()
    session.run(write(UPDATE), new_id())
    with pytest.raises(StatementFailed) as caught:
        session.run(write("UPDATE public.t SET nothing = 1"), new_id())
    assert caught.value.code == 904
    with pytest.raises(StatementFailed) as refusal:
        session.commit(new_id())
    assert not isinstance(refusal.value, CommitUnknown)
    session.rollback()
    assert stored(wire) == [(1, 0), (2, 0)]


def test_a_lock_that_another_holds_is_waited_for_only_so_long_and_named(wire: Wire) -> None:
    holder, waiter = access_over(wire).open("a"), access_over(wire, lock_timeout_s=0).open("b")
    holder.begin()
    holder.run(write(UPDATE), new_id())
    waiter.begin()
    with pytest.raises(StatementFailed) as caught:
        waiter.run(write(UPDATE), new_id())
    assert caught.value.code == 625
    assert "the lock on GCMS.PUBLIC.T: SHOW LOCKS" in caught.value.next_step
    waiter.close()
    holder.commit(new_id())
    holder.close()
    assert stored(wire) == [(1, 1), (2, 0)]


def test_what_takes_too_long_names_the_setting_of_writes(wire: Wire, session: SnowflakeWriteSession) -> None:
    slow = "TABLE(GENERATOR(ROWCOUNT => 400000))"
    with pytest.raises(StatementFailed) as caught:
        session.run(write(f"INSERT INTO public.t SELECT COUNT(*), 0 FROM {slow} a, {slow} b"), new_id())
    assert "raise write_timeout_s" in caught.value.next_step
    assert stored(wire) == [(1, 0), (2, 0)]


# -- when answers are lost ------------------------------------------------------------------------------------------


def test_what_is_sent_again_carries_its_id_and_is_done_once(wire: Wire, session: SnowflakeWriteSession) -> None:
    wire.on("UPDATE", drop_answer, times=1)
    wire.on("COMMIT", drop_answer, times=1)
    update, commit = new_id(), new_id()
    session.begin()
    assert session.run(write(UPDATE), update).rows == 1
    assert session.commit(commit)
    assert stored(wire) == [(1, 1), (2, 0)]
    for part, request_id in (("UPDATE", update), ("COMMIT", commit)):
        assert [(asked.request_id, asked.retry) for asked in wire.requests(part)] == [(request_id, 0), (request_id, 1)]


@pytest.mark.parametrize(("fault", "after"), [(drop_request, 0), (drop_answer, 1)])
def test_a_commit_without_an_answer_is_unknown_done_or_not(
    wire: Wire, session: SnowflakeWriteSession, fault: Any, after: int
) -> None:
    session.begin()
    session.run(write(UPDATE), new_id())
    wire.on("COMMIT", fault)
    with pytest.raises(CommitUnknown) as caught:
        session.commit(new_id())
    assert "journal doubts" in caught.value.next_step
    session.close()
    assert stored(wire) == [(1, after), (2, 0)]
    assert len(wire.requests("COMMIT")) > 1


def test_a_statement_without_an_answer_is_unavailable_and_undone_by_the_end_of_the_session(
    wire: Wire, session: SnowflakeWriteSession
) -> None:
    session.begin()
    wire.on("UPDATE", drop_answer)
    with pytest.raises(Unavailable) as caught:
        session.run(write(UPDATE), new_id())
    assert not isinstance(caught.value, CommitUnknown)
    session.close()
    assert stored(wire) == [(1, 0), (2, 0)]
    wire.run(UPDATE)  # and nobody holds its lock


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refused(90233, "The transaction was aborted by an earlier error."), StatementFailed),
        (refused(625, "another transaction"), StatementFailed),
        (refused(604, "SQL execution canceled"), CommitUnknown),
        (refused(630, "Statement reached its timeout"), CommitUnknown),
        (refused(603, "SQL execution internal error"), CommitUnknown),
        (refused(390111, "Session no longer exists."), CommitUnknown),
        (refused(709, "Statement has run, but its result is no longer kept."), CommitUnknown),
        ((401, {}), CommitUnknown),
        ((200, {"success": True, "data": {"rowtype": "odd"}}), CommitUnknown),
    ],
)
def test_only_the_warehouses_own_no_means_that_nothing_was_committed(reply: Any, error: type[GcmsError]) -> None:
    def answer(body: dict[str, Any]) -> Any:
        return reply if body["sqlText"] == "COMMIT" else rows([["1", "1", "1"]], [fixed(name) for name in "ABC"])

    with scripted() as server:
        server.on_query = answer
        session = SnowflakeWriteAccess(credentials(server.port), SETTINGS).open("w")
        session.begin()
        with pytest.raises(error) as caught:
            session.commit(new_id())
        assert type(caught.value) is error
        session.close()


def test_an_interrupt_while_commit_is_on_its_way_leaves_it_unknown(
    session: SnowflakeWriteSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "run", interrupted)
    with pytest.raises(CommitUnknown, match="KeyboardInterrupt"):
        session.commit(new_id())


def test_closing_does_not_wait_for_a_server_that_stands_still(server: WarehouseProcess, wire: Wire) -> None:
    session = access_over(wire, SnowflakeSettings()).open("w")
    os.kill(server.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        session.close()
        assert time.monotonic() - began < FAR_TOO_LONG_S
    finally:
        os.kill(server.pid, signal.SIGCONT)


# -- the line itself ------------------------------------------------------------------------------------------------


def test_somebody_elses_write_comes_in_between(wire: Wire, session: SnowflakeWriteSession) -> None:
    wire.on("UPDATE PUBLIC.T", interfere("UPDATE public.t SET n = ? WHERE id = 1", 7), times=1)
    assert session.run(write(UPDATE), new_id()).rows == 1
    assert stored(wire) == [(1, 8), (2, 0)]
    wire.mend()


def test_a_statement_hangs_until_it_is_let_go(wire: Wire, session: SnowflakeWriteSession) -> None:
    arrived, released = threading.Event(), threading.Event()

    def hangs(exchange: Exchange) -> bytes:
        arrived.set()
        return stalled_until(released)(exchange)

    wire.on("UPDATE", hangs)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(session.run, write(UPDATE), new_id())
        assert arrived.wait(FAR_TOO_LONG_S)
        assert stored(wire) == [(1, 0), (2, 0)]
        released.set()
        assert running.result(FAR_TOO_LONG_S).rows == 1
    assert stored(wire) == [(1, 1), (2, 0)]
