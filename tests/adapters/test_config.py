"""gcms.toml: where it is found, how strictly it is read, and who may write."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gcms_tui.adapters.config import ConfigFile, effective_read_only, find_config, load_settings
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.scd2.version import Convention
from gcms_tui.core.settings import CLOSINGS, Settings


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def load(path: Path, text: str, env: dict[str, str] | None = None) -> Settings:
    return load_settings(ConfigFile(write(path, text), "--config"), env or {})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gcms.toml"


# -- finding --------------------------------------------------------------------------------------------------------


def test_the_option_wins_over_the_variable_and_that_over_the_directory(tmp_path: Path) -> None:
    named, by_variable = write(tmp_path / "a.toml", ""), write(tmp_path / "b.toml", "")
    write(tmp_path / "gcms.toml", "")
    env = {"GCMS_CONFIG": str(by_variable)}
    assert find_config(named, env, tmp_path) == ConfigFile(named, "--config")
    assert find_config(None, env, tmp_path) == ConfigFile(by_variable, "$GCMS_CONFIG")
    assert find_config(None, {}, tmp_path) == ConfigFile(tmp_path / "gcms.toml", "the working directory")


def test_it_is_found_above_and_at_last_in_the_users_configuration(tmp_path: Path) -> None:
    below = tmp_path / "project" / "models"
    below.mkdir(parents=True)
    env = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert find_config(None, env, below) is None
    users = write(tmp_path / "xdg" / "gcms-tui" / "gcms.toml", "")
    assert find_config(None, env, below) == ConfigFile(users, "the user's configuration")
    above = write(tmp_path / "project" / "gcms.toml", "")
    assert find_config(None, env, below) == ConfigFile(above, "a directory above")


def test_a_named_file_that_is_not_there_is_an_error_that_says_who_named_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--config names .*nowhere.toml") as caught:
        find_config(tmp_path / "nowhere.toml", {}, tmp_path)
    assert all(word in caught.value.next_step for word in ("demo", "doctor", "init"))
    with pytest.raises(ConfigError, match=r"\$GCMS_CONFIG names"):
        find_config(None, {"GCMS_CONFIG": str(tmp_path / "nowhere.toml")}, tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_not_taken_by_walking_up_but_may_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "gcms.toml", "")
    os.chown(path, 12345, 12345)
    with pytest.raises(ConfigError, match="another user"):
        find_config(None, {}, tmp_path)
    assert find_config(path, {}, tmp_path) == ConfigFile(path, "--config")


# -- reading --------------------------------------------------------------------------------------------------------


def test_an_empty_file_is_all_defaults(file: Path, own_home: Path) -> None:
    settings = load(file, "")
    assert settings.read_only is True
    assert settings.path == file
    assert settings.state_dir == own_home / ".local/state/gcms-tui"
    assert load(file, "", {"XDG_STATE_HOME": "/var/x"}).state_dir == Path("/var/x/gcms-tui")
    assert load(file, "", {"XDG_STATE_HOME": "relative"}).state_dir == own_home / ".local/state/gcms-tui"


def test_every_kind_of_value_is_read(file: Path, own_home: Path) -> None:
    settings = load(
        file,
        """
        read_only = false
        read_only_targets = ["prod", "staging"]
        state_dir = "state"
        [dbt]
        project_dir = "~/dbt"
        profiles_dir = "/etc/dbt"
        [snowflake]
        connections = 3
        [console]
        refresh = "15m"
        [[sources]]
        table = "raw.supabase_attendance"
        fail_after_h = 72
        [[sources]]
        table = 'db."Mixed Case".t'
        [[scd2]]
        table = "bronze.br_x_scd2"
        is_current = ""
        """,
    )
    assert settings.read_only is False
    assert settings.read_only_targets == ("prod", "staging")
    assert settings.state_dir == file.parent / "state"
    assert settings.dbt.project_dir == own_home / "dbt"
    assert settings.dbt.profiles_dir == Path("/etc/dbt")
    assert settings.snowflake.connections == 3
    assert settings.sources[0].table == Relation("RAW", "SUPABASE_ATTENDANCE")
    assert settings.sources[0].fail_after_h == 72.0
    assert settings.sources[1].table == Relation("Mixed Case", "T", "DB")
    assert settings.scd2[0].is_current is None


def test_an_unknown_key_names_file_line_key_and_the_nearest_valid_one(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, "read_only = true\n\n[snowflake]\n# how many\nconections = 4\n")
    assert caught.value.message == f"{file}:5: snowflake.conections: unknown key; did you mean connections?"
    assert caught.value.exit_code == 78


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_lines(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(
            file,
            """\
reed_only = true
state_dir = 5
[snowflake]
login_timeout_s = "20"
connections = true
[[sources]]
table = "raw.ok"
warn_after_h = "a day"
[[sources]]
warn_after_h = 3
[schemas]
wat.is = "this"
[contacts]
escalation = ["a", 5]
""",
        )
    lines = caught.value.message.splitlines()
    assert [line.split(":")[1] for line in lines] == ["1", "2", "4", "5", "8", "9", "12", "14"]
    assert "did you mean read_only?" in lines[0]
    assert "a path in quotes" in lines[1]
    assert "snowflake.login_timeout_s: a whole number is wanted, not '20'" in lines[2]
    assert "a whole number is wanted, not True" in lines[3]
    assert "sources[1].warn_after_h: a number is wanted" in lines[4]
    assert "sources[2]: table is missing" in lines[5]
    assert "schemas.wat: unknown key" in lines[6]
    assert "contacts.escalation[2]: a text" in lines[7]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('[[sources]]\ntable = "x"', "names no schema"),
        ('[[sources]]\ntable = "raw.a; drop table b"', "is not a table name"),
        ('[[sources]]\ntable = "raw.a"\ntimestamp_column = "a b"', "is not an identifier"),
        ('[[sources]]\ntable = "raw.a"\n[[sources]]\ntable = "RAW.A"', "sources[2].table: raw.a stands here twice"),
        ('[[sources]]\ntable = "raw.a"\nwarn_after_h = 50', "warn_after_h (50) <= fail_after_h (48)"),
        ('[[sources]]\ntable = "raw.a"\nwarn_after_h = -1', "0 < warn_after_h"),
        ('[[scd2]]\ntable = "b.t"\nnatural_key = "no-key"', "scd2[1].natural_key"),
        ('[[scd2]]\ntable = "b.t"\nupdated_at = "a b"', "scd2[1].updated_at"),
        ('[[scd2]]\ntable = "b.t"\nclosing = "later"', "day_before or same_instant is wanted, not 'later'"),
        ('[schemas]\ngold = "my gold"', "schemas.gold"),
        ('[schemas]\nbackup_suffix = ""', "schemas.backup_suffix"),
        ('[schemas]\nbackup_suffix = "; --"', "schemas.backup_suffix"),
        ("[snowflake]\nconnections = 0", "1 to 64"),
        ("[snowflake]\nlogin_timeout_s = 0", "at least 1 second"),
        ("[snowflake]\nwrite_timeout_s = 0", "at least 1 second"),
        ("[snowflake]\nstatement_timeout_s = 90", "less than statement_timeout_s (90)"),
        ('[payroll]\ntolerance = "a cent"', "an amount"),
        ('[payroll]\ntolerance = "-1"', "an amount"),
        ('[payroll]\ntolerance = "NaN"', "an amount"),
        ('[[sources]]\ntable = "raw.a"\nfail_after_h = inf', "fail_after_h (inf)"),
        ("[payroll]\ncalculated_within_h = 0", "more than 0 hours"),
        ("[payroll]\ncalculated_within_h = nan", "more than 0 hours"),
        ("[payroll]\nsource_within_h = -1", "payroll.source_within_h: more than 0 hours"),
        ("[payroll]\nchecks_hold_h = 0", "payroll.checks_hold_h: more than 0 hours"),
        ("[payroll]\nsigning_holds_h = inf", "payroll.signing_holds_h: more than 0 hours"),
        ("[payroll]\nbaseline_tests = 0", "payroll.baseline_tests: at least 1 is wanted, not 0"),
        ("[payroll]\nspot_check_rows = 0", "payroll.spot_check_rows: at least 1"),
        ("[payroll]\nchange_alert_percent = -0.5", "payroll.change_alert_percent: 0 or more"),
        ("[payroll]\nchange_alert_percent = nan", "payroll.change_alert_percent: 0 or more"),
        ('[payroll]\nfinance = ["frank", ""]', "payroll.finance: logins are wanted"),
        ('[payroll]\nmanagers = ["maria "]', "payroll.managers: logins are wanted"),
        ('[console]\nrefresh = "15 minutes"', "is not a length of time"),
        ('[console]\nrefresh = "0m"', "no time at all"),
        ('[supabase]\ndsn_env = "A"\nservice = "b"', "only one of dsn_env"),
        ('[supabase]\nwrite_dsn_file = "a"\nwrite_service = "b"', "only one of write_dsn_env, write_dsn_file"),
        ('[supabase]\npayment_table = "payment"', "supabase.payment_table: 'payment' is not a table name"),
        ('[supabase]\npayment_table = "public.payment; --"', "write schema.name"),
        ('[airbyte]\nbase_url = "airbyte.local"', "a URL"),
        ('[store]\nurl_env = "A"\nurl_file = "b"', "only one of"),
        ('[notify]\nurls_env = "A"\nurls_file = "b"', "only one of urls_env and urls_file"),
        (
            '[notify]\nurls_env = "A"\nevents = ["hold", "slack://hunter2"]',
            "verdict, hold, incident, escalation, approval",
        ),
        ('[notify]\nevents = ["hold"]', "nobody is told: urls_env or urls_file is wanted"),
        ("[notify]\nrepeat_after_h = 0", "notify.repeat_after_h: more than 0 hours"),
        ("[runbook]\nrow_count_alert_percent = nan", "runbook.row_count_alert_percent: 0 or more"),
        ("[runbook]\ncorrection_tolerance_min = -1", "runbook.correction_tolerance_min: 0 to 527,040"),
        ('[contacts]\nescalation = ["Boss"]', "contacts.escalation: the minutes are missing in 'Boss'"),
        ('[contacts]\nescalation = ["A (1 h)", "B (5 min)"]', "'B' would be told before 'A'"),
        ('[store]\nurl = "mysql://h/db"', "postgresql://user@host/database is wanted"),
        ('[store]\nurl = "postgresql://[h/db"', "postgresql://user@host/database is wanted"),
        ('[store]\nurl = "host=h password=hunter2"', "postgresql://user@host/database is wanted"),
        ('[store]\nurl = "postgresql://u:hunter2@h/db"', "a password does not belong here"),
        ('[store]\nurl = "postgresql://u@h/db?pass%77ord=hunter2"', "a password does not belong here"),
        ('state_dir = " "', "the path is empty"),
        ("dbt = 5", "a table is wanted: [dbt]"),
        ("sources = 5", "tables are wanted: [[sources]]"),
        ("[sources]\ntable = 'raw.a'", "tables are wanted: [[sources]]"),
    ],
)
def test_values_that_make_no_sense_are_refused(file: Path, text: str, wanted: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, text)
    assert wanted in caught.value.message
    assert caught.value.message.startswith(f"{file}:")
    assert "hunter2" not in caught.value.message


def test_who_signs_may_stand_in_two_lists_and_writing_may_have_a_login_of_its_own(file: Path) -> None:
    text = '[payroll]\nengineers = ["erin"]\nfinance = ["erin", "frank"]\nallowed_signers = "signers"\n'
    settings = load(file, f'{text}[supabase]\ndsn_env = "A"\nwrite_service = "b"\npayment_table = \'pay."Roll"\'\n')
    assert settings.payroll.finance == ("erin", "frank") and settings.payroll.managers == ()
    assert settings.payroll.allowed_signers == file.parent / "signers"
    assert settings.supabase.write_service == "b"


def test_a_closing_is_one_of_the_conventions(file: Path) -> None:
    assert tuple(Convention) == CLOSINGS
    assert load(file, '[[scd2]]\ntable = "b.t"\nclosing = "same_instant"\nupdated_at = ""').scd2[0].updated_at is None


def test_broken_toml_names_line_and_column(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"line 2, column 9"):
        load(file, "read_only = true\nstate = \n[dbt]\n")


def test_a_file_that_is_no_text_or_cannot_be_read_is_told_in_words(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_settings(ConfigFile(file, "--config"), {})
    with pytest.raises(ConfigError, match="Is a directory"):
        load_settings(ConfigFile(tmp_path, "--config"), {})


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused_with_the_command_that_helps(file: Path, mode: int) -> None:
    write(file, "").chmod(mode)
    with pytest.raises(ConfigError) as caught:
        load_settings(ConfigFile(file, "--config"), {})
    assert caught.value.next_step == f"Type: chmod go-w {file}"


def test_a_dsn_put_into_the_wrong_place_is_not_repeated(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, '[supabase]\ndsn = "postgresql://u:hunter2-planted@h/db"\n')
    assert "hunter2-planted" not in f"{caught.value} {caught.value.next_step}"


def test_reading_it_imports_nothing_heavy(file: Path) -> None:
    write(file, "")
    script = (
        "import sys; from pathlib import Path; from gcms_tui.adapters.config import *;"
        f"load_settings(ConfigFile(Path({str(file)!r}), '--config'), {{}});"
        "heavy = {'sqlalchemy', 'yaml', 'jinja2', 'snowflake', 'pandas', 'dbt', 'psycopg', 'textual', 'sqlglot'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# -- read-only ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "variable", "config", "targets", "target", "on", "reason"),
    [
        (False, "", False, (), "dev", False, "read_only = false"),
        (True, "", False, (), "dev", True, "--read-only"),
        (False, "1", False, (), "dev", True, "$GCMS_READ_ONLY"),
        (False, "anything", False, (), "dev", True, "$GCMS_READ_ONLY"),
        (False, "0", False, (), "dev", False, "read_only = false"),
        (False, "false", True, (), "dev", True, "read_only in"),
        (False, "", True, (), "dev", True, "read_only in"),
        (False, "", False, ("prod",), "PROD", True, "read_only_targets"),
        (False, "", False, ("prod",), "dev", False, "read_only = false"),
        (False, "", False, ("prod",), None, True, "not known"),
    ],
)
def test_the_most_restrictive_wins(
    flag: bool, variable: str, config: bool, targets: tuple[str, ...], target: str | None, on: bool, reason: str
) -> None:
    settings = replace(Settings(), read_only=config, read_only_targets=targets)
    answer = effective_read_only(settings, flag, {"GCMS_READ_ONLY": variable}, target)
    assert answer.on is on
    assert reason in answer.reason


def test_payrolls_tables_are_where_the_schemas_say_unless_they_are_named(file: Path) -> None:
    schemas = '[schemas]\ngold = "mart"\nbronze = \'"Landed"\'\n'
    payroll = load(file, schemas + '[payroll]\ndim_concert = "other.concerts"\n').payroll
    assert payroll.fact == Relation("MART", "FCT_MUSICIAN_PAYMENT")
    assert payroll.dim_musician == Relation("MART", "DIM_MUSICIAN")
    assert payroll.dim_concert == Relation("OTHER", "CONCERTS")
    assert payroll.source_payment == Relation("Landed", "BR_SUPABASE_PAYMENT")
    assert load(file, "").payroll == Settings().payroll
