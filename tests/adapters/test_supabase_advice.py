"""What is said to whoever cannot reach Supabase, by the words of the driver."""

from __future__ import annotations

import psycopg
import pytest

from gcms_tui.adapters.supabase import connect
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.secret import Secret

HOST = 'connection to server at "db.abc.supabase.co" (2a05:d014::1), port 5432 failed: '


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        ("Network is unreachable", "session pooler"),
        ("Cannot assign requested address", "session pooler"),
        ("Address family not supported by protocol", "session pooler"),
        ('FATAL:  password authentication failed for user "planted-hunter2"', "user and password"),
        ("FATAL:  Tenant or user not found", "postgres.<ref>"),
        ("Connection refused\n\tIs the server running on that host?", "Nothing listens there"),
        ("server does not support SSL, but SSL was required", "No TLS"),
        ("SSL error: certificate verify failed", "sslrootcert"),
        ('root certificate file "/home/somebody/.postgresql/root.crt" does not exist', "sslrootcert"),
        ("timeout expired", "network and VPN"),
    ],
)
def test_each_trouble_has_its_advice(monkeypatch: pytest.MonkeyPatch, words: str, advice: str) -> None:
    def fails(*_: object, **__: object) -> None:
        raise psycopg.OperationalError(HOST + words)

    monkeypatch.setattr(psycopg, "connect", fails)
    with pytest.raises(Unavailable) as caught:
        connect(Secret("postgresql://u:planted-hunter2@db.abc.supabase.co/postgres"))
    assert advice in caught.value.next_step
    assert "planted" not in f"{caught.value} {caught.value.next_step}"
