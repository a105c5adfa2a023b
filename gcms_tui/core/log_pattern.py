"""What is searched for in a log: a regular expression over one line at a time, as it reads without its colours.

A pattern without a capital letter matches either case; one with a capital letter matches exactly (as in vim's smartcase
and ripgrep's -S). Escapes such as `\\S` do not count as capitals.

Searching a gigabyte with `re` alone takes a minute. So the words that every match must hold are worked out first:
lines without them are passed over at the speed of `bytes.find`. They are looked for in the bytes as they stand: a word
with a colour that begins inside of it is not found, no more than by grep. dbt colours whole words, and to look at each
colour costs several times what the search does.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from gcms_tui.core.errors import UsageError
from gcms_tui.core.log_line import ANSI

_META = set(".^$*+?{}[]\\|()")
_WORD = re.compile(r"[0-9A-Za-z_]+")
_LONGEST_PATTERN = 2_000


class PatternError(UsageError):
    """Not a regular expression; `position` is the character where it goes wrong, from 0, or None."""

    def __init__(self, message: str, position: int | None) -> None:
        where = "" if position is None else f" at character {position + 1}"
        super().__init__("Not a regular expression", f"{message}{where}", "Put \\ before a sign to mean itself.")
        self.position = position


@dataclass(frozen=True, slots=True)
class Pattern:
    text: str
    regex: re.Pattern[str]
    ignore_case: bool
    branches: tuple[tuple[bytes, ...], ...]
    """For each alternative the words that a matching line must hold, lower case where the case is ignored. Empty where
    an alternative needs none. Words only, because colours stand between words and would tear a phrase apart."""
    certain: bool
    """The pattern is one such word: a line that holds it matches."""

    def matches(self, line: bytes) -> bool:
        """Whether a line matches, given with or without its colours and its line break."""
        return self.regex.search(readable(line)) is not None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where it matches in `text`; matches of nothing are left out."""
        return [match.span() for match in self.regex.finditer(text) if match.end() > match.start()]


def readable(line: bytes) -> str:
    """A raw line as it is searched: UTF-8 where it is, and no colours."""
    text = line.rstrip(b"\r\n").decode("utf-8", errors="replace")
    return ANSI.sub("", text) if "\x1b" in text else text


def compile_pattern(text: str) -> Pattern:
    """Raises `PatternError`."""
    if len(text) > _LONGEST_PATTERN:
        raise PatternError(f"longer than {_LONGEST_PATTERN} characters", None)
    ignore_case = not any(letter.isupper() for letter in re.sub(r"\\.|\(\?P", "", text, flags=re.DOTALL))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            regex = re.compile(text, re.IGNORECASE if ignore_case else 0)
    except re.error as error:
        raise PatternError(error.msg, error.pos) from None
    except (OverflowError, RecursionError) as error:
        raise PatternError(str(error) or "too deep", None) from None
    branches = _required_words(text)
    if ignore_case:
        branches = tuple(tuple(word.lower() for word in words) for words in branches)
    return Pattern(text, regex, ignore_case, branches, certain=bool(_WORD.fullmatch(text)))


def _required_words(text: str) -> tuple[tuple[bytes, ...], ...]:
    """Words of plain ASCII that a match of each top-level alternative contains; nothing where one has none."""
    branches: list[tuple[bytes, ...]] = []
    for runs in _literal_runs(text):
        words = tuple(word.encode() for run in runs for word in _WORD.findall(run))
        if not words:
            return ()
        branches.append(words)
    return tuple(branches)


def _literal_runs(text: str) -> Iterator[list[str]]:
    """The stretches of characters that mean themselves and must occur, alternative by alternative.

    Only what stands outside of groups and classes counts; nothing where the pattern sets flags in its text (`(?x)`), or
    holds a comment or a named character.
    """
    if re.search(r"\(\?[aiLmsux#-]|\\N", text):
        yield []
        return
    runs: list[str] = []
    run, at = "", 0
    while at < len(text):
        sign = text[at]
        if sign == "|":
            yield [*runs, run]
            runs, run, at = [], "", at + 1
        elif sign in "*?{":
            runs, run = [*runs, run[:-1]], ""  # the last character may be absent
            at = _past_braces(text, at) if sign == "{" else at + 1
        elif sign == "(":
            runs, run, at = [*runs, run], "", _past_group(text, at)
        elif sign == "[":
            runs, run, at = [*runs, run], "", _past_class(text, at)
        elif sign == "\\":
            if text[at + 1].isalnum():
                coded = text[at + 1] in "uUx0123456789"
                runs, run, at = [*runs, run], "", at + 2
                if coded:  # the digits that follow may belong to it
                    at = _past(text, at, "0123456789abcdefABCDEF")
            else:
                run, at = run + text[at + 1], at + 2
        elif sign in _META:
            runs, run, at = [*runs, run], "", at + 1
        else:
            run, at = run + sign, at + 1
    yield [*runs, run]


def _past(text: str, at: int, signs: str) -> int:
    while at < len(text) and text[at] in signs:
        at += 1
    return at


def _past_braces(text: str, at: int) -> int:
    end = text.find("}", at)
    return at + 1 if end < 0 else end + 1


def _past_class(text: str, at: int) -> int:
    at += 1
    if text[at : at + 1] == "^":
        at += 1
    at += 1  # a bracket that stands first means itself
    while at < len(text) and text[at] != "]":
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _past_group(text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            at += 2
        elif sign == "[":
            at = _past_class(text, at)
        else:
            depth += (sign == "(") - (sign == ")")
            at += 1
            if not depth:
                break
    return at
