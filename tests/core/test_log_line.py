"""A line taken apart, whatever it is, and the words that a pattern cannot do without."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.log_line import ENTRY, Level, LogLine, parse_line
from gcms_tui.core.log_pattern import PatternError, compile_pattern, readable

ID = "8b9ae1ab-5cbd-4e4c-a21a-9b4c0d9a2f10"


def event(level: str = "info", message: str = "Found 3 models", **info: object) -> bytes:
    told = {"level": level, "msg": message, "thread": "Thread-1", "ts": "2026-03-02T09:00:01.5Z", **info}
    return json.dumps({"data": {"level": "error"}, "info": {"invocation_id": ID, **told}}).encode()


def test_text_format() -> None:
    line = parse_line(b"\x1b[0m02:52:19.519721 [info ] [MainThread]: 1 of 8 \x1b[32mPASS\x1b[0m not_null [in 0.1s]\n")
    assert line == LogLine("1 of 8 PASS not_null [in 0.1s]", "02:52:19.519721", Level.INFO, "MainThread")


def test_header_of_an_invocation() -> None:
    line = parse_line(f"{'=' * 30} 02:52:19.519721 | {ID} {'=' * 30}\r\n".encode())
    assert line.header and line.invocation_id == ID and line.moment == "02:52:19.519721"


def test_json_format_is_read_from_info_alone() -> None:
    line = parse_line(event(message="\x1b[31mFAIL 3\x1b[0m"))
    assert line == LogLine("FAIL 3", "09:00:01.5", Level.INFO, "Thread-1", ID)


@pytest.mark.parametrize(
    "raw, message",
    [
        (b"select 1", "select 1"),
        (b"", ""),
        (b"{{ config(materialized='table') }}", "{{ config(materialized='table') }}"),
        (b'{"info": null}', '{"info": null}'),
        (b"[" * 100_000, "[" * 100_000),
        (b'{"a":' * 50_000, '{"a":' * 50_000),
        (b"\xff\xfe\x00 caf\xc3", "\ufffd\ufffd\x00 caf\ufffd"),
        (b"12:00:00 is no entry", "12:00:00 is no entry"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_anything_else_is_shown_as_it_is(raw: bytes, message: str) -> None:
    assert parse_line(raw) == LogLine(message, continuation=True)


@pytest.mark.parametrize(
    "raw, failure",
    [
        (b"02:52:19.5 [error] [MainThread]: Database Error", True),
        (b"02:52:19.5 [info ] [Thread-1]: 3 of 8 ERROR creating sql table model", True),
        (b"02:52:19.5 [info ] [Thread-1]: 3 of 8 \x1b[31mFAIL 2\x1b[0m unique_x", True),
        (b"02:52:19.5 [info ] [Thread-1]: 3 of 8 PASS error_rate", False),
        (b"02:52:19.5 [warn ] [Thread-1]: an ERROR is mentioned", False),
        (b"select 'ERROR'", False),
        (event("error"), True),
        (event("info", "3 of 8 FAIL 2 unique_x"), True),
        (event("info"), False),
    ],
)
def test_what_counts_as_a_failure(raw: bytes, failure: bool) -> None:
    assert parse_line(raw).failure is failure


FRAGMENTS = st.sampled_from(
    [
        b"\x1b[0m",
        b"02:52:19.5 ",
        b"[info ] ",
        b"[T-1]: ",
        b"=====",
        b" 02:52:19.5 | ",
        ID.encode(),
        b" =====",
        b"{",
        b"\r",
    ]
)


@given(st.lists(st.one_of(FRAGMENTS, st.binary(max_size=6)), max_size=8).map(b"".join))
def test_an_entry_in_raw_bytes_is_an_entry_once_parsed(raw: bytes) -> None:
    raw = raw.replace(b"\n", b"")
    match, line = ENTRY.match(b"\n" + raw), parse_line(raw)
    if match is None:
        assert line.continuation or b"\x1b[" in raw  # colours inside of an entry's beginning: dbt writes none there
    elif match["json"] is None:
        assert not line.continuation
        assert line.header is (match["invocation"] is not None)


# -- patterns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, position",
    [("[abc", 0), ("a(b", 1), ("a)", 1), ("*x", 0), ("(?P<n>a)(?P<n>b)", 12), ("a{3,1}", 2), ("x" * 3_000, None)],
)
def test_a_wrong_expression_says_where(text: str, position: int | None) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(text)
    assert caught.value.position == position
    assert position is None or f"at character {position + 1}" in caught.value.message


def test_deep_nesting_is_refused_in_words() -> None:
    with pytest.raises(PatternError):
        compile_pattern("(" * 900 + "a" + ")" * 900 + "{99999999999999999999}")


@pytest.mark.parametrize(
    "text, line, matches",
    [
        ("error", b"Database Error", True),
        ("Error", b"database error", False),
        (r"\Serror", b"xERROR", True),
        ("[PASS in", b"", None),
        (r"PASS in", b"[\x1b[32mPASS\x1b[0m in 0.1s]", True),
        ("^x$", b"x\r\n", True),
        ("Dvo.ák", "Dvořák".encode(), True),
        ("dvořák", "DVOŘÁK".encode(), True),
    ],
)
def test_what_is_searched_is_what_is_read(text: str, line: bytes, matches: bool | None) -> None:
    if matches is None:
        with pytest.raises(PatternError):
            compile_pattern(text)
    else:
        assert compile_pattern(text).matches(line) is matches


PIECES = [
    "abc",
    "DE",
    "x",
    ".",
    ".*",
    "[ab]",
    "[^]a]",
    "(a|b)",
    "(?:ab)?",
    "(?#|)",
    "c?",
    "d{2}",
    "e*",
    "f+",
    r"\d",
    r"\.",
    r"\x41",
]
PIECES += [r"\bgh\b", "|", "^", "$", "(?=k)", "(?!k)", "é", r"\n", "{", "g{1,2}?", r"[\]|(]", r"\(", "i+?", "(?i:J)"]


@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join),
    st.text("abcdefghijkxABDEJ.é1| ](", max_size=30),
)
def test_no_line_that_matches_lacks_the_words(text: str, line: str) -> None:
    try:
        pattern = compile_pattern(text)
    except PatternError:
        return
    if not pattern.branches or not pattern.matches(line.encode()):
        return
    haystack = line.lower().encode() if pattern.ignore_case else line.encode()
    assert any(all(word in haystack for word in words) for words in pattern.branches)
    assert re.search(text, readable(line.encode()), re.IGNORECASE if pattern.ignore_case else 0)


def test_one_word_alone_is_certain() -> None:
    assert compile_pattern("Error").certain and compile_pattern("Error").branches == ((b"Error",),)
    assert not compile_pattern("Data Error").certain
    assert compile_pattern("fail|PASS 1").branches == ((b"fail",), (b"PASS", b"1"))
