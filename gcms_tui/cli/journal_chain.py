"""`gcms-tui journal verify` and `journal anchor`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, tell
from gcms_tui.cli.wiring import load_settings, open_anchors, open_store
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.settings import Settings
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import Anchor, ChainReport

if TYPE_CHECKING:
    from gcms_tui.adapters.store.opening import Store

_OFFLINE = click.option("--offline", is_flag=True, help="Leave out the warehouse.")
_BROKEN = "Write nothing until it is known who changed it. Keep a copy of the store, and tell whoever answers for it."


@click.command()
@_OFFLINE
@headless
def verify(invocation: Invocation, offline: bool) -> int:
    """Read the whole chain, and compare it with its anchors: the file beside it, and the warehouse's table.

    Ends with 0 where it is whole, 2 where it is broken, naming the entry, and 3 where nothing could be compared, or an
    anchor file is there and cannot be read: an end that was cut off would not be noticed. A warehouse that cannot be
    reached is told, and what was compared decides.
    """
    settings = load_settings(invocation).settings
    store = open_store(settings)
    report, unreached = _compared(settings, invocation, store, offline=offline)
    verdict = verdict_of(report)
    if invocation.json:
        print_json({"verdict": verdict, **report_json(report), "unreached": unreached or None})
    else:
        for line in report_lines(report):
            click.echo(printable(line, 2_000))
    _tell_what_is_missing(report, unreached)
    if verdict is Verdict.FAIL:
        tell(f"  -> {_BROKEN}")
    elif not report.count:
        tell("  -> The journal is empty: nothing can be said of it.")
    elif verdict is Verdict.UNKNOWN and not report.unread:
        tell("  -> Nothing is there to compare it with: a cut end would not be noticed. gcms-tui journal anchor")
    return verdict.value


@click.command()
@_OFFLINE
@headless
def anchor(invocation: Invocation, offline: bool) -> int:
    """Keep the head of the chain in the anchor file, and in the warehouse where writing is allowed.

    The chain is verified first; the head of a broken one is kept nowhere. Ends with 0, with 2 where it is broken, and
    with 3 where it is empty, or its head could not be kept in a place that was tried.
    """
    settings = load_settings(invocation).settings
    store = open_store(settings)
    report, unreached = _compared(settings, invocation, store, offline=offline)
    if not report.whole:
        if invocation.json:
            print_json({"verdict": Verdict.FAIL, **report_json(report), "kept": []})
        else:
            for line in report_lines(report):
                click.echo(printable(line, 2_000))
        tell(f"  -> {_BROKEN}")
        return Verdict.FAIL.value
    if not report.count:
        tell("gcms-tui: the journal is empty: there is no head to keep.")
        return Verdict.UNKNOWN.value
    head = store.journal.anchor_now()
    lost = list(dict.fromkeys((*store.journal.notes(), *report.unread)))
    kept = [] if lost else [head.place]
    place, why_not = ("", unreached) if offline or unreached else _keep_in_warehouse(settings, invocation, store, head)
    kept += [place] if place else []
    lost += [why_not] if why_not else []
    if invocation.json:
        print_json({"count": head.count, "head": head.head, "at": head.at, "kept": kept, "not_kept": lost})
    else:
        click.echo(f"{counted(head.count, 'entry', 'entries')}, head {head.head}, {head.at}")
        for where in kept:
            click.echo(printable(f"  kept in {where}", 2_000))
    for note in lost:
        tell(f"gcms-tui: {printable(note, 2_000)}")
    return Verdict.UNKNOWN.value if lost else 0


def _compared(settings: Settings, invocation: Invocation, store: Store, *, offline: bool) -> tuple[ChainReport, str]:
    """The chain with every anchor that can be reached, and why the warehouse's could not be."""
    anchors: tuple[Anchor, ...] = ()
    unreached = ""
    if not offline:
        try:
            with open_anchors(settings, invocation, store) as known:
                anchors = known.known()
        except GcmsError as error:
            unreached = f"the warehouse's anchors were not compared: {error.title}: {error.message}"
    return store.journal.verify(anchors), unreached


def _keep_in_warehouse(settings: Settings, invocation: Invocation, store: Store, head: Anchor) -> tuple[str, str]:
    """Where it was kept, and why it was not; neither where nothing may be written."""
    try:
        with open_anchors(settings, invocation, store) as anchors:
            if not anchors.writable:
                return "", ""
            anchors.add(head)
            return anchors.place, ""
    except GcmsError as error:
        return "", f"the journal's head is not kept in the warehouse: {error.title}: {error.message}"


# -- what is told ----------------------------------------------------------------------------------------------------


def verdict_of(report: ChainReport) -> Verdict:
    """Whole and compared, broken, or not known."""
    if not report.whole:
        return Verdict.FAIL
    return Verdict.OK if report.proven else Verdict.UNKNOWN


def report_json(report: ChainReport) -> dict[str, Any]:
    return {
        "whole": report.whole,
        "count": report.count,
        "head": report.head,
        "broken_at": report.broken_at,
        "problem": report.problem or None,
        "anchors": [asdict(anchor) for anchor in report.anchors],
        "unread": list(report.unread),
    }


def report_lines(report: ChainReport) -> Iterator[str]:
    """A chain for people; the anchors of one place by the newest of them."""
    if report.whole:
        word = "WHOLE" if report.proven else "NOT PROVEN"
        yield f"{word}: {counted(report.count, 'entry', 'entries')}, each continues the one before"
    else:
        yield f"BROKEN at entry {report.broken_at:,}: {report.problem}"
        yield f"  {counted(report.count, 'entry', 'entries')} before it in order"
    yield f"  head {report.head}"
    places: dict[str, list[Anchor]] = {}
    for one in report.anchors:
        places.setdefault(one.place, []).append(one)
    for place, anchors in places.items():
        newest = max(anchors, key=lambda one: one.count)
        others = f", and {counted(len(anchors) - 1, 'earlier head')}" if len(anchors) > 1 else ""
        yield f"  compared with {place}: {counted(newest.count, 'entry', 'entries')}, {newest.at}{others}"
        yield f"    {newest.head}"


def _tell_what_is_missing(report: ChainReport, unreached: str) -> None:
    for note in (*report.unread, *([unreached] if unreached else [])):
        tell(f"gcms-tui: {printable(note, 2_000)}")
