"""Who acts: whoever asks, or, on the practice platform, one of its invented people."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping

from gcms_tui.adapters.person import who_asks
from gcms_tui.adapters.store.opening import store_url
from gcms_tui.adapters.supabase import leads_here, read_dsn, write_dsn
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.payroll import acting
from gcms_tui.core.run import Person
from gcms_tui.core.settings import Settings

_HOST = re.compile(r"(?:\[(?P<address>[0-9a-fA-F:.]+)\]|(?P<name>[^:@/\s\[\]]+))(?::[0-9]{1,5})?")


def who_acts(settings: Settings, env: Mapping[str, str], name: str | None, host: str) -> Person:
    """Whoever asks; as `name` where one is given. `host` is the warehouse's, with or without its port.

    Raises `Refused` (guard `as`) for a name anywhere but on the practice platform.
    """
    asking = who_asks(env)
    return asking if name is None else acting.actor(settings, asking, name, _all_here(settings, env, host))


def may_act(settings: Settings, env: Mapping[str, str], host: str) -> tuple[tuple[str, str], ...]:
    """Login and role of those who may be played; empty everywhere but on the practice platform."""
    return acting.may_act(settings, _all_here(settings, env, host))


def _all_here(settings: Settings, env: Mapping[str, str], host: str) -> bool:
    """Whether the warehouse, Supabase and the store can be nothing but this machine's: each of them is paid from, paid
    in, or signed in."""
    if not settings.sandbox:
        return False
    try:
        dsns = (read_dsn(settings.supabase, env), write_dsn(settings.supabase, env), store_url(settings, env))
    except ConfigError:
        return False
    return is_this_machine(host) and all(dsn is None or leads_here(dsn) for dsn in dsns)


def is_this_machine(host: str) -> bool:
    """Whether `host` can be nothing but this machine. Nothing is resolved: what a name server says may change."""
    match = _HOST.fullmatch(host)
    named = host if match is None else match["address"] or match["name"]
    if named.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(named).is_loopback
    except ValueError:
        return False
