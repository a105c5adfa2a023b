"""Which columns of a row are about a person, and are shown only to whoever asks for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from gcms_tui.core.finding import Scalar

MASK = "masked"
"""In place of a value, whatever its length was. NULL stays NULL: that it is missing is what a test tells."""

_WORDS = (
    r"names?|surname|firstname|lastname|fullname|nickname|salutation|"
    r"e?mails?|phones?|mobile|tel|telephone|fax|"
    r"address(?:es)?|street|city|town|zip|zipcode|postcode|postal|"
    r"iban|bic|swift|bank|account|routing|card|"
    r"birth|birthday|birthdate|birthplace|dob|age|gender|sex|nationality|"
    r"ssn|tax|vat|tin|passport|license|licence|insurance|"
    r"password|secret|token|ip"
)
_PERSONAL = re.compile(rf"(?:^|_)(?:{_WORDS})(?:_|\d|$)")
_OF_THE_TESTED_COLUMN = frozenset({"unique_field", "value_field", "from_field"})
"""What dbt's own generic tests call the column that they test: only the test's name says which it is."""


_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_CURRENCY = r"(?:[€$£]|\b(?:EUR|USD|GBP|CHF)\b)"
_NUMBER = r"-?\d(?:[\d.,']*\d)?"
_UNIT = r"%|(?:m?s|secs?|seconds?|min|minutes?|h|hours?|d|days?|[kmgt]i?b|times|x)\b"
_SUM = rf"(?<![\d.,:])(?:[1-9]\d{{0,2}}(?:[.,' ]\d{{3}})+|[1-9]\d+)[.,]\d{{2}}(?![\d:]|[.,]\d|\s*(?:{_UNIT}))"
_MONEY = re.compile(rf"{_CURRENCY}\s*{_NUMBER}|{_NUMBER}\s*{_CURRENCY}|{_SUM}", re.IGNORECASE)
"""Versions, times, rates and differences of some cents are no amounts; whatever stands beside a currency is."""


def tells_of_somebody(text: str) -> bool:
    """It holds an address, or what looks like an amount of money. Names nobody can tell from other words."""
    return bool(_ADDRESS.search(text) or _MONEY.search(text))


def without_amounts(text: str) -> str:
    """What looks like an amount of money is masked; other figures stay."""
    return _MONEY.sub(MASK, text)


def personal_columns(columns: Iterable[str], test_name: str, further: Sequence[str] = ()) -> tuple[str, ...]:
    """Those of `columns` that are to be masked. `further` names more of them, `*` standing for anything.

    Names are taken in any case; `fullName` as `full_name`.
    """
    tested = bool(_PERSONAL.search(_worded(test_name)))
    patterns = [pattern.lower() for pattern in further]
    return tuple(
        column
        for column in columns
        if _PERSONAL.search(_worded(column))
        or (tested and column.lower() in _OF_THE_TESTED_COLUMN)
        or any(fnmatchcase(column.lower(), pattern) for pattern in patterns)
    )


def masked(
    rows: Iterable[Sequence[Scalar]], columns: Sequence[str], personal: Iterable[str]
) -> list[tuple[Scalar, ...]]:
    """The rows with the personal columns' values hidden."""
    hidden = set(personal)
    places = {place for place, column in enumerate(columns) if column in hidden}
    return [
        tuple(MASK if place in places and cell is not None else cell for place, cell in enumerate(row)) for row in rows
    ]


def _worded(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", name).lower()
