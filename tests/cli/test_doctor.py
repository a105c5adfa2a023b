"""The doctor, over a platform that is well and over every kind of trouble."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gcms_tui.cli.doctor_payroll import payroll_observations
from gcms_tui.cli.doctor_store import store_observations
from gcms_tui.cli.wiring import open_store
from gcms_tui.core.settings import PayrollSettings, Settings, StoreSettings
from gcms_tui.core.verdict import Verdict
from tests.adapters.scripted_snowflake import PASSWORD, black_hole, refused, scripted, unused_port
from tests.cli.commands import Done, gcms_tui, here
from tests.practice import RunningPlatform

PROFILE = {
    "type": "snowflake",
    "account": "acc",
    "user": "me",
    "password": PASSWORD,
    "database": "GCMS",
    "schema": "GOLD",
    "host": "127.0.0.1",
    "protocol": "http",
}


def lay_out(directory: Path, profile: Mapping[str, Any] | None, text: str = "") -> Path:
    """A configuration with a dbt project beside it; answers its path."""
    (directory / "dbt_project.yml").write_text("name: gcms\nprofile: gcms\n")
    if profile is not None:
        path = directory / "profiles.yml"
        path.write_text(yaml.safe_dump({"gcms": {"target": "dev", "outputs": {"dev": dict(profile)}}}))
        path.chmod(0o600)
    config = directory / "gcms.toml"
    limits = "[snowflake]\nlogin_timeout_s = 2\nnetwork_timeout_s = 4\nstatement_timeout_s = 2\n"
    source = '[[sources]]\ntable = "raw.supabase_attendance"\n'
    config.write_text(f'state_dir = "state"\n{text}\n[dbt]\nproject_dir = "."\n{limits}{source}')
    config.chmod(0o600)
    return config


def doctor(config: Path, **env: str) -> tuple[Done, dict[str, dict[str, str]]]:
    """The command's outcome and its checks by name."""
    return judged(here("--config", config, "doctor", "--json", env=env))


def judged(done: Done) -> tuple[Done, dict[str, dict[str, str]]]:
    assert "Traceback" not in done.err
    assert PASSWORD not in done.out + done.err
    document = json.loads(done.out)
    assert done.status == {"OK": 0, "WARN": 1, "FAIL": 2, "UNKNOWN": 3}[document["verdict"]]
    return done, {check["name"]: check for check in document["checks"]}


def test_a_platform_that_is_well_is_told_line_by_line(platform: RunningPlatform) -> None:
    # With a state directory of its own: what other tests journal there is known to no anchor here.
    config = platform.config.with_name("well.toml")
    config.write_text(platform.config.read_text().replace("state_dir", "# state_dir"))
    config.chmod(0o600)
    done = gcms_tui("--config", config, "doctor")
    plain = here("--ascii", "--config", config, "doctor")
    config.unlink()
    assert done.status == 0, done.out
    assert done.err == ""
    for seen in (
        *("config ", "config.write", "dbt.project", "dbt.profile", "dbt.artifacts", "snowflake.login", "user GCMS"),
        *("snowflake.schemas", "source.supabase_attendance", "scd2.br_attendance_scd2", "payroll.fact"),
        *("payroll.signers", "engineer: erin; finance: frank; manager: maria", "payroll.allowed_signers"),
        *("supabase ", "state_dir", "store ", "python", "packages", "snowflake-connector-python 4.", "terminal"),
    ):
        assert seen in done.out
    assert "everything that was looked at works" in done.out
    assert str(platform.snowflake["password"]) not in done.out
    assert plain.out and all(line.isascii() for line in plain.out.splitlines())


def test_a_table_and_a_column_that_are_not_there_are_named(platform: RunningPlatform, tmp_path: Path) -> None:
    text = platform.config.read_text().replace("state_dir", "# state_dir")
    text += '\n[[sources]]\ntable = "raw.nowhere"\n[[sources]]\ntable = "gold.dim_concert"\n'
    config = platform.config.with_name("damaged.toml")
    config.write_text(text)
    config.chmod(0o600)
    done, checks = doctor(config)
    config.unlink()
    assert done.status == 2
    assert checks["source.nowhere"]["verdict"] == "FAIL"
    assert "raw.nowhere is not there" in checks["source.nowhere"]["summary"]
    assert "_airbyte_extracted_at or _airbyte_emitted_at" in checks["source.dim_concert"]["summary"]
    assert checks["source.supabase_payment"]["verdict"] == "OK"


def test_no_configuration_at_all_still_tells_of_the_machine(tmp_path: Path) -> None:
    done = here("doctor", cwd=tmp_path)
    assert done.status == 2
    assert "gcms-tui init" in done.out
    assert "python" in done.out


def test_a_server_that_is_gone_is_unknown_and_the_rest_is_told(tmp_path: Path) -> None:
    done, checks = doctor(lay_out(tmp_path, {**PROFILE, "port": unused_port()}))
    assert done.status == 3
    assert checks["snowflake.login"]["verdict"] == "UNKNOWN"
    assert "Connection refused" in checks["snowflake.login"]["summary"]
    assert checks["snowflake.tables"]["verdict"] == "UNKNOWN"
    assert checks["dbt.profile"]["verdict"] == "OK"
    assert checks["state_dir"]["verdict"] == "OK"


def test_a_black_hole_is_unknown_within_the_login_timeout(tmp_path: Path) -> None:
    """Its process is gone then, whatever still hangs."""
    with black_hole() as port:
        config = lay_out(tmp_path, {**PROFILE, "port": port})
        done, checks = judged(gcms_tui("--config", config, "doctor", "--json"))
    assert done.status == 3
    assert checks["snowflake.login"]["verdict"] == "UNKNOWN"


def test_http_500_is_unknown(tmp_path: Path) -> None:
    with scripted() as server:
        server.on_login = lambda body: (500, {})
        done, checks = doctor(lay_out(tmp_path, {**PROFILE, "port": server.port}))
    assert done.status == 3
    assert checks["snowflake.login"]["verdict"] == "UNKNOWN"


def test_a_wrong_password_is_a_failure_and_never_shown(tmp_path: Path) -> None:
    with scripted() as server:
        server.on_login = lambda body: refused(390100, f"Incorrect password {body['data']['PASSWORD']}.")
        done, checks = doctor(lay_out(tmp_path, {**PROFILE, "port": server.port}))
        assert len(server.logins) == 1
    assert done.status == 3, "what lies behind the login stays unknown"
    assert checks["snowflake.login"]["verdict"] == "FAIL"
    assert "Incorrect password **********" in checks["snowflake.login"]["summary"]


@pytest.mark.parametrize(
    ("profile", "text", "env", "says"),
    [
        (None, "", {}, "There is no"),
        (PROFILE, "", {"DBT_TARGET": "prod"}, "has no target prod"),
        ({**PROFILE, "password": "{{ env_var('PAYROLL_PW') }}"}, "", {}, "PAYROLL_PW is not set"),
        ({**PROFILE, "authenticator": "externalbrowser"}, "", {}, "needs a browser"),
    ],
)
def test_a_profile_that_cannot_be_used_is_told_with_the_reason(
    profile: Mapping[str, Any] | None, text: str, env: dict[str, str], says: str, tmp_path: Path
) -> None:
    done, checks = doctor(lay_out(tmp_path, profile, text), **env)
    assert done.status == 2
    assert says in checks["dbt.profile"]["summary"]
    assert checks["dbt.profile"]["next"]
    assert says in checks["snowflake.credentials"]["summary"]
    assert checks["dbt.project"]["verdict"] == "OK"


def test_a_state_directory_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    config = lay_out(tmp_path, {**PROFILE, "port": unused_port()})
    # Where even root cannot make a directory.
    (tmp_path / "state").write_text("")
    _, checks = doctor(config)
    assert checks["state_dir"]["verdict"] == "FAIL"
    assert "Nothing is remembered" in checks["state_dir"]["summary"]


def test_files_that_are_open_to_others_are_told_with_the_command_that_helps(tmp_path: Path, own_home: Path) -> None:
    config = lay_out(tmp_path, {**PROFILE, "port": unused_port()})
    (tmp_path / "profiles.yml").chmod(0o644)
    (tmp_path / "state").mkdir(mode=0o755)
    (tmp_path / "state").chmod(0o755)
    snowflake = Path(os.environ["SNOWFLAKE_HOME"])
    snowflake.mkdir()
    (snowflake / "config.toml").write_text("[log]\nsave_logs = true\n")
    _, checks = doctor(config)
    assert checks["dbt.profile"]["verdict"] == "WARN"
    assert checks["dbt.profile"]["next"] == f"chmod 0600 {tmp_path / 'profiles.yml'}"
    assert checks["state_dir"]["verdict"] == "WARN"
    assert checks["snowflake.log"]["verdict"] == "WARN"
    (tmp_path / "profiles.yml").chmod(0o666)
    assert doctor(config)[1]["dbt.profile"]["verdict"] == "FAIL"


def test_it_says_why_nothing_can_be_written(tmp_path: Path) -> None:
    config = lay_out(tmp_path, {**PROFILE, "port": unused_port()}, "read_only = false")
    assert doctor(config)[1]["config.write"]["summary"].startswith("may write")
    assert "$GCMS_READ_ONLY" in doctor(config, GCMS_READ_ONLY="1")[1]["config.write"]["summary"]
    done = here("--config", config, "--read-only", "doctor")
    assert "read-only: --read-only" in done.out


def test_it_changes_nothing_and_makes_no_state_directory(tmp_path: Path) -> None:
    config = lay_out(tmp_path, {**PROFILE, "port": unused_port()})
    before = sorted(tmp_path.rglob("*"))
    _, checks = doctor(config)
    assert checks["state_dir"]["verdict"] == "OK"
    assert "made when it is first needed" in checks["state_dir"]["summary"]
    assert sorted(tmp_path.rglob("*")) == before


def test_the_store_is_told_with_its_revision_and_the_journals_head(tmp_path: Path) -> None:
    anchor = tmp_path / "a" / "anchor.json"
    settings = Settings(state_dir=tmp_path / "state", store=StoreSettings(anchor_file=anchor))

    def told(*wanted: tuple[str, Verdict, str]) -> None:
        seen = store_observations(settings)
        assert [(one.name, one.verdict) for one in seen] == [(name, verdict) for name, verdict, _ in wanted]
        for one, (_, _, words) in zip(seen, wanted, strict=True):
            assert words in f"{one.summary} {one.next_step}"

    well = ("store", Verdict.OK, f"SQLite {tmp_path / 'state' / 'store.sqlite3'}, revision 0")
    told(("store", Verdict.OK, "made when it is first needed"))
    store = open_store(settings)
    store.journal.prepare()
    told(well, ("store.journal", Verdict.OK, "0 entries"))
    head = store.journal.append("k", "s", {})
    told(well, ("store.journal", Verdict.OK, f"1 entry, the last {head.own[:12]}; {anchor} knows 1 entry"))
    anchor.chmod(0o644)
    told(well, ("store.journal", Verdict.WARN, "chmod 0600"))
    anchor.write_text(anchor.read_text().replace(head.own, "0" * 64))
    told(well, ("store.journal", Verdict.FAIL, "gcms-tui journal verify"))
    anchor.unlink()
    told(well, ("store.journal", Verdict.UNKNOWN, "gcms-tui journal anchor"))
    settings = replace(settings, store=StoreSettings(url="postgresql://u@127.0.0.1:1/db"))
    told(("store", Verdict.FAIL, "127.0.0.1:1"))


def test_it_says_whether_three_can_sign_and_have_their_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")

    def told(payroll: PayrollSettings) -> dict[str, tuple[Verdict, str]]:
        seen = {one.name: one for one in payroll_observations(payroll)}
        return {name.removeprefix("payroll."): (one.verdict, one.summary + one.next_step) for name, one in seen.items()}

    verdict, words = told(PayrollSettings(engineers=("erin",)))["signers"]
    assert verdict is Verdict.WARN and "finance: nobody" in words and "Payroll cannot be signed" in words
    verdict, words = told(PayrollSettings(engineers=("erin",), finance=("erin", "max"), managers=("max",)))["signers"]
    assert verdict is Verdict.WARN and "three different people" in words
    payroll = PayrollSettings(engineers=("erin",), finance=("erin", "frank"), managers=("maria",))
    assert {verdict for verdict, _ in told(payroll).values()} == {Verdict.OK}
    assert "by login alone" in told(payroll)["allowed_signers"][1]
    allowed = tmp_path / "allowed_signers"
    payroll = replace(payroll, allowed_signers=allowed)
    assert told(payroll)["allowed_signers"][0] is Verdict.FAIL
    key = base64.b64encode(b"\0\0\0\x0bssh-ed25519" + bytes(36)).decode()
    allowed.write_text(f"erin,frank ssh-ed25519 {key}\n")
    allowed.chmod(0o600)
    verdict, words = told(payroll)["allowed_signers"]
    assert verdict is Verdict.WARN and "no key for maria" in words
    allowed.write_text(f"* ssh-ed25519 {key}\n")
    assert told(payroll)["allowed_signers"][0] is Verdict.OK
    allowed.chmod(0o666)
    assert told(payroll)["allowed_signers"][0] is Verdict.FAIL
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "no ssh-keygen here" in told(payroll)["allowed_signers"][1]


def test_the_command_that_helps_stands_as_a_shell_takes_it(tmp_path: Path) -> None:
    place = tmp_path / "our project"
    place.mkdir()
    config = lay_out(place, {**PROFILE, "port": unused_port()})
    (place / "profiles.yml").chmod(0o644)
    assert doctor(config)[1]["dbt.profile"]["next"] == f"chmod 0600 '{place / 'profiles.yml'}'"


def test_versions_are_found_in_the_manifest_tables_of_one_name_apart_and_the_role_told(
    platform: RunningPlatform,
) -> None:
    lines = platform.config.read_text().replace("sandbox = true", "sandbox = false")
    tables = lines.partition("[[scd2]]")
    assert "sandbox = false" in lines
    rest = tables[2].partition("\n[payroll]")
    text = tables[0] + rest[1] + rest[2] + '\n[[sources]]\ntable = "nowhere.supabase_payment"\n'
    config = platform.config.with_name("found.toml")
    config.write_text(text)
    config.chmod(0o600)
    _, checks = doctor(config)
    config.unlink()
    assert checks["scd2.br_attendance_scd2"]["verdict"] == "OK"
    assert checks["source.nowhere.supabase_payment"]["verdict"] == "FAIL"
    assert checks["source.raw.supabase_payment"]["verdict"] == "OK"
    assert checks["snowflake.reading_role"]["verdict"] == "WARN"
