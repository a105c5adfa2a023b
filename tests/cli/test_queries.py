"""`gcms-tui queries` as a person and as a script meets it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters.queries import QueryLibrary
from gcms_tui.cli.main import run
from gcms_tui.cli.queries import configured_names
from gcms_tui.core.identifier import Column, NoColumn, OpenEnd, Relation
from gcms_tui.core.query import Described
from gcms_tui.core.settings import Scd2TableSettings, SchemaSettings, Settings, SourceSettings

LIBRARY = QueryLibrary.load()


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without a configuration."""
    monkeypatch.chdir(tmp_path)


def configured(directory: Path, text: str) -> str:
    path = directory / "gcms.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_list_names_every_query_with_its_section(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queries", "list"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].split() == ["NAME", "ACCESS", "DIALECT", "RUNBOOK", "PURPOSE"]
    assert [line.split()[0] for line in lines[1:]] == list(LIBRARY.names())
    assert err == ""


def test_the_list_as_json_is_alone_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queries", "list", "--json"]) == 0
    out, err = capsys.readouterr()
    listed = {query["name"]: query for query in json.loads(out)["queries"]}
    assert set(listed) == set(LIBRARY.names())
    assert listed["mark_paid"]["access"] == "write"
    assert listed["mark_paid"]["dialect"] == "postgres"
    assert listed["source_freshness"]["source"] == "queries/source_freshness.sql"
    assert err == ""


def test_show_prints_the_text_with_its_placeholders(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queries", "show", "source_freshness"]) == 0
    out = capsys.readouterr().out
    assert "MAX({loaded_at}) AS last_loaded_at" in out
    assert "read, snowflake; runbook: Daily 2" in out
    assert "instead: the runbook looks for the column in INFORMATION_SCHEMA" in out


def test_rendered_it_has_the_configured_names_and_the_values_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configured(tmp_path, '[payroll]\nfact = "prod.gold.fact"\nsource_payment = \'bronze."Pay"\'\n')
    assert run(["--config", config, "queries", "show", "payroll_totals", "--rendered", "--json"]) == 0
    sql: str = json.loads(capsys.readouterr().out)["sql"]
    assert 'FROM "PROD"."GOLD"."FACT"' in sql
    assert 'FROM "BRONZE"."Pay"' in sql
    assert "TO_NUMBER(:tolerance, 38, 6)" in sql
    assert "{" not in sql


def test_without_a_configuration_it_says_whose_names_these_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queries", "show", "row_count", "--rendered"]) == 0
    out, err = capsys.readouterr()
    assert 'FROM "GOLD"."FCT_MUSICIAN_PAYMENT"' in out
    assert "there is no gcms.toml" in err


@pytest.mark.parametrize("name", LIBRARY.names())
def test_every_query_can_be_shown_rendered(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queries", "show", name, "--rendered"]) == 0
    assert "{" not in capsys.readouterr().out.partition("\n-- instead")[2].partition("\n")[2]


def test_an_unknown_query_is_wrong_usage_and_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queries", "show", "scd2_integrty"]) == 64
    assert "gcms-tui queries show scd2_integrity" in capsys.readouterr().err


def test_check_finds_nothing_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queries", "check"]) == 0
    assert capsys.readouterr().out == f"{len(LIBRARY.names())} queries, all as they say they are.\n"


def test_check_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queries", "check", "--json"]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert answer == {"verdict": "OK", "queries": len(LIBRARY.names()), "problems": []}


def test_check_fails_where_a_shipped_file_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(QueryLibrary, "problems", lambda _: ["queries/a.sql: \x1b[31mwrong"])
    assert run(["queries", "check"]) == 2
    assert capsys.readouterr().out == "queries/a.sql: wrong\n"
    assert run(["queries", "check", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["verdict"] == "FAIL"


def test_an_override_of_ones_own_is_listed_with_its_file_and_refused_where_it_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    config = configured(tmp_path, 'queries_dir = "own"\n')
    front = LIBRARY.text("row_count").partition("*/")[0]
    override = own / "row_count.sql"
    override.write_text(f"{front}*/ SELECT COUNT(*) AS row_count FROM {{table}} -- ours", encoding="utf-8")
    assert run(["queries", "show", "row_count", "--config", config, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["source"] == str(override)
    assert shown["sql"].endswith("-- ours")
    override.write_text(f"{front}*/ DELETE FROM {{table}}", encoding="utf-8")
    assert run(["queries", "list", "--config", config]) == 78
    out, err = capsys.readouterr()
    assert out == ""
    assert "it is DELETE, not a single SELECT, SHOW or DESCRIBE" in err


def test_a_broken_configuration_is_told_and_not_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["queries", "list", "--config", configured(tmp_path, "payrol = 1\n")]) == 78
    assert "payrol" in capsys.readouterr().err


def test_the_names_are_the_first_configured_ones_that_fit() -> None:
    settings = Settings(
        schemas=SchemaSettings(gold='"Gold"', backup_suffix="_saved"),
        sources=(SourceSettings(Relation("RAW", "SUPABASE_CONCERT"), "_airbyte_emitted_at"),),
        scd2=(
            Scd2TableSettings(
                Relation("SNAPS", "CONCERTS"), effective_to="dbt_valid_to", is_current=None, updated_at=None
            ),
        ),
    )
    freshness = configured_names(LIBRARY.get("source_freshness"), settings)
    assert freshness == {"table": Relation("RAW", "SUPABASE_CONCERT"), "loaded_at": Column("_AIRBYTE_EMITTED_AT")}
    integrity = configured_names(LIBRARY.get("scd2_integrity"), settings)
    assert integrity["table"] == Relation("SNAPS", "CONCERTS")
    assert integrity["is_current"] == OpenEnd(Column("DBT_VALID_TO"))
    closing = configured_names(LIBRARY.get("scd2_close_version"), settings)
    assert (closing["is_current"], closing["updated_at"]) == (Column("IS_CURRENT"), Column("UPDATED_AT"))
    assert configured_names(LIBRARY.get("scd2_end_version"), settings)["is_current"] == OpenEnd(Column("DBT_VALID_TO"))
    assert configured_names(LIBRARY.get("scd2_key_versions"), settings)["updated_at"] == NoColumn()
    newest = configured_names(LIBRARY.get("supabase_newest_rows"), settings)
    assert newest == {"table": Relation("public", "concert")}
    clone = configured_names(LIBRARY.get("clone_table"), settings)
    assert clone["backup"] == Relation("Gold_SAVED", "FCT_MUSICIAN_PAYMENT_BACKUP")
    restored = configured_names(LIBRARY.get("restore_state"), settings)
    assert restored["before"] == Relation("Gold_SAVED", "FCT_MUSICIAN_PAYMENT_BEFORE")


@pytest.mark.parametrize("kind", ["relation", "schema", "column", "flag", "optional"])
def test_a_name_that_no_configuration_knows_stands_as_its_query_calls_it(kind: str) -> None:
    query = replace(LIBRARY.get("row_count"), sql="SELECT {newcomer}", placeholders=(Described("newcomer", kind),))
    assert query.named(configured_names(query, Settings())).endswith('"NEWCOMER"')
