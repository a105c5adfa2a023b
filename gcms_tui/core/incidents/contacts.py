"""Whom to call: the configured people and services, and which of them nobody has filled in or tried."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date

from gcms_tui.core.incidents.escalation import parse_step
from gcms_tui.core.settings import ContactSettings, ExternalSettings

VERIFIED_FOR_DAYS = 180
"""A contact that was tried longer ago is told so."""
_PLACEHOLDER = re.compile(r"X{3}|\?{2}|<[^>]*>|\bTODO\b|\bexample\.(?:org|com|net)\b", re.IGNORECASE)
_DEFAULTS = {item.name: item.default for item in fields(ContactSettings)}


@dataclass(frozen=True, slots=True)
class Contact:
    role: str
    """`team`, `on call`, `escalation`, `external`."""
    name: str
    reached: str
    """How; empty where only the name is configured."""
    flag: str = ""
    """What is wrong with it; empty where nothing is."""
    verified: date | None = None


def contacts(settings: ContactSettings, today: date) -> tuple[Contact, ...]:
    """All that are configured, in the runbook's order. Nothing is left out because it is wrong."""
    return tuple(_all(settings, today))


def _all(settings: ContactSettings, today: date) -> Iterator[Contact]:
    for key, role in (("team", "team"), ("on_call", "on call")):
        reached = getattr(settings, key)
        yield Contact(role, f"Data engineering, {role}", reached, _placeholder(reached, str(_DEFAULTS[key])))
    for text in settings.escalation:
        yield Contact("escalation", text, "", _no_minutes(text) or _placeholder(text, ""))
    for external in settings.external:
        verified, why = _verified(external, today)
        flag = _placeholder(external.contact, "") or why
        yield Contact("external", external.name, external.contact, flag, verified)


def _placeholder(text: str, default: str) -> str:
    if not text.strip():
        return "not filled in"
    if _PLACEHOLDER.search(text):
        return "a placeholder"
    return "the runbook's default: nobody has confirmed it" if text == default else ""


def _no_minutes(text: str) -> str:
    try:
        parse_step(text)
    except ValueError as error:
        return str(error)
    return ""


def _verified(external: ExternalSettings, today: date) -> tuple[date | None, str]:
    if not external.verified.strip():
        return None, "never verified"
    try:
        verified = date.fromisoformat(external.verified.strip())
    except ValueError:
        return None, f"verified {external.verified[:40]!r} is no date"
    if verified > today:
        return None, "verified on a day that has not come"
    days = (today - verified).days
    return verified, f"verified {days} days ago" if days > VERIFIED_FOR_DAYS else ""
