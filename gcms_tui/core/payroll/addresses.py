"""Whether those who are paid can be told apart, paid, and written to: names, addresses and amounts, judged.

A masking policy answers with ordinary text (`***`): whoever exports under the wrong role would pay nobody. No name, no
address and no amount is in what is refused, only musicians' ids.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll.export_file import cents, clean, neutral
from gcms_tui.core.payroll.payment import Payment
from gcms_tui.core.text import printable

NAMED = 10
"""So many musicians are named."""

_STARS = re.compile(r"[*•●█▇■▓▒░∗⁎＊✱]")
_CROSSES = r"[x#?_.\-\s]{3,}|x{2,}"
_PLACEHOLDER = (
    r"mask(?:ed)?|redact(?:ed)?|anonym(?:ous|i[sz]ed)?|pseudonymi[sz]ed|obfuscated|hidden|suppressed|confidential"
)
_HASH = r"[0-9a-f]{32,}"
_NOWHERE = r"null|none|n/a|unknown|undefined|no-?e?-?mail|not[-_.]?available"
"""What stands for no address; a person may have such a name."""
_NO_PART = re.compile(rf"{_CROSSES}|{_PLACEHOLDER}|{_HASH}|{_NOWHERE}", re.IGNORECASE)
"""Of an address: neither its mailbox nor the first part of its host."""
_NO_NAME = re.compile(rf"{_CROSSES}|{_HASH}|\W*(?:(?:{_PLACEHOLDER})\W*)+", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s@\"(),:;<>\[\]\\]+@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_][\w-]*[^\W_]")
_LONGEST = 254
_FEW = 3


@dataclass(frozen=True, slots=True)
class Addresses:
    """Musicians, by their ids, whose address is not one."""

    missing: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    """It looks as if it were hidden from the role that reads it."""
    malformed: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    """Another musician has the same one."""


def judge(payments: Iterable[Payment]) -> Addresses:
    missing: list[str] = []
    masked: list[str] = []
    malformed: list[str] = []
    holders: dict[str, str] = {}
    repeated: dict[str, None] = {}
    for item in payments:
        address = item.email or ""
        if not address.strip():
            missing.append(item.musician_id)
        elif _address_is_masked(address):
            masked.append(item.musician_id)
        elif not _is_address(address):
            malformed.append(item.musician_id)
        else:
            holder = holders.setdefault(unicodedata.normalize("NFKC", address).casefold(), item.musician_id)
            if holder != item.musician_id:
                repeated.update({holder: None, item.musician_id: None})
    return Addresses(tuple(missing), tuple(masked), tuple(malformed), tuple(repeated))


def masked_names(payments: Sequence[Payment]) -> tuple[str, ...]:
    """Musicians whose name is missing, or looks masked: by itself, or because more than half of all have the same."""
    held = Counter(item.full_name for item in payments)
    placeholders = {name for name, count in held.items() if count >= _FEW and 2 * count > len(payments)}
    return tuple(
        item.musician_id
        for item in payments
        if not (name := (item.full_name or "").strip()) or item.full_name in placeholders or _name_is_masked(name)
    )


def require_addresses(run_id: str, payments: Sequence[Payment], looked_at: Collection[str]) -> None:
    """Raises `Refused` (guards `masked`, `email`). `looked_at` are musicians whom a person let through at the spot
    check: they may have no address, and never a wrong one."""
    if hidden := masked_names(payments):
        raise Refused(
            "Names look masked",
            f"The names of {_musicians(hidden)} are missing, masked, or all the same.",
            "Look at them with a role that may read names, which no masking policy hides from it; then build and test "
            "again.",
            guard="masked",
        )
    found = judge(payments)
    let_through = set(looked_at)
    missing = tuple(musician for musician in found.missing if musician not in let_through)
    wrong = {
        "missing": missing,
        "masked": found.masked,
        "malformed": found.malformed,
        "shared with another musician": found.repeated,
    }
    if not any(wrong.values()):
        return
    next_step = "Have them put right in Supabase, let the pipeline and the models run, and test again."
    if found.masked:
        next_step = "Read with a role that no masking policy hides addresses from. " + next_step
    if missing:
        next_step += (
            " Whoever is to be paid without an address is let through at the spot check: "
            f"gcms-tui payroll spot-check {run_id} --row {shlex.quote(_shown(missing[0]))} --ok"
        )
    raise Refused(
        "E-mail addresses are wanting",
        "; ".join(f"{words}: {_musicians(who)}" for words, who in wrong.items() if who) + ".",
        next_step,
        guard="email",
    )


def require_payable(payments: Sequence[Payment]) -> None:
    """Raises `Refused` where there is nobody to pay, somebody who is not exactly one person, or an amount that is not
    one: guards `empty`, `payee`, `amount`. The tests see to it all; here nothing is written that they have missed."""
    if not payments:
        raise Refused(
            "Nobody to pay",
            "The concert has no payment.",
            "Look whether attendance has arrived: gcms-tui health",
            guard="empty",
        )
    times = Counter(item.musician_id for item in payments)
    if unclear := tuple(dict.fromkeys(item.musician_id for item in payments if not _is_one(item, times))):
        raise Refused(
            "Not everybody is one person",
            f"{_musicians(unclear)}: more than one payment or none to name, or not exactly one row in a dimension.",
            "Have the models put right, build and test again.",
            guard="payee",
        )
    if wrong := tuple(item.musician_id for item in payments if not _is_payable(item)):
        raise Refused(
            "Not an amount to be paid",
            f"{_musicians(wrong)}: no net amount, less than nothing, or a part of a cent.",
            "Have the models put right, build and test again.",
            guard="amount",
        )


def _is_one(item: Payment, times: Counter[str]) -> bool:
    return (
        item.musician_id != ""
        and times[item.musician_id] == 1
        and (item.musician_matches, item.concert_matches) == (1, 1)
    )


def _is_payable(item: Payment) -> bool:
    try:
        return cents(item.net_amount) >= 0
    except ValueError:
        return False


def _name_is_masked(name: str) -> bool:
    return bool(_STARS.search(name) or _NO_NAME.fullmatch(name))


def _is_address(address: str) -> bool:
    """One that the file can hold as it is, at that: an apostrophe before it would make it another."""
    return bool(
        len(address) <= _LONGEST
        and address.isprintable()
        and _ADDRESS.fullmatch(address)
        and neutral(clean(address)) == address
    )


def _address_is_masked(address: str) -> bool:
    mailbox, _, host = address.strip().strip("<>[](){}").partition("@")
    return bool(_STARS.search(address) or _NO_PART.fullmatch(mailbox) or _NO_PART.fullmatch(host.partition(".")[0]))


def _musicians(ids: Sequence[str]) -> str:
    """`3 musicians (1, 2, 3)`, at most `NAMED` of them by their ids."""
    shown = ", ".join(_shown(musician) for musician in ids[:NAMED])
    return f"{counted(len(ids), 'musician')} ({shown}{', …' if len(ids) > NAMED else ''})"


def _shown(musician_id: str) -> str:
    return printable(musician_id, 40) or "no id"
