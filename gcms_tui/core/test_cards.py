"""The runbook's cause and fix beside each of its three critical tests (Emergency Procedures, Critical Test Failure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gcms_tui.core.dbt_manifest import Node


@dataclass(frozen=True, slots=True)
class Card:
    """The runbook's cause and fix beside one of its critical tests."""

    cause: str
    fix: str
    section: str


_SECTION = "E1 4"
_CARDS = (
    (
        re.compile(r"net_amount.*gross_amount.*deductions"),
        Card(
            "Rounding errors, null handling",
            "Review the calculation logic in fct_musician_payment.sql",
            _SECTION,
        ),
    ),
    (
        re.compile(r"attended_services.*required_services"),
        Card(
            "Data quality issue in the attendance or rehearsal tables",
            "Check the source data; it may need manual correction. Duplicate current versions in br_attendance_scd2 "
            "count a service twice: SCD2 Corruption",
            _SECTION,
        ),
    ),
    (
        re.compile(r"per_service.*deductions"),
        Card("Business logic error", "Review the deduction calculation", _SECTION),
    ),
)


def card_of(test: Node) -> Card | None:
    """By the columns of its expression, which dbt puts into the name it gives a test, in this order.

    The alias may be a hash; the last part of the path is the whole name.
    """
    names = " ".join((test.alias, test.name, *test.fqn[-1:]))
    return next((card for pattern, card in _CARDS if pattern.search(names)), None)
