"""What people do at a payroll, each at its place of the way: to be killed in, cut off in, or done by two at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gcms_tui.core.payroll import events
from gcms_tui.core.payroll.steps import CHECKS
from gcms_tui.sandbox.directory import locked
from tests.integration.payroll_walk import ELSEWHERE, ERIN, FRANK, MARIA, Console, Place
from tests.operations.payroll.scene import TARGET


@dataclass(frozen=True, slots=True)
class Act:
    """What a person does at a place of the way."""

    begins: str
    """A stage."""
    do: Callable[[Console], object]
    kind: str
    """The entry that it is for."""
    again: tuple[str, ...]
    """How it ends that it is done once more, being in the journal already."""
    left: tuple[str, ...]
    """What whoever is killed in it leaves behind, in the order in which that comes about: see `left_behind`."""
    who: tuple[str, str] = ERIN
    undone: tuple[str, ...] = ("done",)
    """How it ends that it is done once more, not being in the journal."""


def left_behind(place: Place, before: Sequence[str]) -> str:
    """Where files lie, what else there is, and the entries since those `before`, in words."""
    here = Console(place)
    lying = [name for name in ("prepared", "outbox") if any((place.directory / name).glob("pay-*/*"))]
    lying += ["withdrawn"] if any(place.directory.glob("*/withdrawn/*/*.csv")) else []
    clones = ["cloned"] if here.house.kept.exists() else []
    entries = here.kinds()[len(before) :]
    reserved = ["reserved"] if here.store.payroll.runs(TARGET) and events.OPENED not in here.kinds() else []
    return " ".join((*lying, *clones, *reserved, *(kind.rpartition(".")[2] for kind in entries)))


def ensure_stages(directory: Path) -> dict[str, Place]:
    """A payroll at each place of the way; the first process that asks walks it, the others wait. To be copied only."""
    with locked(directory.with_name(directory.name + ".lock")) as lock:
        lock.wait_exclusive()
        if not directory.exists():
            walked = directory.with_name(directory.name + "-walked")
            walked.mkdir()
            _stages(walked)
            walked.rename(directory)
    return {path.name: Place(path) for path in directory.iterdir()}


def _stages(directory: Path) -> None:
    found: dict[str, Place] = {}
    own = Place(directory / "own")
    own.directory.mkdir()
    erin, maria = Console(own), Console(own, MARIA)

    def reached(name: str) -> None:
        found[name] = own.copied(directory / name)

    def at(name: str) -> Console:
        """Off the way, at a place of it."""
        return Console(found[name])

    erin.store.journal.prepare()
    reached("new")
    erin.open()
    for step in CHECKS:
        erin.check(step)
    reached("tested")
    erin.spot_checks.draw(erin.id)
    reached("drawn")
    found["asked"] = found["drawn"].copied(directory / "asked")
    at("asked").spot_checks.query(erin.id, "2", "why so much?")
    erin.look_at_rows()
    reached("looked at")
    erin.export()
    reached("exported")
    maria.sign()
    reached("signed by one")
    erin.sign()
    reached("signed by two")
    Console(own, ELSEWHERE).sign()
    reached("signed by three")
    found["moved"] = found["signed by three"].copied(directory / "moved")
    at("moved").files.release(erin.id)
    found["left over"] = found["moved"].copied(directory / "left over")
    at("left over").void()
    erin.release()
    erin.record()
    reached("recorded")
    erin.archive()
    reached("archived")
    found["held"] = found["drawn"].copied(directory / "held")
    at("held").hold()


ACTS: Mapping[str, Act] = {
    "open": Act("new", Console.open, events.OPENED, ("refused open_run",), ("", "reserved", "opened")),
    "draw": Act("tested", lambda here: here.spot_checks.draw(here.id), events.SAMPLED, ("done",), ("", "sampled")),
    "tick": Act("drawn", lambda here: here.spot_checks.tick(here.id, "1"), events.TICKED, ("done",), ("", "ticked")),
    "query": Act(
        "signed by one",
        lambda here: here.spot_checks.query(here.id, "1", "why so much?"),
        events.TICKED,
        ("refused query_open",),
        ("prepared", "prepared ticked"),
    ),
    "answer": Act(
        "asked",
        lambda here: here.spot_checks.answer(here.id, "2", "as agreed"),
        events.TICKED,
        ("UsageError",),
        ("", "ticked"),
    ),
    "export": Act("looked at", Console.export, events.EXPORTED, ("done",), ("", "prepared", "prepared exported")),
    "export anew": Act("signed by two", Console.export, events.EXPORTED, ("done",), ("prepared", "prepared exported")),
    "export past what was left in the outbox": Act(
        "left over",
        Console.export,
        events.EXPORTED,
        ("done",),
        ("outbox", "withdrawn", "prepared withdrawn", "prepared withdrawn exported"),
    ),
    "sign first": Act(
        "exported", Console.sign, events.SIGNED, ("refused signed",), ("prepared", "prepared signed"), MARIA
    ),
    "sign second": Act(
        "signed by one", Console.sign, events.SIGNED, ("refused signed",), ("prepared", "prepared signed")
    ),
    "sign third": Act(
        "signed by two",
        Console.sign,
        events.SIGNED,
        ("refused signed", "refused released"),
        ("prepared", "prepared signed", "outbox signed", "outbox signed released"),
        FRANK,
    ),
    "reject": Act(
        "signed by two", Console.reject, events.REJECTED, ("refused export",), ("prepared", "prepared rejected"), MARIA
    ),
    "reject what was moved": Act(
        "moved",
        Console.reject,
        events.REJECTED,
        ("refused export",),
        ("outbox", "withdrawn", "withdrawn rejected"),
        MARIA,
    ),
    "release": Act(
        "signed by three",
        Console.release,
        events.RELEASED,
        ("refused released",),
        ("prepared", "outbox", "outbox released"),
    ),
    "archive": Act(
        "recorded",
        Console.archive,
        events.ARCHIVED,
        ("refused archived",),
        (
            "outbox",
            "outbox intent",
            "outbox cloned intent",
            "outbox cloned intent outcome",
            "outbox cloned intent outcome archived",
        ),
        undone=("done", "refused in_doubt", "refused name_taken"),
    ),
    "close": Act(
        "archived", Console.close, events.CLOSED, ("refused ended",), ("outbox cloned", "outbox cloned closed")
    ),
    "abandon": Act(
        "moved",
        Console.abandon,
        events.ABANDONED,
        ("done", "refused ended"),
        ("outbox", "outbox abandoned", "withdrawn abandoned"),
    ),
    "hold": Act("drawn", Console.hold, events.HELD, ("done",), ("", "held")),
    "lift": Act("held", Console.lift, events.LIFTED, ("UsageError",), ("", "lifted"), FRANK),
}
