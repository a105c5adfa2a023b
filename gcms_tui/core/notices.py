"""What may be said to the team: a few texts without personal data and amounts, each under a key.

The journal says what was told: `SENT` and `UNSENT` have `subject` of a target and key as their subject, and hold
event, state, channels (how many were reached), failed (how many were not) and why [words]; never an address.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gcms_tui.core.incidents.told import impersonal
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.verdict import Verdict

SENT = "notice.sent"
UNSENT = "notice.unsent"
TITLE_LIMIT = 120
LINE_LIMIT = 300


class Event(StrEnum):
    """What `[notify] events` may name."""

    VERDICT = "verdict"
    HOLD = "hold"
    INCIDENT = "incident"
    ESCALATION = "escalation"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be told. Its texts are safe for every service: see `plain`."""

    event: Event | None
    """None: whoever sends it asked for exactly this, whatever events are configured."""
    key: str
    """The same thing has the same key, in every process."""
    title: str
    lines: tuple[str, ...] = ()
    state: str = ""
    """What is told of it: another state of the same thing is another notice."""

    @property
    def body(self) -> str:
        return "\n".join(self.lines) or self.title


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a notice on one channel."""

    channel: str
    """`1 Slack`: its place in the list and its service; never its address."""
    sent: bool
    why: str = ""
    """Why not."""


def subject(target: str, key: str) -> str:
    """What the journal's entries about it have as their subject."""
    return f"notice:{target}:{key}"


def is_repeat(state: str, sent_state: str, sent_at: datetime, now: datetime, repeat_after: timedelta) -> bool:
    """Whether the same was said too short a time ago. A clock that was set back has had no time pass."""
    return state == sent_state and now - sent_at < repeat_after


def plain(text: str, limit: int = LINE_LIMIT) -> str:
    """Text from outside as every service shows it: on one line, and neither a mention, nor markup, nor a link.

    What a service would take for more is put in other characters; addresses and amounts are masked.
    """
    return impersonal(text, limit).translate(_LOOKALIKES).replace("://", ": //")


_LOOKALIKES = str.maketrans(
    {
        "@": "\uff20",
        "<": "\u2039",
        ">": "\u203a",
        "&": "+",
        "#": "\uff03",
        "`": "'",
        "*": "\u00b7",
        "~": "-",
        "|": "/",
        "\\": "/",
        "[": "(",
        "]": ")",
        "{": "(",
        "}": ")",
    }
)


# -- the texts ---------------------------------------------------------------------------------------------------------


def verdict_key(name: str) -> str:
    return f"verdict:{name}"


def verdict_changed(target: str, name: str, section: str, before: str, now: Verdict) -> Notice:
    """`before`: what was told last; empty where nothing was."""
    was = f", was {before}" if before else ""
    where = f" (runbook, {plain(section, 40)})" if section else ""
    return Notice(
        Event.VERDICT,
        verdict_key(name),
        f"{plain(target, 40)}: {plain(name)} is {now.name}{was}",
        (f"{plain(name)}: {now.name}{was}{where}",),
        now.name,
    )


def payroll_held(target: str, hold_id: str, cause: str) -> Notice:
    return Notice(
        Event.HOLD,
        f"hold:{hold_id or cause}",
        f"{plain(target, 40)}: payroll is held",
        (f"Cause: {plain(cause, 80)}. No payroll goes on until it is lifted by a second person: gcms-tui payroll list",)
        if hold_id
        else ("A critical test fails. No payroll goes on until it passes: gcms-tui health",),
    )


def incident_opened(target: str, incident_id: str, title: str, section: str, severity: str) -> Notice:
    where = f", runbook {plain(section, 40)}" if section else ""
    return Notice(
        Event.INCIDENT,
        f"incident:{incident_id}",
        f"{plain(target, 40)}: incident {plain(title, TITLE_LIMIT)}",
        (f"{incident_id}, severity {severity}{where}.", f"Take it: gcms-tui incident ack {incident_id}"),
        "opened",
    )


def incident_ended(target: str, incident_id: str, title: str, state: str, user: str) -> Notice:
    """`state`: acknowledged, handed over to somebody, closed; handed on to another it is told again."""
    state = plain(state, 80)
    return Notice(
        Event.INCIDENT,
        f"incident:{incident_id}",
        f"{plain(target, 40)}: incident {state}: {plain(title, TITLE_LIMIT)}",
        (f"{incident_id} was {state} by {plain(_login(user), 80)}.",),
        state,
    )


def escalated(target: str, incident_id: str, title: str, step: int, who: str, overdue: str) -> Notice:
    return Notice(
        Event.ESCALATION,
        f"escalation:{incident_id}:{step}",
        f"{plain(target, 40)}: nobody has taken incident {plain(title, TITLE_LIMIT)}",
        (
            f"Step {step}: {plain(who, 80)}. {overdue[:1].upper()}{overdue[1:]}.",
            f"Take it: gcms-tui incident ack {incident_id}",
        ),
    )


def approval_wanted(target: str, run_id: str, concert_id: str, signed: str, missing: Sequence[Role]) -> Notice:
    """`signed`: what is to be signed; another file is another notice, and so are other roles."""
    roles = ", ".join(role.named for role in missing)
    return Notice(
        Event.APPROVAL,
        f"approval:{run_id}",
        f"{plain(target, 40)}: the payroll of concert {plain(concert_id, 40)} waits for signatures",
        (f"Wanted: {roles}.", f"Look at it, and sign it: gcms-tui payroll show {run_id}"),
        f"{signed[:12]} {','.join(missing)}",
    )


def payroll_delayed(target: str, incident_id: str, title: str, since: str, *, closed: bool) -> Notice:
    """What the payroll team has to know, and no more. `since`: when it was opened, in words."""
    over = "It is closed. Payroll goes on once no hold is left: gcms-tui payroll list"
    waits = "Payroll is not to be processed before the cause is mended and its tests pass. You will be told."
    return Notice(
        None,
        f"delay:{incident_id}",
        f"{plain(target, 40)}: payroll {'was' if closed else 'is'} delayed",
        (f"Incident {incident_id}: {plain(title, TITLE_LIMIT)}, open since {since}.", over if closed else waits),
        "over" if closed else "waits",
    )


def trial(target: str) -> Notice:
    return Notice(
        None, "trial", f"{plain(target, 40)}: a test notice", ("Nothing has happened: this is a test of gcms-tui.",)
    )


def together(target: str, notices: Sequence[Notice]) -> tuple[str, str]:
    """Title and body of one message for them all."""
    if len(notices) == 1:
        return notices[0].title, notices[0].body
    told = (line for notice in notices for line in _whole(notice))
    return f"{plain(target, 40)}: {len(notices)} changes", "\n".join(told)


def _whole(notice: Notice) -> tuple[str, ...]:
    """A verdict's line says all; the others' lines go on where their title stops."""
    return notice.lines if notice.event is Event.VERDICT else (notice.title, *notice.lines)


def _login(user: str) -> str:
    """Without the domain: a login may be a mail address."""
    return user.partition("@")[0]
