"""What the doctor says of Airbyte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gcms_tui.cli.doctor_airbyte import airbyte_observations
from gcms_tui.core.settings import AirbyteSettings, Settings
from gcms_tui.core.verdict import Verdict
from tests.adapters.scripted_airbyte import SECRET, Says, scripted_airbyte
from tests.adapters.scripted_snowflake import unused_port

ON = {"connectionId": "c-1", "name": "reference", "status": "active"}


@pytest.mark.parametrize(
    ("login", "listed", "verdict", "words"),
    [
        (200, Says(body={"data": [ON]}), Verdict.OK, "as console: 1 connection"),
        (200, Says(body={"data": [ON, {**ON, "status": "inactive"}]}), Verdict.WARN, "reference is inactive"),
        (200, Says(body={"data": []}), Verdict.WARN, "0 connections"),
        (401, Says(), Verdict.FAIL, "refuses the login"),
        (200, Says(403), Verdict.FAIL, "refuses this"),
        (200, Says(500), Verdict.UNKNOWN, "in trouble"),
        (200, Says(301, b"", {"Location": "https://elsewhere.example/"}), Verdict.FAIL, "not followed"),
    ],
)
def test_airbyte_is_told_with_what_to_do(
    tmp_path: Path, login: int, listed: Says, verdict: Verdict, words: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(0o600)
    with scripted_airbyte() as server:
        server.on("POST", "/applications/token", Says(login, {"access_token": "t"}))
        server.on("GET", "/connections", listed)
        given: dict[str, Any] = {"client_id": "console", "client_secret_file": file}
        [seen] = airbyte_observations(Settings(airbyte=AirbyteSettings(base_url=server.url, **given)))
    assert (seen.name, seen.verdict) == ("airbyte", verdict)
    assert words in seen.summary
    assert bool(seen.next_step) is (verdict is not Verdict.OK)


def test_one_that_is_not_there_and_none_at_all() -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    [gone] = airbyte_observations(Settings(airbyte=AirbyteSettings(base_url=url)))
    assert (gone.verdict, "cannot be reached" in gone.summary) == (Verdict.UNKNOWN, True)
    [none] = airbyte_observations(Settings())
    assert (none.verdict, "not configured" in none.summary) == (Verdict.OK, True)
