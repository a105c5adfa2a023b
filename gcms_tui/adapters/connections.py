"""A connection by name out of Snowflake's own files, found where the connector finds them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gcms_tui.adapters.credentials import SECRET_KEYS, Credentials, refuse_browser
from gcms_tui.adapters.files import read_text, refuse_if_others_may_write
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.secret import Secret


def snowflake_dir(env: Mapping[str, str]) -> Path:
    """Where Snowflake's tools keep their files: $SNOWFLAKE_HOME or ~/.snowflake if it is there, else the platform's."""
    home = Path(env.get("SNOWFLAKE_HOME") or "~/.snowflake").expanduser()
    if home.exists():
        return home
    from platformdirs import user_config_path

    return user_config_path("snowflake", appauthor=False)


def read_connection(name: str, env: Mapping[str, str]) -> Credentials:
    """The connection `name`.

    $SNOWFLAKE_CONNECTIONS wins over connections.toml, which replaces what config.toml says of connections. Raises
    `ConfigError` where it is not there, cannot be used here, or others may write the file.
    """
    source, connections = _connections(env)
    table = connections.get(name)
    if not isinstance(table, dict):
        known = ", ".join(key for key, value in connections.items() if isinstance(value, dict)) or "none"
        raise ConfigError("No such connection", f"{source} has no connection {name}.", f"It has: {known}.")
    source = f"{source}, connection {name}"
    refuse_browser(table.get("authenticator"), source)
    if not isinstance(table.get("account"), str):
        raise ConfigError("The connection is incomplete", f"{source}: account is missing.", "Add it.")
    secrets = {key: Secret(str(table[key])) for key in SECRET_KEYS if table.get(key)}
    if (file := table.get("token_file_path")) is not None:
        secrets["token"] = Secret(read_text(Path(str(file)).expanduser(), "the token file").strip())
    public = {key: value for key, value in table.items() if key not in SECRET_KEYS and key not in _OURS}
    key_file = table.get("private_key_file") or table.get("private_key_path")
    if "private_key_file_pwd" in secrets:
        secrets["private_key_passphrase"] = secrets.pop("private_key_file_pwd")
    if "private_key_raw" in secrets:  # as Snowflake's own command line calls it
        secrets["private_key"] = secrets.pop("private_key_raw")
    if str(public.get("authenticator", "")).lower() == "username_password_mfa":
        public["client_request_mfa_token"] = True
    return Credentials(
        source, MappingProxyType(public), MappingProxyType(secrets), Path(key_file).expanduser() if key_file else None
    )


_OURS = frozenset(
    {
        # Set by the console itself, for every session alike.
        *("session_parameters", "login_timeout", "network_timeout", "socket_timeout", "paramstyle", "autocommit"),
        *("client_session_keep_alive", "application", "secondary_roles", "backoff_policy"),
        # Read here instead.
        *("token_file_path", "private_key_file", "private_key_path"),
    }
)


def _connections(env: Mapping[str, str]) -> tuple[str, Mapping[str, Any]]:
    """The connections in force, and where they stand."""
    if text := env.get("SNOWFLAKE_CONNECTIONS"):
        return "$SNOWFLAKE_CONNECTIONS", _parsed(text, "$SNOWFLAKE_CONNECTIONS")
    directory = snowflake_dir(env)
    for file in (directory / "connections.toml", directory / "config.toml"):
        if file.is_file():
            refuse_if_others_may_write(file)
            content = _parsed(read_text(file, file.name), str(file))
            return str(file), content if file.name == "connections.toml" else content.get("connections", {})
    raise ConfigError(
        "No connections.toml",
        f"There is none in {directory}.",
        "Leave connection under [snowflake] unset to log in as the dbt target does.",
    )


def _parsed(text: str, source: str) -> Mapping[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("Broken TOML", f"{source}: {error}", "Correct it at that place.") from None
