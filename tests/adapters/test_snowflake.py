"""The read side of Snowflake against servers in every kind of trouble, through the real connector."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters.snowflake import SnowflakeWarehouse
from gcms_tui.core.errors import (
    ConfigError,
    GcmsError,
    MissingRelation,
    Refused,
    StatementFailed,
    StatementTimeout,
    Unavailable,
)
from gcms_tui.core.query import Access
from gcms_tui.core.settings import SnowflakeSettings
from tests.adapters.scripted_snowflake import (
    PASSWORD,
    ScriptedSnowflake,
    ask,
    black_hole,
    credentials,
    dropping,
    fixed,
    quick,
    refused,
    rows,
    scripted,
    typed,
    unused_port,
)

FAR_TOO_LONG_S = 30.0
"""No test measures time closely; this tells a limit that holds from one that does not."""


@pytest.fixture
def server() -> Iterator[ScriptedSnowflake]:
    with scripted() as running:
        yield running
        # The driver's timers would go on asking a server that has stopped, and fail in another test.
        running.on_abort = lambda: (200, {"success": True})
        for thread in threading.enumerate():
            if type(thread).__module__.startswith("snowflake"):
                thread.join(FAR_TOO_LONG_S)


@pytest.fixture
def warehouse(server: ScriptedSnowflake) -> Iterator[SnowflakeWarehouse]:
    patient = quick(login_timeout_s=20, statement_timeout_s=20)
    opened = SnowflakeWarehouse(credentials(server.port), patient, purpose="test")
    yield opened
    opened.close()


def failure_of(port: int, settings: SnowflakeSettings | None = None) -> tuple[GcmsError, float]:
    """What reading there ends in, and after how many seconds."""
    warehouse = SnowflakeWarehouse(credentials(port), settings or quick())
    began = time.monotonic()
    try:
        with pytest.raises(GcmsError) as caught:
            warehouse.read(ask())
        return caught.value, time.monotonic() - began
    finally:
        warehouse.close()


# -- what a session is told -------------------------------------------------------------------------------------------


def test_every_session_is_in_utc_tagged_bounded_and_without_secondary_roles(server: ScriptedSnowflake) -> None:
    warehouse = SnowflakeWarehouse(credentials(server.port, role="OWNER"), quick(role="READER"), purpose="health")
    warehouse.read(ask())
    warehouse.close()
    (login,) = server.logins
    parameters = login["SESSION_PARAMETERS"]
    assert parameters["TIMEZONE"] == "UTC"
    assert parameters["STATEMENT_TIMEOUT_IN_SECONDS"] == 2
    assert parameters["ABORT_DETACHED_QUERY"] is True
    assert parameters["TIMESTAMP_INPUT_FORMAT"] == parameters["DATE_INPUT_FORMAT"] == "AUTO"
    assert parameters["QUOTED_IDENTIFIERS_IGNORE_CASE"] is False
    assert parameters["DEFAULT_NULL_ORDERING"] == "LAST"
    assert parameters["CLIENT_TELEMETRY_ENABLED"] is False
    assert "CLIENT_SESSION_KEEP_ALIVE" not in parameters or parameters["CLIENT_SESSION_KEEP_ALIVE"] is False
    tag = json.loads(parameters["QUERY_TAG"])
    assert (tag["app"], tag["purpose"]) == ("gcms-tui", "health")
    assert login["SECONDARY_ROLES"] == "NONE"
    assert "roleName=READER" in login["path"]
    assert server.deleted.wait(FAR_TOO_LONG_S)


# -- values -----------------------------------------------------------------------------------------------------------


def test_values_come_back_exact_and_in_utc(server: ScriptedSnowflake, warehouse: SnowflakeWarehouse) -> None:
    columns = [
        *(fixed("COUNT"), fixed("AMOUNT", 2), typed("TEXT", "text"), typed("DAY", "date"), typed("FLAG", "boolean")),
        *(typed("NTZ", "timestamp_ntz"), typed("LTZ", "timestamp_ltz"), typed("TZ", "timestamp_tz")),
        *(typed("Mixed", "text"), typed("SHARE", "real")),
    ]
    values: list[str | None] = [
        *("12345678901234567890", "1234567890123456.10", "[/b]\x1b[31m", "19783", "1"),
        *("1709251200.500000000", "1709251200.000000000", "1709251200.000000000 1500"),  # 1500: UTC+1
        *("x", "0.5"),
    ]
    server.on_query = lambda body: rows([values, [None] * 10], columns)
    answer = warehouse.read(ask())
    assert answer.columns == ("count", "amount", "text", "day", "flag", "ntz", "ltz", "tz", "Mixed", "share")
    moment = datetime(2024, 3, 1, tzinfo=UTC)
    assert answer.rows[0] == (
        *(12345678901234567890, Decimal("1234567890123456.10"), "[/b]\x1b[31m", date(2024, 3, 1), True),
        *(moment + timedelta(milliseconds=500), moment, moment, "x", 0.5),
    )
    assert [type(value) for value in answer.rows[0][:2]] == [int, Decimal]
    assert all(value.tzinfo is UTC for value in answer.rows[0][5:8] if isinstance(value, datetime))
    assert answer.rows[1] == (None,) * 10
    assert answer.query_id == "01-query"
    assert answer.taken_at.tzinfo is UTC


def test_values_are_bound_never_pasted(server: ScriptedSnowflake, warehouse: SnowflakeWarehouse) -> None:
    sql = "SELECT ? , ?, ?, ?, ?, ?, ?, '%s'"
    away = timezone(timedelta(hours=2))
    values = ("x' OR 1=1 --", Decimal("100.10"), datetime(2026, 3, 1, 2, tzinfo=away), date(2026, 3, 1), 5, True, None)
    warehouse.read(ask(sql, *values))
    (query,) = server.queries
    assert query["sqlText"] == sql
    bound = [query["bindings"][str(number)]["value"] for number in range(1, 8)]
    assert bound == ["x' OR 1=1 --", "100.10", "2026-03-01 00:00:00.000000", "2026-03-01", "5", "true", None]


def test_a_moment_without_a_zone_is_refused_before_it_is_sent(
    server: ScriptedSnowflake, warehouse: SnowflakeWarehouse
) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        warehouse.read(ask("SELECT ?", datetime(2026, 3, 1)))  # noqa: DTZ001 - the mistake that is looked for
    assert not server.queries


# -- what is no read --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET a = 1",
        "/* SELECT */ DELETE FROM t",
        "-- SELECT\nDROP TABLE t",
        "// SELECT\nINSERT INTO t VALUES (1)",
        "CALL p()",
        "BEGIN",
        "",
        "(SELECT 1)",
        "SELECT 1; DROP TABLE t",
        "SELECT ';' ; SELECT 2",
        "SELECT 1; /* and */ 'x'",
    ],
)
def test_what_does_not_read_never_reaches_the_server(
    server: ScriptedSnowflake, warehouse: SnowflakeWarehouse, sql: str
) -> None:
    with pytest.raises(Refused) as caught:
        warehouse.read(ask(sql))
    assert "queries/test.sql" in caught.value.message
    with pytest.raises(Refused):
        warehouse.read(ask(access=Access.WRITE))
    assert not server.logins


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        "with x as (select 1) select * from x",
        "/* why */ SHOW TABLES",
        "DESC TABLE t",
        "SELECT ';--' ; -- end",
    ],
)
def test_what_reads_is_let_through(server: ScriptedSnowflake, warehouse: SnowflakeWarehouse, sql: str) -> None:
    assert warehouse.read(ask(sql)).rows == ((1,),)


# -- statements that fail ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message", "wanted", "says"),
    [
        (2003, "Object 'GCMS.GOLD.X' does not exist or not authorized.", MissingRelation, "right to see it"),
        (2043, "Catalog Error: Table with name X does not exist!", MissingRelation, "right to see it"),
        (904, "invalid identifier 'WRONG'", StatementFailed, "column is missing"),
        (2043, 'Binder Error: Referenced column "X" not found', StatementFailed, "doctor"),
        (630, "Statement reached its statement timeout of 2 second(s) and was canceled.", StatementTimeout, "busy"),
        (604, "SQL execution canceled", StatementTimeout, "busy"),
        (606, "No active warehouse selected in the current session.", StatementFailed, "Name a warehouse"),
        (1003, "SQL compilation error: syntax error", StatementFailed, "queries check"),
        (100038, "Numeric value 'x' is not recognized", StatementFailed, "doctor"),
    ],
)
def test_each_refusal_is_told_as_what_it_is(
    server: ScriptedSnowflake,
    warehouse: SnowflakeWarehouse,
    code: int,
    message: str,
    wanted: type[StatementFailed],
    says: str,
) -> None:
    server.on_query = lambda body: refused(code, message, "42S02")
    with pytest.raises(StatementFailed) as caught:
        warehouse.read(ask())
    assert type(caught.value) is wanted
    assert message in caught.value.message
    assert says in caught.value.next_step
    assert "queries/test.sql" in caught.value.title
    assert (caught.value.code, caught.value.query_id) == (code, "01-failed")
    server.on_query = lambda body: rows([["2"]], [fixed("N")])
    assert warehouse.read(ask()).rows == ((2,),)
    assert len(server.logins) == 1, "a refused statement does not cost the session"


def test_outside_text_in_a_message_cannot_steer_the_terminal(
    server: ScriptedSnowflake, warehouse: SnowflakeWarehouse
) -> None:
    server.on_query = lambda body: refused(1003, "bad \x1b[2J\x1b]0;title\x07 line\nbreak" + "x" * 5000)
    with pytest.raises(StatementFailed) as caught:
        warehouse.read(ask())
    assert "\x1b" not in caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 700


# -- logins that fail -------------------------------------------------------------------------------------------------


def test_a_wrong_password_is_a_matter_of_configuration(server: ScriptedSnowflake) -> None:
    server.on_login = lambda body: refused(390100, "Incorrect username or password was specified.")
    error, _ = failure_of(server.port)
    assert isinstance(error, ConfigError)
    assert "Incorrect username or password" in error.message
    assert len(server.logins) == 1


def test_a_dozen_checks_do_not_lock_the_user_with_a_dozen_wrong_passwords(server: ScriptedSnowflake) -> None:
    server.on_login = lambda body: refused(390100, "Incorrect username or password was specified.")
    warehouse = SnowflakeWarehouse(credentials(server.port), quick())

    def read(_: int) -> type[Exception]:
        with pytest.raises(GcmsError) as caught:
            warehouse.read(ask())
        return type(caught.value)

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(read, range(12))) == {ConfigError}
    assert len(server.logins) == 1


def test_a_refused_login_says_what_to_look_at(server: ScriptedSnowflake) -> None:
    for code, advice in ((390144, "clock"), (390422, "network policy"), (390189, "role"), (390395, "expired")):
        server.on_login = lambda body, code=code: refused(code, "no")  # type: ignore[misc]
        error, _ = failure_of(server.port)
        assert isinstance(error, ConfigError)
        assert advice in error.next_step


def test_a_host_that_refuses_is_told_at_once_with_the_reason() -> None:
    error, _ = failure_of(unused_port(), SnowflakeSettings())
    assert isinstance(error, Unavailable)
    assert "Connection refused" in error.message
    assert "Nothing listens there" in error.next_step


def test_a_host_that_is_not_known_is_told_as_that() -> None:
    warehouse = SnowflakeWarehouse(credentials(443, host="no-such-host.invalid"), quick())
    with pytest.raises(Unavailable) as caught:
        warehouse.read(ask())
    assert "no-such-host.invalid" in caught.value.message


def test_a_host_that_takes_connections_and_never_answers_ends_with_the_login_timeout() -> None:
    with black_hole() as port:
        error, took = failure_of(port)
    assert isinstance(error, Unavailable)
    assert 1.5 < took < FAR_TOO_LONG_S


def test_a_host_that_drops_packets_ends_with_the_login_timeout() -> None:
    with dropping() as port:
        error, took = failure_of(port)
    assert isinstance(error, Unavailable)
    assert "no answer within 2 s" in error.message
    assert 1.5 < took < FAR_TOO_LONG_S


def test_those_who_wait_for_a_hopeless_login_fail_with_it() -> None:
    with black_hole() as port, ThreadPoolExecutor(8) as pool:
        warehouse = SnowflakeWarehouse(credentials(port), quick(login_timeout_s=3))

        def read(_: int) -> float:
            began = time.monotonic()
            with pytest.raises(Unavailable):
                warehouse.read(ask())
            return time.monotonic() - began

        assert max(pool.map(read, range(8))) < 8 * 3
        warehouse.close()


@pytest.mark.parametrize("status", [403, 404, 500, 502, 503])
def test_a_login_answered_with_an_http_error_ends_and_says_so(server: ScriptedSnowflake, status: int) -> None:
    server.on_login = lambda body: (status, {})
    error, took = failure_of(server.port)
    assert isinstance(error, Unavailable)
    assert took < FAR_TOO_LONG_S


def test_an_answer_that_makes_no_sense_is_no_crash(server: ScriptedSnowflake) -> None:
    replies: list[dict[str, Any]] = [{}, {"success": True, "data": None}]
    for reply in replies:
        server.on_login = lambda body, reply=reply: (200, reply)  # type: ignore[misc]
        assert isinstance(failure_of(server.port)[0], GcmsError)


# -- sessions that end ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [refused(390111, "Session no longer exists."), refused(390114, "expired"), (401, {})])
def test_a_lost_session_is_opened_again_and_the_read_asked_once_more(
    server: ScriptedSnowflake, warehouse: SnowflakeWarehouse, reply: Any
) -> None:
    warehouse.read(ask())
    answers = iter([reply])
    server.on_query = lambda body: next(answers, rows([["7"]], [fixed("N")]))
    assert warehouse.read(ask()).rows == ((7,),)
    assert len(server.logins) == 2


def test_a_session_lost_at_once_again_is_not_tried_for_ever(
    server: ScriptedSnowflake, warehouse: SnowflakeWarehouse
) -> None:
    server.on_query = lambda body: refused(390111, "Session no longer exists.")
    with pytest.raises(Unavailable):
        warehouse.read(ask())
    assert len(server.logins) == 1
    assert len(server.queries) == 1


def test_http_500_for_ever_ends_with_the_statements_own_limit(server: ScriptedSnowflake) -> None:
    """And does not wait for the request to abort, which is answered with 500 as well."""
    warehouse = SnowflakeWarehouse(credentials(server.port), quick(statement_timeout_s=1, network_timeout_s=60))
    warehouse.read(ask())
    server.on_query = lambda body: (500, {})
    server.on_abort = lambda: (500, {})
    began = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        warehouse.read(ask())
    assert time.monotonic() - began < FAR_TOO_LONG_S
    assert "answers with errors" in caught.value.next_step
    assert len(server.logins) == 1, "the driver has tried for as long as it may; nothing is gained by a new session"
    warehouse.close()


def test_a_server_that_dies_in_the_middle_is_told_and_found_again(server: ScriptedSnowflake) -> None:
    warehouse = SnowflakeWarehouse(credentials(server.port), quick())
    warehouse.read(ask())
    asked = threading.Event()

    def die(body: dict[str, Any]) -> Any:
        asked.set()
        raise ConnectionResetError

    server.on_query = die
    with pytest.raises(Unavailable):
        warehouse.read(ask())
    assert asked.is_set()
    server.on_query = lambda body: rows([["3"]], [fixed("N")])
    assert warehouse.read(ask()).rows == ((3,),)
    warehouse.close()


def test_a_server_that_falls_silent_ends_with_the_network_timeout(server: ScriptedSnowflake) -> None:
    warehouse = SnowflakeWarehouse(credentials(server.port), quick(login_timeout_s=20))
    warehouse.read(ask())
    release = threading.Event()

    def wait(body: dict[str, Any]) -> Any:
        release.wait(FAR_TOO_LONG_S)
        return rows([["1"]], [fixed("N")])

    server.on_query = wait
    began = time.monotonic()
    with pytest.raises(GcmsError):
        warehouse.read(ask())
    assert time.monotonic() - began < FAR_TOO_LONG_S
    release.set()
    warehouse.close()


def test_closing_does_not_wait_for_a_server_that_is_gone(server: ScriptedSnowflake) -> None:
    settings = quick(network_timeout_s=60, statement_timeout_s=50)
    warehouse = SnowflakeWarehouse(credentials(server.port), settings)
    warehouse.read(ask())
    release, asked = threading.Event(), threading.Event()

    def wait(body: dict[str, Any]) -> Any:
        asked.set()
        release.wait(FAR_TOO_LONG_S)
        return rows([["1"]], [fixed("N")])

    server.on_query = wait
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(warehouse.read, ask())
        assert asked.wait(FAR_TOO_LONG_S)
        began = time.monotonic()
        warehouse.close()
        assert time.monotonic() - began < 10
        release.set()
        running.exception(FAR_TOO_LONG_S)
    with pytest.raises(Unavailable, match="closed"):
        warehouse.read(ask())


# -- the pool ---------------------------------------------------------------------------------------------------------


def test_no_more_sessions_are_opened_than_allowed_and_they_are_used_again(server: ScriptedSnowflake) -> None:
    settings = quick(connections=3, login_timeout_s=20, statement_timeout_s=20)
    warehouse = SnowflakeWarehouse(credentials(server.port), settings)
    with ThreadPoolExecutor(12) as pool:
        assert all(answer.rows == ((1,),) for answer in pool.map(lambda _: warehouse.read(ask()), range(60)))
    assert 1 <= len(server.logins) <= 3
    assert len(server.queries) == 60
    warehouse.close()


def test_nothing_connects_before_the_first_read(server: ScriptedSnowflake) -> None:
    SnowflakeWarehouse(credentials(server.port), quick()).close()
    assert not server.logins


# -- what must not show -----------------------------------------------------------------------------------------------


def test_a_password_that_the_server_sends_back_does_not_show(server: ScriptedSnowflake) -> None:
    server.on_login = lambda body: refused(390100, f"{body['data']['PASSWORD']} is wrong")
    error, _ = failure_of(server.port)
    assert server.logins[0]["PASSWORD"] == PASSWORD
    assert "********** is wrong" in error.message
    link: BaseException | None = error
    while link is not None:
        assert PASSWORD not in f"{link!r} {link} {vars(link)}"
        link = link.__cause__


TROUBLE = """
import logging, sys, threading
logging.basicConfig()
from gcms_tui.adapters.snowflake import SnowflakeWarehouse
from gcms_tui.core.errors import Unavailable
from tests.adapters.scripted_snowflake import ask, credentials, quick, scripted

with scripted() as server:
    warehouse = SnowflakeWarehouse(credentials(server.port), quick(statement_timeout_s=1, network_timeout_s=6))
    warehouse.read(ask())
    server.on_query = lambda body: (500, {})
    server.on_abort = lambda: (500, {})
    try:
        warehouse.read(ask())
    except Unavailable:
        print("unavailable")
    for thread in threading.enumerate():
        if type(thread).__module__.startswith("snowflake"):
            thread.join()
            print("timer")
    warehouse.close()

threading.Thread(target=lambda: 1 / 0).start()
"""


def test_neither_logs_nor_timer_threads_write_to_the_terminal_but_other_threads_do() -> None:
    """The driver logs whole tracebacks at ERROR, and its cancelling timer fails loudly where the server is gone.

    In a process of its own: pytest has handlers for both, which would keep them off stderr here.
    """
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", TROUBLE],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
        check=False,
    )
    assert done.stdout.split() == ["unavailable", "timer"]
    assert "ZeroDivisionError" in done.stderr
    assert "snowflake" not in done.stderr


_DECODES_AT_ONCE = """
import sys, threading
from snowflake.connector import snow_logging
from gcms_tui.adapters.snowflake_session import _NO_ROWS, _driver

if "unprepared" not in sys.argv:
    _driver()
from snowflake.connector.arrow_context import ArrowConverterContext
from snowflake.connector.nanoarrow_arrow_iterator import PyArrowRowIterator

get_logger, other = snow_logging.getSnowLogger, threading.Event()

def slow(*given, **named):
    other.wait(2)  # what any switch of threads does, made to happen
    return get_logger(*given, **named)

def decode():
    PyArrowRowIterator(None, _NO_ROWS, ArrowConverterContext(), False, False, False, True)

snow_logging.getSnowLogger = slow
threads = [threading.Thread(target=decode) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("decoded")
"""


def test_first_results_may_be_decoded_by_several_threads_at_once() -> None:
    """Unprepared, the driver's decoder stands still for good, the whole process with it."""
    done = subprocess.run([sys.executable, "-c", _DECODES_AT_ONCE], capture_output=True, text=True, timeout=60)
    assert done.stdout == "decoded\n", done.stderr
