"""The way into Supabase: the secret, the encryption, the read-only session."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.adapters.supabase import connect, ping, read_dsn
from gcms_tui.core.errors import ConfigError, Unavailable
from gcms_tui.core.query import Statement
from gcms_tui.core.secret import Secret
from gcms_tui.core.settings import SupabaseSettings
from tests.adapters.scripted_snowflake import unused_port
from tests.practice import RunningPlatform

PASSWORD = "planted-hunter2"


@pytest.fixture
def question() -> Statement:
    return QueryLibrary.load().get("supabase_session").render()


def test_the_dsn_comes_from_where_the_settings_say(tmp_path: Path) -> None:
    file = tmp_path / "dsn"
    file.write_text("postgresql://from/file\n")
    file.chmod(0o600)
    assert read_dsn(SupabaseSettings(), {}) is None
    assert read_dsn(SupabaseSettings(dsn_env="DSN"), {"DSN": " postgresql://x "}) == Secret("postgresql://x")
    assert read_dsn(SupabaseSettings(dsn_file=file), {}) == Secret("postgresql://from/file")
    assert read_dsn(SupabaseSettings(service="gcms"), {}) == Secret("service=gcms")


def test_a_dsn_that_is_not_there_or_open_to_others_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="DSN is not set"):
        read_dsn(SupabaseSettings(dsn_env="DSN"), {})
    with pytest.raises(ConfigError, match="No such file"):
        read_dsn(SupabaseSettings(dsn_file=tmp_path / "nowhere"), {})
    file = tmp_path / "dsn"
    file.write_text("")
    file.chmod(0o640)
    with pytest.raises(ConfigError) as caught:
        read_dsn(SupabaseSettings(dsn_file=file), {})
    assert caught.value.next_step == f"Type: chmod 0600 {file}"
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="is empty"):
        read_dsn(SupabaseSettings(dsn_file=file), {})


def test_the_session_is_read_only_and_bounded(platform: RunningPlatform) -> None:
    with connect(Secret(platform.postgres)) as connection:
        for name, wanted in (("statement_timeout", "30s"), ("lock_timeout", "5s"), ("TimeZone", "UTC")):
            assert connection.execute(f"SHOW {name}".encode()).fetchone() == (wanted,)
        assert connection.prepare_threshold is None
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("UPDATE payment SET paid = true")


def test_a_visit_tells_who_and_where(platform: RunningPlatform, question: Statement) -> None:
    seen = ping(Secret(platform.postgres), question)
    assert seen.read_only
    assert seen.user == "gcms"
    assert seen.encryption in ("this machine", "unix socket")
    assert seen.version.split(".")[0].isdigit()


def test_a_wrong_password_is_told_without_repeating_it(platform: RunningPlatform) -> None:
    dsn = psycopg.conninfo.make_conninfo(platform.postgres, password=PASSWORD)
    with pytest.raises(Unavailable) as caught:
        connect(Secret(dsn))
    assert "Check user and password" in caught.value.next_step
    assert PASSWORD not in f"{caught.value!r} {caught.value}"


def test_nobody_listening_is_told() -> None:
    with pytest.raises(Unavailable) as caught:
        connect(Secret(f"postgresql://u:{PASSWORD}@127.0.0.1:{unused_port()}/db"))
    assert "Nothing listens there" in caught.value.next_step
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("dsn", ["postgresql://u:planted-hunter2@h:port/db", "planted-hunter2", "host=h planted=1"])
def test_a_dsn_that_cannot_be_read_is_not_repeated(dsn: str) -> None:
    with pytest.raises((ConfigError, Unavailable)) as caught:
        connect(Secret(dsn))
    assert "planted" not in f"{caught.value} {caught.value.next_step}"


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
def test_another_host_is_never_asked_in_clear(mode: str) -> None:
    with pytest.raises(ConfigError, match="without encryption"):
        connect(Secret(f"postgresql://u:p@db.example.org/db?sslmode={mode}"))


def test_the_environments_stricter_mode_is_not_loosened(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def no_answer(conninfo: str, **_: object) -> None:
        asked.append(conninfo)
        raise psycopg.OperationalError("nobody there")

    monkeypatch.setattr(psycopg, "connect", no_answer)
    dsn = Secret("postgresql://u:p@db.example.org/db")
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    with pytest.raises(Unavailable):
        connect(dsn)
    monkeypatch.delenv("PGSSLMODE")
    with pytest.raises(Unavailable):
        connect(dsn)
    assert [conninfo_to_dict(text)["sslmode"] for text in asked] == ["verify-full", "require"]
    monkeypatch.setenv("PGSSLMODE", "prefer")
    with pytest.raises(ConfigError, match="sslmode=prefer"):
        connect(dsn)


@pytest.fixture
def unencrypted() -> Iterator[tuple[int, list[bytes]]]:
    """A server that says N to the request for TLS, and what it was sent after that."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        heard: list[bytes] = []

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(8)
                client.sendall(b"N")
                heard.append(client.recv(1024))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard
        thread.join(10)


def test_a_host_that_offers_no_tls_is_sent_nothing(unencrypted: tuple[int, list[bytes]]) -> None:
    port, heard = unencrypted
    # By a name that is not this machine's, and the address beside it.
    with pytest.raises(Unavailable, match="SSL"):
        connect(Secret(f"host=db.example.org hostaddr=127.0.0.1 port={port} user=u password={PASSWORD} dbname=d"))
    assert heard in ([], [b""])


def test_a_host_of_the_environment_is_another_host_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.org")
    with pytest.raises(ConfigError, match="db.example.org:5432"):
        connect(Secret("postgresql:///postgres?sslmode=disable"))
    monkeypatch.delenv("PGHOST")
    monkeypatch.setenv("PGHOSTADDR", "192.0.2.1")
    with pytest.raises(ConfigError, match="sslmode=disable"):
        connect(Secret("postgresql://localhost/postgres?sslmode=disable"))


def test_a_password_as_short_as_a_syllable_does_not_blot_out_words() -> None:
    with pytest.raises(Unavailable) as caught:
        connect(Secret(f"postgresql://u:on@127.0.0.1:{unused_port()}/postgres"))
    assert "connection" in caught.value.message
    assert "**********" not in caught.value.message
