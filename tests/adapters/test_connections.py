"""Snowflake's own connections.toml, found and refused as the connector would."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from gcms_tui.adapters.connections import read_connection, snowflake_dir
from gcms_tui.core.errors import ConfigError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def env(home: Path) -> dict[str, str]:
    return {"SNOWFLAKE_HOME": str(home)}


def write(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_the_directory_is_the_connectors(home: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from snowflake.connector.sf_dirs import _resolve_platform_dirs

    def theirs() -> Path:
        return Path(_resolve_platform_dirs().user_config_path)

    monkeypatch.delenv("SNOWFLAKE_HOME", raising=False)
    assert snowflake_dir(os.environ) == theirs()
    (own_home / ".snowflake").mkdir()
    assert snowflake_dir(os.environ) == theirs() == own_home / ".snowflake"
    monkeypatch.setenv("SNOWFLAKE_HOME", str(home))
    assert snowflake_dir(os.environ) == theirs() == home


def test_connections_toml_replaces_what_config_toml_says(home: Path) -> None:
    write(home / "config.toml", '[connections.prod]\naccount = "old"\n[connections.only]\naccount = "x"\n')
    assert read_connection("prod", env(home)).public["account"] == "old"
    write(home / "connections.toml", '[prod]\naccount = "new"\nuser = "me"\npassword = "planted"\n')
    credentials = read_connection("prod", env(home))
    assert credentials.public["account"] == "new"
    assert credentials.arguments()["password"] == "planted"
    assert credentials.source == f"{home / 'connections.toml'}, connection prod"
    with pytest.raises(ConfigError, match="has no connection only") as caught:
        read_connection("only", env(home))
    assert "It has: prod" in caught.value.next_step


def test_the_variable_wins(home: Path) -> None:
    write(home / "connections.toml", '[prod]\naccount = "file"\n')
    given = {**env(home), "SNOWFLAKE_CONNECTIONS": '[prod]\naccount = "variable"\n'}
    assert read_connection("prod", given).public["account"] == "variable"


def test_the_token_file_is_read_without_its_line_end_and_the_console_sets_its_own_limits(home: Path) -> None:
    write(home / "pat", "planted-token\n")
    text = f'[p]\naccount = "a"\nauthenticator = "PROGRAMMATIC_ACCESS_TOKEN"\ntoken_file_path = "{home / "pat"}"\n'
    write(home / "connections.toml", text + "login_timeout = 600\nclient_session_keep_alive = true\n")
    arguments = read_connection("p", env(home)).arguments()
    assert arguments == {"account": "a", "authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": "planted-token"}


@pytest.mark.parametrize(
    ("text", "mode", "wanted"),
    [
        ('[p]\naccount = "a"\nauthenticator = "externalbrowser"', 0o600, "needs a browser"),
        ('[p]\nuser = "a"', 0o600, "account is missing"),
        ('[p]\naccount = "a"', 0o620, "can be changed by others"),
        ("[p\n", 0o600, "Broken TOML"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(home: Path, text: str, mode: int, wanted: str) -> None:
    write(home / "connections.toml", text, mode)
    with pytest.raises(ConfigError, match=wanted):
        read_connection("p", env(home))


def test_none_at_all_is_told(home: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is none in"):
        read_connection("p", env(home))


def test_no_secret_shows(home: Path) -> None:
    write(home / "connections.toml", '[p]\naccount = "a"\npassword = "planted"\nproxy_password = "planted"\n')
    credentials = read_connection("p", env(home))
    assert "planted" not in f"{credentials!r} {credentials}"


def test_a_key_in_the_file_is_used_and_not_shown(home: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = key.private_bytes(serialization.Encoding.PEM, *form).decode()
    write(home / "connections.toml", f'[p]\naccount = "a"\nprivate_key_raw = """{pem}"""\n')
    credentials = read_connection("p", env(home))
    assert pem.splitlines()[1] not in f"{credentials!r} {credentials}"
    assert credentials.arguments()["private_key"] == key.private_bytes(serialization.Encoding.DER, *form)
