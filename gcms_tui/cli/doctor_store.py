"""The doctor's look at the store: nothing is made, migrated or written by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gcms_tui.cli import wiring
from gcms_tui.cli.observation import Observation, from_error, good
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.settings import Settings
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:
    from gcms_tui.adapters.store.look import StoreSeen
    from gcms_tui.adapters.store.opening import Store

_CUT = "Without it an end that was cut off the journal is not found: gcms-tui journal verify"


def store_observations(settings: Settings) -> list[Observation]:
    """Whether the next entry could be written, and whether the journal ends as its anchor knows it."""
    try:
        store = wiring.open_store(settings)
        seen = store.look()
        where = store.where if store.where.startswith("Postgres") else f"SQLite {store.where}"
        if not seen.there:
            return [good("store", f"{where}, made when it is first needed")]
        return [_store(where, seen), *([_journal(store, seen)] if seen.newest else [])]
    except GcmsError as error:
        return [from_error("store", error)]


def _store(where: str, seen: StoreSeen) -> Observation:
    revision = f"revision {seen.revision}" if seen.revision else "not set up yet"
    if not seen.newest:
        revision += ", brought up to date when it is next used"
    if seen.refusal:
        advice = "Grant it, or name another store: [store] in gcms.toml. Nothing is written without a journal."
        return Observation("store", Verdict.FAIL, f"{where}, {revision}; {seen.refusal}", advice)
    return good("store", f"{where}, {revision}, writable")


def _journal(store: Store, seen: StoreSeen) -> Observation:
    """By its end alone: the chain is not read."""
    name = "store.journal"
    entries = counted(seen.count, "entry", "entries") + (f", the last {seen.head[:12]}" if seen.count else "")
    anchor, problem = store.journal.anchored()
    if problem:
        advice = "Write nothing until it is known who changed it: gcms-tui journal verify"
        return Observation(name, Verdict.FAIL, f"{entries}; {problem}", advice)
    if notes := store.journal.notes():
        return Observation(name, Verdict.WARN, f"{entries}; {'; '.join(notes)}", _CUT)
    if not seen.count:
        return good(name, entries)
    if anchor is None:
        return Observation(name, Verdict.UNKNOWN, f"{entries}; no anchor knows it", "gcms-tui journal anchor")
    return good(name, f"{entries}; {anchor.place} knows {counted(anchor.count, 'entry', 'entries')} of them")
