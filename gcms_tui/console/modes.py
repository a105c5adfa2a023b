"""The modes: one pane each, imported when it is first gone to, so that the first paint waits for one alone."""

from __future__ import annotations

from collections.abc import Callable

from gcms_tui.console.health import HealthPane
from gcms_tui.console.pane import Pane
from gcms_tui.console.services import ConsoleServices
from gcms_tui.console.theme import Look


def _runs(services: ConsoleServices, look: Look) -> Pane:
    from gcms_tui.console.runs import RunsPane

    return RunsPane(services, look)


def _scd2(services: ConsoleServices, look: Look) -> Pane:
    from gcms_tui.console.scd2.tables import Scd2Pane

    return Scd2Pane(services, look)


def _payroll(services: ConsoleServices, look: Look) -> Pane:
    from gcms_tui.console.payroll.pane import PayrollPane

    return PayrollPane(services, look)


def _runbook(services: ConsoleServices, look: Look) -> Pane:
    from gcms_tui.console.runbook.pane import RunbookPane

    return RunbookPane(services, look)


def _journal(services: ConsoleServices, look: Look) -> Pane:
    from gcms_tui.console.journal.pane import JournalPane

    return JournalPane(services, look)


def _wall(services: ConsoleServices, look: Look) -> Pane:
    from gcms_tui.console.wall import WallPane

    return WallPane(services, look)


PANES: dict[str, Callable[[ConsoleServices, Look], Pane]] = {
    "health": HealthPane,
    "runs": _runs,
    "scd2": _scd2,
    "payroll": _payroll,
    "runbook": _runbook,
    "journal": _journal,
    "wall": _wall,
}
"""In the order of their keys."""


def without_configuration(services: ConsoleServices, look: Look) -> Pane:
    """Stands in every pane's place."""
    from gcms_tui.console.no_config import NoConfiguration

    return NoConfiguration(services, look)
