"""The frame of the command line: help, versions, exit statuses, and errors told in words."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest

from gcms_tui import __version__
from gcms_tui.cli import main as main_module
from gcms_tui.cli.crash import write_crash_report
from gcms_tui.cli.main import COMMANDS, LazyGroup, cli, run
from gcms_tui.core.errors import ConfigError, GcmsError, Refused, StatementFailed, Unavailable, UsageError
from tests.cli.commands import gcms_tui

HEAVY = {
    "textual",
    "rich",
    "snowflake",
    "pandas",
    "sqlalchemy",
    "dbt",
    "psycopg",
    "yaml",
    "jinja2",
    "sqlglot",
    "duckdb",
}


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_import_nothing_but_click(option: str) -> None:
    script = (
        "import sys; from gcms_tui.cli.main import run; run([sys.argv[1]]);"
        f"print(sorted({HEAVY} & set(sys.modules)),"
        " sorted(name for name in sys.modules if name.startswith('gcms_tui.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, option], capture_output=True, text=True, check=True)
    heavy, _, ours = done.stderr.strip().partition("] ")
    assert heavy == "["
    assert set(re.findall(r"'([\w.]+)'", ours)) == {
        "gcms_tui.cli",
        "gcms_tui.cli.invocation",
        "gcms_tui.cli.main",
        "gcms_tui.core",
        "gcms_tui.core.errors",
        "gcms_tui.core.frozen",
    }


def test_the_version_is_the_packages() -> None:
    assert gcms_tui("--version").out == f"gcms-tui {__version__}\n"


def test_the_help_names_every_command_and_global_option() -> None:
    done = gcms_tui("--help")
    assert done.status == 0
    for name in (*COMMANDS, "--config", "--target", "--read-only", "--json", "--ascii", "--slow-link", "--refresh"):
        assert f"  {name}" in done.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_has_help_of_its_own(name: str) -> None:
    context = click.Context(cli)
    command = LazyGroup().get_command(context, name)
    assert command is not None
    assert command.help
    shown = command.get_help(click.Context(command, info_name=name, parent=context))
    if name in ("doctor", "health", "init", "metrics"):
        assert all(option in shown for option in ("--config", "--target", "--read-only", "--json"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bogus"], "No such command 'bogus'"),
        (["heath"], "Did you mean health?"),
        (["--bogus"], "No such option"),
        (["init", "--bogus"], "No such option"),
        (["--config"], "requires an argument"),
        (["--json"], "gcms-tui health --json"),
    ],
)
def test_wrong_usage_is_64(arguments: list[str], says: str) -> None:
    done = gcms_tui(*arguments)
    assert done.status == 64
    assert says in done.err
    assert not done.out


def test_the_console_without_a_terminal_says_so() -> None:
    done = gcms_tui()
    assert done.status == 64
    assert "needs a terminal" in done.err
    assert "ssh -t" in done.err


@pytest.mark.parametrize("command", ["health", "metrics"])
def test_no_configuration_at_all_names_the_three_commands_that_help(command: str, tmp_path: Path) -> None:
    done = gcms_tui(command, cwd=tmp_path)
    assert done.status == 78
    assert all(f"gcms-tui {name}" in done.err for name in ("demo", "doctor", "init"))
    assert not done.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("read_only = tru\n", "line 1"),
        ("[snowflake]\nconections = 1\n", "gcms.toml:2: snowflake.conections: unknown key; did you mean connections?"),
    ],
)
def test_a_wrong_configuration_is_78_with_the_place(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "gcms.toml").write_text(text)
    (tmp_path / "gcms.toml").chmod(0o600)
    for arguments in (["health"], ["health", "--config", "gcms.toml"], ["--config", "gcms.toml", "health"]):
        done = gcms_tui(*arguments, cwd=tmp_path)
        assert done.status == 78
        assert says in done.err
        assert "Traceback" not in done.err


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    """The status of a command that raises `error`."""

    def fail(*args: object, **kwargs: object) -> None:
        secret = "planted-hunter2"  # noqa: F841 - a local that no report may show
        raise error

    monkeypatch.setattr(main_module.cli, "main", fail)
    return run([])


@pytest.mark.parametrize(
    ("kind", "status"), [(UsageError, 64), (Refused, 65), (Unavailable, 69), (StatementFailed, 69), (ConfigError, 78)]
)
def test_an_error_of_ours_is_told_with_its_next_step(
    kind: type[GcmsError], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(monkeypatch, kind("Title", "what \x1b[31mhappened\nand where", "what to do")) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "gcms-tui: Title\n  what happened\n  and where\n  -> what to do\n"


def test_a_bug_is_one_line_and_a_private_report_without_data(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_home: Path
) -> None:
    cause = KeyError("planted-hunter2")
    error = ValueError("planted-hunter2")
    error.__cause__ = cause
    assert raising(monkeypatch, error) == 70
    shown = capsys.readouterr().err
    assert re.match(r"gcms-tui: This is a bug: ValueError in \w+\.py:\d+\.\n  -> ", shown)
    assert "Traceback" not in shown
    (report,) = (own_home / ".local/state/gcms-tui/crashes").iterdir()
    assert str(report) in shown
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text()
    assert "builtins.ValueError" in text
    assert "builtins.KeyError" in text
    assert f"gcms-tui {__version__}" in text
    assert "planted-hunter2" not in text.replace('secret = "planted-hunter2"', "") + shown


def test_a_report_that_cannot_be_kept_in_the_state_directory_goes_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert raising(monkeypatch, ValueError()) == 70
    assert len(list(tmp_path.glob("gcms-tui-crash-*.txt"))) == 1


def test_two_reports_of_one_second_do_not_overwrite_each_other(tmp_path: Path) -> None:
    assert write_crash_report(ValueError(), tmp_path) != write_crash_report(ValueError(), tmp_path)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.exceptions.Abort()])
def test_an_interrupted_command_is_130_and_silent(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(monkeypatch, error) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_a_reader_that_has_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "gcms_tui", "--help"], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 141


def test_a_thread_that_hangs_does_not_keep_the_process() -> None:
    script = (
        "import threading; from gcms_tui.cli.main import _leave;"
        "threading.Thread(target=threading.Event().wait).start(); print('last words'); _leave(3)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (3, "last words\n")
