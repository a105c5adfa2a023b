"""What a person types behind `dbt`, read and checked word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_options import (
    GROUPS,
    NOT_HERE,
    OPTIONS,
    REFUSED,
    REFUSED_FAMILIES,
    SUBCOMMANDS,
    Option,
)
from gcms_tui.core.errors import UsageError
from gcms_tui.core.text import printable

_LONGEST_WORD = 2000
_MOST_THREADS = 64
_NO_STATE = ("state:", "source_status:")
_OPERATORS = frozenset({"&&", "||", ";", "|", "&", ">", ">>", "<"})
_OWN_WORDS = {"--select", "--exclude", "--full-refresh", "--store-failures"}

_KEY = re.compile(r"""([\w.-]+)["']?\s*:""")
_SECRET_WORDS = ("password", "passwd", "passphrase", "passcode", "pwd", "secret", "token", "credential")
_KEYS_THAT_OPEN = frozenset({"key", "keys"})
_KEYS_OF = frozenset({"api", "access", "private", "signing", "encryption", "account", "auth", "ssh", "master"})
"""A key of these is a secret; a natural, unique or sort key is a column."""
_SECRET_VALUE = re.compile(
    r"-----BEGIN|\beyJ[\w-]{10,}\.|\b(?:AKIA|ghp_|gho_|xox[bp]-|sk-)[\w-]{8,}|://[^/\s:@]+:[^@\s]+@"
)


def parse_command(words: Sequence[str]) -> DbtCommand:
    """The command. Raises `UsageError` saying which word is wrong and what to do."""
    rest = list(words)
    if rest[:1] == ["dbt"]:
        del rest[0]
    _check_words(rest)
    subcommand, rest = _subcommand(rest)
    positional: list[str] = []
    given: dict[str, list[str]] = {}
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            positional.append(word)
            continue
        option, values, rest = _option(word, rest, subcommand)
        if option.takes != "many" and option.name in given:
            raise UsageError("Twice", f"{option.name} stands here twice.", "Keep one of them.")
        given.setdefault(option.name, []).extend(values)
    _check_positional(subcommand, positional)
    _check_values(given)
    return DbtCommand(
        subcommand=subcommand,
        select=tuple(given.get("--select", ())),
        exclude=tuple(given.get("--exclude", ())),
        full_refresh="--full-refresh" in given,
        store_failures="--store-failures" in given,
        extra=(*positional, *_words(given)),
    )


def _words(given: dict[str, list[str]]) -> Iterable[str]:
    for name, values in given.items():
        if name not in _OWN_WORDS:
            yield name
            yield from values


def _check_words(words: Sequence[str]) -> None:
    for word in words:
        if word in _OPERATORS:
            raise UsageError(
                "One command at a time",
                f"{word} is the shell's, and no shell reads this.",
                "Start one command, then the next; `build` runs and tests in one go.",
            )
        if not word or len(word) > _LONGEST_WORD or any(ord(character) < 32 for character in word):
            raise UsageError("Not a word for dbt", f"{printable(word, 60)!r} is empty, too long, or holds control "
                             "characters.", "Type it again.")  # fmt: skip


def _subcommand(words: list[str]) -> tuple[str, list[str]]:
    if not words:
        raise UsageError("No command", "Nothing stands behind dbt.", f"One of: {', '.join(sorted(SUBCOMMANDS))}.")
    name, rest = words[0], words[1:]
    if name.startswith("-"):
        raise UsageError(
            "The command comes first", f"{printable(name, 60)} stands before it.", "For instance: test --select gold"
        )
    if name in GROUPS:
        if not rest:
            wanted = ", ".join(sorted(item for item in SUBCOMMANDS if item.startswith(f"{name} ")))
            raise UsageError("Half a command", f"{name} alone does nothing.", f"Type: {wanted}")
        name, rest = f"{name} {rest[0]}", rest[1:]
    if name == "source snapshot-freshness":
        name = "source freshness"
    if name in SUBCOMMANDS:
        return name, rest
    if name in NOT_HERE:
        raise UsageError(f"Not from here: dbt {name}", NOT_HERE[name])
    near = difflib.get_close_matches(name, [*SUBCOMMANDS, *NOT_HERE], n=1, cutoff=0.5)
    raise UsageError(
        "No such command",
        f"dbt has no command {printable(name, 60)}.",
        f"Do you mean {near[0]}?" if near else f"One of: {', '.join(sorted(SUBCOMMANDS))}.",
    )


def _option(word: str, rest: list[str], subcommand: str) -> tuple[Option, list[str], list[str]]:
    """The option that `word` begins, its values, and the words behind them."""
    name, equals, attached = word.partition("=") if word.startswith("--") else (word, "", "")
    option = OPTIONS.get(name)
    if option is None or (option.only and subcommand not in option.only):
        raise _not_passed_on(name, subcommand, known=option is not None)
    if option.takes == "nothing":
        if equals:
            raise UsageError("A value too many", f"{name} takes none.", f"Type {name} alone.")
        return option, [], rest
    if equals:
        values = [attached]
    elif option.takes == "one":
        values, rest = rest[:1], rest[1:]
    else:
        end = next((place for place, item in enumerate(rest) if item.startswith("-")), len(rest))
        values, rest = rest[:end], rest[end:]
    if option.takes == "many":
        values = [part for value in values for part in value.split()]
    if not values or not values[0]:
        begins = f"; {printable(rest[0], 40)} begins with a dash and is no value" if rest else ""
        raise UsageError("A value is missing", f"{name} wants one{begins}.", f"For instance: {name} gold")
    if dashed := next((value for value in values if value.startswith("-")), ""):
        raise UsageError(
            "Not a value",
            f"{printable(dashed, 60)} behind {name} begins with a dash: dbt would take it for an option.",
            "Leave nodes out with --exclude.",
        )
    return option, values, rest


def _not_passed_on(name: str, subcommand: str, *, known: bool) -> UsageError:
    shown = printable(name, 60)
    if known:
        others = ", ".join(sorted(OPTIONS[name].only))
        return UsageError("Not for this command", f"dbt {subcommand} has no {shown}.", f"It belongs to: {others}.")
    reason = REFUSED.get(name) or next((why for family, why in REFUSED_FAMILIES.items() if name.startswith(family)), "")
    if reason:
        return UsageError(f"Not from here: {shown}", reason, "Leave it out.")
    usable = [spelling for spelling, option in OPTIONS.items() if not option.only or subcommand in option.only]
    near = difflib.get_close_matches(name, usable, n=1, cutoff=0.6)
    return UsageError(
        "No such option",
        f"{shown} is none that the console passes on to dbt {subcommand}.",
        f"Do you mean {near[0]}?" if near else f"Known: {', '.join(sorted(x for x in usable if x.startswith('--')))}.",
    )


def _check_positional(subcommand: str, positional: Sequence[str]) -> None:
    if subcommand == "run-operation":
        if len(positional) != 1:
            raise UsageError("Which macro?", f"run-operation wants one macro, not {len(positional)}.",
                             "Type: run-operation MACRO --args '{name: value}'")  # fmt: skip
    elif positional:
        word = printable(positional[0], 60)
        advice = f"Type: {subcommand} --select {word}" if "--select" in _options_of(subcommand) else "Leave it out."
        raise UsageError("A word too many", f"{word} belongs to no option.", advice)


def _options_of(subcommand: str) -> frozenset[str]:
    return frozenset(option.name for option in OPTIONS.values() if not option.only or subcommand in option.only)


def _check_values(given: dict[str, list[str]]) -> None:
    for selector in (*given.get("--select", ()), *given.get("--exclude", ())):
        _check_selector(selector)
    for threads in given.get("--threads", ()):
        if not threads.isdecimal() or not 1 <= int(threads) <= _MOST_THREADS:
            raise UsageError("Not a number of threads", f"{printable(threads, 20)!r}.", f"1 to {_MOST_THREADS}.")
    for name in ("--vars", "--args"):
        for value in given.get(name, ()):
            if looks_secret(value):
                raise UsageError(
                    "A secret in clear",
                    f"{name} seems to hold one, and dbt writes {name} in clear into run_results.json and its log.",
                    "Put it into an environment variable named DBT_ENV_SECRET_…, which dbt masks, and read that with "
                    "env_var().",
                )


def _check_selector(selector: str) -> None:
    for method in _NO_STATE:
        if method in selector:
            raise UsageError(
                "Nothing to compare with",
                f"{printable(selector, 60)} compares with an earlier state of the project, and the console keeps none.",
                "Failed tests of the last run: test --select result:fail result:error",
            )


def looks_secret(text: str) -> bool:
    """Whether the YAML of --vars or --args seems to hold a secret: a key named so, or a value that looks so."""
    return bool(_SECRET_VALUE.search(text)) or any(_names_a_secret(key) for key in _KEY.findall(text))


def _names_a_secret(key: str) -> bool:
    name = key.lower()
    parts = re.split(r"[_.-]", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower())
    if any(word in name for word in _SECRET_WORDS):
        return True
    if parts[-1] not in _KEYS_THAT_OPEN:
        return name in {"apikey", "privatekey", "accesskey"}
    return len(parts) == 1 or parts[-2] in _KEYS_OF
