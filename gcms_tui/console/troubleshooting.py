"""The runbook's troubleshooting card for what is on screen: the line that tells of it, and the way to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.binding import Binding

from gcms_tui.console.theme import Look
from gcms_tui.core.procedures.matching import Match, Seen, match_node, versioned_names

if TYPE_CHECKING:
    from gcms_tui.console.pane import Pane
    from gcms_tui.core.run import Run
    from gcms_tui.core.run_progress import NodeProgress
    from gcms_tui.core.settings import Settings

CARD = Binding("K", "card", "Card", id="card", tooltip="The runbook's card for what is seen here, in pane 5")
NO_CARD = "the runbook has no card for it"


def card_of_node(node: NodeProgress | None, run: Run | None, settings: Settings) -> Match | None:
    if node is None or run is None:
        return None
    record = run.record
    seen = Seen(node.unique_id, node.status, node.message, record.target, record.command.full_refresh)
    return match_node(seen, versioned_names(settings.scd2))


def card_text(match: Match, look: Look) -> Text:
    """`T1 Model fails with …: K opens it`."""
    return Text(f"{match.section} {match.title}: K opens it", look.palette.accent)


async def open_card(pane: Pane, match: Match | None) -> None:
    """Go to the card in pane 5; Esc leads back from there."""
    from gcms_tui.console.runbook.pane import RunbookPane

    if match is None:
        return
    came_from = pane.app.current_mode
    await pane.app.switch_mode("runbook")
    runbook = pane.console_app.pane
    if isinstance(runbook, RunbookPane):
        runbook.come_to(match.procedure, match.about, came_from)
