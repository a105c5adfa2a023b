"""Which troubleshooting card is the one for what is seen; what is not known calls for none."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from gcms_tui.core.identifier import Relation
from gcms_tui.core.procedures.matching import Match, Seen, gathered, match_node, match_trend, versioned_names
from gcms_tui.core.run_trend import NodeTrend
from gcms_tui.core.settings import Scd2TableSettings

MISSING = (
    "Database Error in model payment_export (models/gold/payment_export.sql)\n"
    "  002003 (42S02): SQL compilation error:\n"
    "  Object 'GCMS.GOLD.FCT_PAYMENT' does not exist or not authorized."
)
FAILING = Seen("model.gcms.payment_export", "error", MISSING)
UNTOUCHED = Seen("model.gcms.br_attendance_scd2", "success", "SUCCESS 0")
TEST = Seen("test.gcms.not_null_x.0a1b2c3d4e", "fail", "Got 3 results, configured to fail if != 0", "prod")
SLOW = NodeTrend("model.gcms.fct", "FCT_ALIAS", "model", 6, 3.7, 6.4, 6.4, 6.4, True, (3.1, 6.4))
VERSIONED = versioned_names((Scd2TableSettings(table=Relation.parse("bronze.attendance_history")),))


def named(match: Match | None) -> str:
    return "" if match is None else f"{match.section} {match.procedure} {match.about}".rstrip()


@pytest.mark.covers("T1")
@pytest.mark.parametrize(
    ("seen", "called_for"),
    [
        (FAILING, "payment_export"),
        (replace(FAILING, message="002003 (02000): nothing else is said"), "payment_export"),
        (replace(FAILING, message="object 'x' DOES NOT EXIST\n  OR NOT AUTHORIZED."), "payment_export"),
        (replace(FAILING, unique_id="test.gcms.not_null_x.0a1b2c3d4e"), "not_null_x"),
        (replace(FAILING, unique_id="test.gcms.not_null_x.0a1b", target="prod"), "not_null_x"),
        (replace(FAILING, unique_id="snapshot.gcms.concerts", status="runtime error"), "concerts"),
        (replace(FAILING, status="success"), None),
        (replace(FAILING, status="skipped"), None),
        (replace(FAILING, status="exploded"), None),
        (replace(FAILING, message=""), None),
        (replace(FAILING, message="000904 (42000): invalid identifier in model_002003"), None),
        (replace(FAILING, message="Got 1002003 results, configured to fail if != 0"), None),
        (replace(FAILING, message="Table X does not exist"), None),
        (replace(FAILING, unique_id="sql table model GOLD.payment_export"), None),
        (replace(FAILING, unique_id="operation.gcms.on-run-start-0"), None),
        (replace(FAILING, unique_id="source.gcms.supabase.payment"), None),
        (replace(FAILING, unique_id=""), None),
    ],
)
def test_a_relation_that_is_missing_or_not_authorised(seen: Seen, called_for: str | None) -> None:
    assert named(match_node(seen)) == ("" if called_for is None else f"T1 relation-missing {called_for}")


@pytest.mark.covers("T2")
@pytest.mark.parametrize(
    ("seen", "called_for"),
    [
        (UNTOUCHED, True),
        (replace(UNTOUCHED, message=" SUCCESS 0\n"), True),
        (replace(UNTOUCHED, unique_id="model.gcms.BR_CONCERT_SCD2"), True),
        (replace(UNTOUCHED, unique_id="snapshot.gcms.concerts"), True),
        (replace(UNTOUCHED, unique_id="model.gcms.attendance_history"), True),
        (replace(UNTOUCHED, unique_id="model.gcms.fct_musician_payment"), False),
        (replace(UNTOUCHED, unique_id="test.gcms.unique_br_attendance_scd2.0a1b"), False),
        (replace(UNTOUCHED, unique_id="test.gcms.one_current_scd2.0a1b"), False),
        (replace(UNTOUCHED, message="SUCCESS 2"), False),
        (replace(UNTOUCHED, message="SUCCESS 01"), False),
        (replace(UNTOUCHED, message="SUCCESS None"), False),
        (replace(UNTOUCHED, message=""), False),
        (replace(UNTOUCHED, status="error"), False),
        (replace(UNTOUCHED, rebuilt=True), False),
    ],
)
def test_a_table_of_versions_that_took_none(seen: Seen, called_for: bool) -> None:
    assert named(match_node(seen, VERSIONED)) == ("T2 no-scd2-change" if called_for else "")


@pytest.mark.covers("T3")
@pytest.mark.parametrize(
    ("seen", "called_for"),
    [
        (TEST, True),
        (replace(TEST, status="error", target="gcms_prod"), True),
        (replace(TEST, unique_id="unit_test.gcms.fct.nets_out"), True),
        (replace(TEST, target="dev"), False),
        (replace(TEST, target=""), False),
        (replace(TEST, status="warn"), False),
        (replace(TEST, status="skipped"), False),
        (replace(TEST, status="pass"), False),
        (replace(TEST, unique_id="model.gcms.fct", status="error"), False),
    ],
)
def test_a_test_that_fails_in_production(seen: Seen, called_for: bool) -> None:
    assert named(match_node(seen)) == ("T3 dev-against-prod" if called_for else "")


@pytest.mark.covers("T4")
@pytest.mark.parametrize(
    ("node", "called_for"),
    [
        (SLOW, "fct"),  # by the name that dbt selects by, not by its alias
        (replace(SLOW, unique_id="test.gcms.not_null_x.0a1b", resource_type="test"), "not_null_x"),
        (replace(SLOW, regressed=False), None),
        (replace(SLOW, unique_id="seed.gcms.rates", resource_type="seed"), None),
        (replace(SLOW, unique_id="sql table model GOLD.fct"), None),
    ],
)
def test_a_node_that_has_become_slower(node: NodeTrend, called_for: str | None) -> None:
    assert named(match_trend(node)) == ("" if called_for is None else f"T4 slow-model {called_for}")


def test_a_card_is_told_once_with_a_few_of_those_that_call_for_it() -> None:
    untouched = [replace(UNTOUCHED, unique_id=f"model.gcms.br_{number}_scd2") for number in range(5)]
    seen = (*untouched, TEST, FAILING, FAILING, replace(FAILING, unique_id="model.gcms.a"), Seen("model.gcms.b", "new"))
    told = gathered(match_node(one) for one in seen)
    assert [named(match) for match in told] == [
        "T1 relation-missing a",
        "T1 relation-missing payment_export",
        "T2 no-scd2-change",
        "T3 dev-against-prod",
    ]
    assert told[1].why == "payment_export misses a relation, or may not read it"
    assert told[2].why.endswith("br_2_scd2 took no new version; 2 more") and "br_3" not in told[2].why


def test_a_name_is_data_to_the_shell_it_is_typed_into() -> None:
    match = match_node(replace(FAILING, unique_id="model.gcms.x;$(id)'"))
    assert match is not None
    assert shlex.split(match.command)[-2:] == ["--about", "x;$(id)'"]
    untouched = match_node(UNTOUCHED)
    assert untouched is not None and untouched.command == "gcms-tui runbook start no-scd2-change"
