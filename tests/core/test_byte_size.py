from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.byte_size import parse_size, size_text


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2_000_000_000), (" 500 mb ", 500_000_000), ("1.5kB", 1500), ("7B", 7), ("1TB", 10**12)]
)
def test_a_number_with_a_unit_is_bytes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "2", "GB", "-1GB", "2 PB", "0MB", "1e3MB", "2GB or so", "nan GB"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 KB"), (999_999, "1.0 MB"), (2_140_000_000, "2.1 GB")]
)
def test_a_size_reads_in_the_largest_unit_that_fits(size: int, text: str) -> None:
    assert size_text(size) == text


@given(st.integers(1, 10**15))
def test_what_is_written_is_within_a_tenth_of_the_unit(size: int) -> None:
    assert abs(parse_size(size_text(size)) - size) <= size * 0.051
