from __future__ import annotations

import json
import shlex
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.dbt_command import RUNBOOK_COMMANDS, DbtCommand
from gcms_tui.core.dbt_options import NOT_HERE, OPTIONS, REFUSED, REFUSED_FAMILIES, SELECTING, SUBCOMMANDS
from gcms_tui.core.dbt_words import looks_secret, parse_command
from gcms_tui.core.errors import UsageError
from gcms_tui.core.query import Access


def parsed(line: str) -> DbtCommand:
    return parse_command(shlex.split(line))


def refusal(line: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parsed(line)
    return caught.value


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("test --select gold", DbtCommand("test", ("gold",))),
        ("dbt test --select gold", DbtCommand("test", ("gold",))),
        ("build -s +a b+ --exclude c", DbtCommand("build", ("+a", "b+"), ("c",))),
        ("run -m 'a b' --models c --select=d", DbtCommand("run", ("a", "b", "c", "d"))),
        ("run -f", DbtCommand("run", full_refresh=True)),
        ("test --store-failures -x", DbtCommand("test", store_failures=True, extra=("--fail-fast",))),
        ("build --threads=4 --no-fail-fast", DbtCommand("build", extra=("--threads", "4", "--no-fail-fast"))),
        ("source snapshot-freshness", DbtCommand("source freshness")),
        ("docs generate --no-compile", DbtCommand("docs generate", extra=("--no-compile",))),
        (
            "run-operation grant_all --args '{role: reader}'",
            DbtCommand("run-operation", extra=("grant_all", "--args", "{role: reader}")),
        ),
        (
            "build --resource-types model snapshot --vars '{natural_key: id, key_column: x}'",
            DbtCommand(
                "build", extra=("--resource-type", "model", "snapshot", "--vars", "{natural_key: id, key_column: x}")
            ),
        ),
    ],
)
def test_what_a_person_types_is_understood(line: str, command: DbtCommand) -> None:
    assert parsed(line) == command


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "build"),
        ("dbt", "build"),
        ("--select gold", "comes first"),
        ("tset --select gold", "do you mean test?"),
        ("docs", "docs generate"),
        ("docs genrate", "do you mean docs generate?"),
        ("docs serve", "never ends"),
        ("retry", "gcms-tui runs retry"),
        ("ls --select gold", "preview"),
        ("show --inline 'select 1'", "personal data"),
        ("test --selekt gold", "do you mean --select?"),
        ("test gold", "test --select gold"),
        ("test --select", "--select wants one"),
        ("test --select -x", "-x begins with a dash"),
        ("test --select=-x", "-x behind --select begins with a dash"),
        ("test --select 'gold -x'", "-x behind --select begins with a dash"),
        ("test --full-refresh", "dbt test has no --full-refresh"),
        ("run --store-failures", "build, test"),
        ("build --target prod", "--target name"),
        ("build -t prod", "--target name"),
        ("build --log-level debug", "leave it out"),
        ("build --state x", "result:fail"),
        ("build --empty", "payroll"),
        ("build --threads 0", "1 to 64"),
        ("build --threads many", "1 to 64"),
        ("build --threads 2 --threads 3", "twice"),
        ("build --fail-fast=yes", "takes none"),
        ("clean --no-clean-project-files-only", "outside the project"),
        ("run --select state:modified", "keeps none"),
        ("run --select gold && dbt test --select gold", "one command at a time"),
        ("run --select 'a\nb'", "control"),
        ("run-operation", "one macro"),
        ("run-operation a b", "one macro, not 2"),
        ("build --vars '{db_password: hunter2}'", "dbt_env_secret_"),
        ('run-operation load --args \'{"apiKey": "x"}\'', "dbt_env_secret_"),
    ],
)
def test_what_cannot_be_started_is_refused_with_the_word_and_the_way_out(line: str, says: str) -> None:
    error = refusal(line)
    assert says in f"{error.title} {error.message} {error.next_step}".lower()
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("{password: x}", True),
        ("password: x", True),
        ("{'db_passwd': x}", True),
        ("{access_token: x}", True),
        ("{clientSecret: x}", True),
        ("{key: x}", True),
        ("{private_key: x}", True),
        ('{"ssh-key": "x"}', True),
        ("{dsn: 'postgres://me:pw@host/db'}", True),
        ("{pem: '-----BEGIN PRIVATE KEY-----'}", True),
        ("{natural_key: x, unique_key: y}", False),
        ("{run_date: 2026-03-01}", False),
        ("{concert_id: 40, monkey: x}", False),
        ("", False),
    ],
)
def test_secrets_are_known_by_their_names_or_their_looks(text: str, secret: bool) -> None:
    assert looks_secret(text) is secret


_SELECTORS = st.from_regex(r"[+@]?[a-z][a-z_.:*]{0,12}\+?", fullmatch=True).filter(
    lambda text: "state:" not in text and "source_status:" not in text
)


@given(
    subcommand=st.sampled_from(sorted(SELECTING)),
    select=st.lists(_SELECTORS, max_size=4),
    exclude=st.lists(_SELECTORS, max_size=4),
    threads=st.none() | st.integers(1, 64),
)
def test_the_words_of_a_command_are_the_command(
    subcommand: str, select: list[str], exclude: list[str], threads: int | None
) -> None:
    command = DbtCommand(
        subcommand, tuple(select), tuple(exclude), extra=("--threads", str(threads)) if threads else ()
    )
    assert parse_command(command.words) == command


@given(st.lists(st.text(max_size=20), max_size=6))
def test_whatever_is_typed_is_a_command_or_a_usage_error(words: list[str]) -> None:
    try:
        command = parse_command(words)
    except UsageError:
        return
    assert command.subcommand in SUBCOMMANDS
    assert not any(selector.startswith("-") for selector in (*command.select, *command.exclude))


@pytest.mark.covers("Commands")
def test_every_command_of_the_runbook_is_one_that_can_be_typed() -> None:
    for entry in RUNBOOK_COMMANDS:
        assert parse_command(entry.command.words) == entry.command
        assert entry.title and entry.section and entry.purpose
    commands = [entry.command for entry in RUNBOOK_COMMANDS]
    assert len(set(commands)) == len(commands)
    reading = {command.subcommand for command in commands if command.access is Access.READ}
    assert reading == {"source freshness", "docs generate", "compile", "debug"}


def test_what_bears_on_the_selection_is_told_apart() -> None:
    command = parsed("build -s a --threads 4 --resource-type model test --vars '{a: 1}' --fail-fast")
    assert command.listing == ("--resource-type", "model", "test", "--vars", "{a: 1}")
    assert command.option("--threads") == ("4",)
    assert command.option("--fail-fast") == command.option("--args") == ()
    assert parsed("test -s result:fail").compares and not command.compares


_DBTS_OPTIONS = """
import click, json
from dbt.cli.main import cli

def commands(group, before):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            options = [item for item in command.params if isinstance(item, click.Option)]
            yield before + name, {
                spelling: "nothing" if item.is_flag else "many" if type(item).__name__ == "MultiOption" else "one"
                for item in options for spelling in (*item.opts, *item.secondary_opts)
            }

print(json.dumps(dict(commands(cli, ""))))
"""


def test_dbt_itself_knows_every_option_that_is_passed_on_and_all_others_are_refused_by_name() -> None:
    done = subprocess.run([sys.executable, "-c", _DBTS_OPTIONS], capture_output=True, text=True, check=True)
    dbts: dict[str, dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    assert set(dbts) == SUBCOMMANDS | (set(NOT_HERE) - {"ls", "list"}) | {"ls", "list", "source snapshot-freshness"}
    for subcommand in SUBCOMMANDS:
        passed_on = {
            spelling: option.takes
            for spelling, option in OPTIONS.items()
            if not option.only or subcommand in option.only
        }
        assert passed_on.items() <= dbts[subcommand].items(), subcommand
    assert not set(OPTIONS) & set(REFUSED)
    known = {spelling for options in dbts.values() for spelling in options}
    assert set(REFUSED) - {"--help", "-h"} <= known
    for family in REFUSED_FAMILIES:
        assert any(spelling.startswith(family) for spelling in known)
