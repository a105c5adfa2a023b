"""Playing the practice platform's invented people, so that one person can walk a payroll the whole way."""

from __future__ import annotations

from dataclasses import replace

from gcms_tui.core.errors import Refused
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.payroll.signatures import signers_of
from gcms_tui.core.run import Person
from gcms_tui.core.settings import Settings


def may_act(settings: Settings, loopback: bool) -> tuple[tuple[str, str], ...]:
    """Login and roles of everybody who may be played, each of them once; empty where nobody may.

    Only where the file says that it is the practice platform's, and warehouse, Supabase and store are on this machine
    (`loopback`): a copy of the file that leads to a real platform lets nobody be played.
    """
    if not (settings.sandbox and loopback):
        return ()
    signers, roles = signers_of(settings.payroll), dict[str, list[str]]()
    for role in Role:
        for login in signers.logins[role]:
            roles.setdefault(login, []).append(role.value)
    return tuple((login, ", ".join(theirs)) for login, theirs in roles.items())


def actor(settings: Settings, asking: Person, name: str, loopback: bool) -> Person:
    """`name`, from where `asking` sits. Raises `Refused` (guard `as`) where nobody, or not they, may be played."""
    people = may_act(settings, loopback)
    if any(login == name for login, _ in people):
        return replace(asking, user=name)
    if not people:
        why = (
            "its warehouse is not on this machine, nor Supabase and the store with it, or nobody is under [payroll]"
            if settings.sandbox
            else "this is not the practice platform"
        )
        raise Refused(
            "Nobody is played here",
            f"{asking.user} stays {asking.user}: {why}.",
            "Leave --as out: everybody signs under their own login. To practise: gcms-tui demo.",
            guard="as",
        )
    listed = ", ".join(f"{login} ({role})" for login, role in people)
    raise Refused("Nobody of that name", f"{name!r} is none of those who may be played: {listed}.", guard="as")
