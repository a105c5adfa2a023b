"""What an incident keeps of a finding, and what of anything typed or read may be told to others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gcms_tui.core.finding import Evidence, Finding
from gcms_tui.core.personal import MASK, personal_columns, without_amounts
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict

ROWS = 20
"""Names of evidence rows that are kept."""
SUMMARY_LIMIT = 300
_NAMING = ("test", "node", "source", "table", "natural_key", "defect", "column", "concert_id")
"""The columns by which a row of evidence is called; one about a thing, never one about a person."""
CRITICAL_FINDINGS = frozenset({"tests.gold", "metric.test_pass"})
"""Those that fail where a critical test fails."""

_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_TELEPHONE = re.compile(r"(?<![\w-])\+?\d(?:[\s()/.-]{0,3}\d){6,}(?![\w-])")
_MOMENT = re.compile(r"(\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?)?\b)")
_CURRENCY = r"(?:[$€£]|\b(?:USD|EUR|GBP|CHF)\b)"
_AMOUNT = re.compile(
    rf"{_CURRENCY}\s*-?\d(?:[\d,.']*\d)?|(?<![\w.])-?\d[\d,']*(?:[.,]\d{{2}}(?![\w.])(?:\s*{_CURRENCY})?|\s*{_CURRENCY})",
    re.IGNORECASE,
)


def is_critical(finding: Finding) -> bool:
    """Whether a critical test fails: closing its incident names the run, and payroll is held."""
    return finding.verdict is Verdict.FAIL and finding.name in CRITICAL_FINDINGS


def kept(finding: Finding, further: Sequence[str] = ()) -> dict[str, Any]:
    """As `events.OPENED` holds it. `further` names more columns that are personal."""
    return {
        "name": printable(finding.name, 120),
        "verdict": finding.verdict.name,
        "summary": impersonal(finding.summary, SUMMARY_LIMIT),
        "taken_at": finding.taken_at.isoformat(),
        "rows": list(row_names(finding.evidence, further)),
        "total": finding.evidence.total,
    }


def row_names(evidence: Evidence, further: Sequence[str] = ()) -> tuple[str, ...]:
    """What the rows are called, each once; none where every column that could tell is about a person."""
    personal = personal_columns(evidence.columns, "", further)
    column = next((name for name in _NAMING if name in evidence.columns and name not in personal), None)
    if column is None:
        return ()
    place = evidence.columns.index(column)
    names = dict.fromkeys(impersonal(str(row[place]), 120) for row in evidence.rows if row[place] is not None)
    return tuple(names)[:ROWS]


def impersonal(text: str, limit: int) -> str:
    """On one line, without mail addresses, telephone numbers and amounts of money."""
    return printable(without_addresses(_AMOUNT.sub(MASK, printable(text))), limit)


def typed_kept(text: str) -> str:
    """What somebody typed, as it is journalled: without addresses and amounts, its other figures as they are."""
    return without_addresses(without_amounts(printable(text)))


def without_addresses(text: str) -> str:
    """On one line, without mail addresses and telephone numbers. Moments are no numbers to call."""
    shown = _MAIL.sub(MASK, printable(text))
    parts = _MOMENT.split(shown)  # every second one is a moment
    return "".join(part if place % 2 else _TELEPHONE.sub(MASK, part) for place, part in enumerate(parts)).strip()
