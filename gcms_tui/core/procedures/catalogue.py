"""Every procedure of the runbook, in its order."""

from __future__ import annotations

import difflib

from gcms_tui.core.errors import UsageError
from gcms_tui.core.procedures.cards import DEV_AGAINST_PROD, NO_SCD2_CHANGE, RELATION_MISSING, SLOW_MODEL
from gcms_tui.core.procedures.emergencies import CRITICAL_TEST, PIPELINE_FAILURE, SCD2_CORRUPTION
from gcms_tui.core.procedures.paying import POST_PAYROLL, PRE_PAYROLL
from gcms_tui.core.procedures.routine import DAILY, MONTHLY, WEEKLY
from gcms_tui.core.procedures.step import Procedure

PROCEDURES: tuple[Procedure, ...] = (
    DAILY,
    WEEKLY,
    MONTHLY,
    CRITICAL_TEST,
    SCD2_CORRUPTION,
    PIPELINE_FAILURE,
    PRE_PAYROLL,
    POST_PAYROLL,
    RELATION_MISSING,
    NO_SCD2_CHANGE,
    DEV_AGAINST_PROD,
    SLOW_MODEL,
)

CONTRADICTIONS: tuple[tuple[str, str], ...] = (
    (
        "Freshness: 24 h (Daily 2) or 48 h (K3)?",
        "Both: WARN from 24 h, FAIL from 48 h. Payroll wants 24 h and knows no WARN.",
    ),
    (
        "Export before the sign-off, snapshot after the payment?",
        "The data is frozen with the tests, the file prepared, signed as it is, and only then released; the archive is "
        "proven to be what was signed.",
    ),
    (
        "Escalate after 30 minutes (E1 5) or 15 / 30 / 60 (Contacts)?",
        "The clock keeps 15 / 30 / 60; 30 is when the senior engineer is called.",
    ),
    (
        "Sunday 02:00 has no timezone, and is the hour in which clocks change.",
        "The zone is [runbook] timezone. A time that does not exist that day is the next minute that does; one that is "
        "there twice is the first.",
    ),
    ("`gold.` needs a custom generate_schema_name.", "Schemas are configured: [schemas]."),
    (
        "`Critical test` is undefined.",
        "A test that is tagged critical, and any that stands on the table payroll is paid from.",
    ),
    ("`Repeat for other SCD2 tables` names none.", "Those of the configuration and of dbt's manifest."),
    ("The success rate has no window.", "30 days, stated with the number of runs."),
    ("The on-call number is a placeholder, the project path personal.", "Both are configured, and flagged until then."),
    (
        "The first Monday may be a holiday, and has no time.",
        "The next business day then; 09:00, as the morning check.",
    ),
)
"""Where the runbook contradicts itself or leaves open what has to be known, and what was decided."""


def procedure(name: str) -> Procedure:
    """Raises `UsageError`."""
    found = next((item for item in PROCEDURES if item.name == name), None)
    if found is not None:
        return found
    names = [item.name for item in PROCEDURES]
    near = difflib.get_close_matches(name, names, n=2, cutoff=0.4)
    raise UsageError(
        "No such procedure",
        f"{name[:80]!r} is none of the runbook's.",
        f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(names)}.",
    )
