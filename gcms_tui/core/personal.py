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
