"""A copy of the bundled dbt project, with a profile that points at the sandbox's warehouse."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import yaml

from gcms_tui.core.secret import Secret

PROFILE, TARGET = "gcms", "sandbox"


@dataclass(frozen=True, slots=True)
class WarehouseLogin:
    """Where the sandbox's warehouse answers, over plain HTTP, and as whom to log in."""

    host: str
    port: int
    user: str
    password: Secret
    account: str = "gcms_sandbox"
    database: str = "GCMS"
    schema: str = "PUBLIC"
    role: str | None = None
    warehouse: str | None = None


def write_project(directory: Path, login: WarehouseLogin) -> Path:
    """Copies the project into `directory`, which may exist, and writes its `profiles.yml` (0600) beside
    `dbt_project.yml`. Returns `directory`.

    Files that are right already are left as they stand: dbt then need not parse the project again.
    """
    _copy(files("gcms_tui.sandbox").joinpath("dbt_project"), directory)
    _write_private(directory / "profiles.yml", _profile(login))
    return directory


def _profile(login: WarehouseLogin) -> str:
    output = {
        "type": "snowflake",
        "host": login.host,
        "port": login.port,
        "protocol": "http",
        "account": login.account,
        "user": login.user,
        "password": login.password.reveal(),
        "database": login.database,
        "schema": login.schema,
        **({"role": login.role} if login.role else {}),
        **({"warehouse": login.warehouse} if login.warehouse else {}),
        "threads": 4,
        "connect_retries": 0,
        "client_session_keep_alive": False,
    }
    return yaml.safe_dump({PROFILE: {"target": TARGET, "outputs": {TARGET: output}}}, sort_keys=False)


def _copy(source: Traversable, destination: Path) -> None:
    destination.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        target = destination / entry.name
        if entry.is_dir():
            _copy(entry, target)
        elif not target.exists() or target.read_bytes() != entry.read_bytes():
            target.write_bytes(entry.read_bytes())


def _write_private(path: Path, text: str) -> None:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        path.chmod(0o600)
        return
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
