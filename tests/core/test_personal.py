from __future__ import annotations

from decimal import Decimal

import pytest

from gcms_tui.core.dbt_manifest import Node
from gcms_tui.core.personal import MASK, masked, personal_columns
from gcms_tui.core.test_cards import card_of


@pytest.mark.parametrize(
    "column",
    ["full_name", "FIRST_NAME", "lastName", "name", "email", "E-MAIL", "phone2", "home_address", "iban", "account_no",
     "date_of_birth", "ssn", "tax_id", "postal_code"],
)  # fmt: skip
def test_what_is_about_a_person_is_masked(column: str) -> None:
    assert personal_columns([column], "t") == (column,)


@pytest.mark.parametrize(
    "column",
    ["payment_key", "concert_id", "musician_id", "net_amount", "gross_amount", "deductions", "attended_services",
     "calculated_at", "pay_type", "rate", "scd_id", "natural_key", "recorded_at", "percentage", "n_records", "title"],
)  # fmt: skip
def test_what_a_repair_needs_is_not(column: str) -> None:
    assert personal_columns([column], "expression_is_true_fct_musician_payment_net_amount") == ()


def test_a_generic_test_hides_what_it_tests() -> None:
    columns = ("UNIQUE_FIELD", "N_RECORDS")
    assert personal_columns(columns, "unique_dim_musician_email") == ("UNIQUE_FIELD",)
    assert personal_columns(columns, "unique_dim_musician_musician_id") == ()


def test_further_columns_are_masked_where_the_configuration_says_so() -> None:
    columns = ("RATE", "INSTRUMENT_ID", "pay_type")
    assert personal_columns(columns, "t", ("rate", "instrument*")) == ("RATE", "INSTRUMENT_ID")


def test_a_mask_is_of_one_length_and_amounts_and_nulls_stay() -> None:
    rows = [("Ana Li", Decimal("100.10"), None), ("Bo", Decimal("-0.01"), "b@example.org")]
    assert masked(rows, ("name", "net_amount", "email"), ("name", "email")) == [
        (MASK, Decimal("100.10"), None),
        (MASK, Decimal("-0.01"), MASK),
    ]


@pytest.mark.covers("E1 4")
@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("expression_is_true_fct_musician_payment_net_amount_gross_amount_deductions", "Rounding"),
        ("expression_is_true_fct_musician_payment_attended_services_required_services", "attendance"),
        ("dbt_utils_expression_is_true_fct_musician_payment_pay_type_per_service_deductions_0", "Business"),
        ("not_null_fct_musician_payment_net_amount", None),
        ("unique_fct_musician_payment_payment_key", None),
    ],
)
def test_the_three_critical_tests_have_their_cards_under_any_alias(name: str, cause: str | None) -> None:
    for test in (
        Node("test.gcms.t", "test", name, name, ("gcms", "gold", name)),
        Node("test.gcms.t", "test", "expression_is_true_fct_5857979f", "x_5857979f", ("gcms", "gold", name)),
        Node("test.gcms.t", "test", name, "critical_one"),
    ):
        card = card_of(test)
        assert (card is None) == (cause is None)
        assert card is None or (cause is not None and cause in card.cause and card.section == "E1 4")
