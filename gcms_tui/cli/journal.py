"""`gcms-tui journal`: who did what, and whether that record is whole."""

from __future__ import annotations

from typing import ClassVar

import click

from gcms_tui.cli.main import LazyGroup


class JournalGroup(LazyGroup):
    table: ClassVar[dict[str, tuple[str, str]]] = {
        "anchor": ("gcms_tui.cli.journal_chain:anchor", "Keep the head of the chain elsewhere, now."),
        "doubts": ("gcms_tui.cli.journal_doubts:doubts", "Writes without an outcome, and what became of them."),
        "list": ("gcms_tui.cli.journal_entries:list_entries", "Entries, newest first."),
        "show": ("gcms_tui.cli.journal_entries:show", "One entry in full."),
        "verify": ("gcms_tui.cli.journal_chain:verify", "Whether the chain is whole, compared with its anchors."),
    }


@click.group(cls=JournalGroup)
def journal() -> None:
    """Every write, signature and look at personal values, in a chain: each entry holds the hash of the one before.

    \b
    gcms-tui journal list --kind write.     the writes: intents, outcomes, what was settled
    gcms-tui journal show 17                one entry with all that it says
    gcms-tui journal verify                 has anybody edited, removed, added or cut off entries?
    gcms-tui journal doubts --settle        what became of a write that was broken off
    gcms-tui journal anchor                 keep the chain's head elsewhere: a cut end is found by it
    """
