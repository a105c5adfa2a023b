"""The doctor's visit to Airbyte."""

from __future__ import annotations

from gcms_tui.cli import wiring
from gcms_tui.cli.observation import Observation, from_error, good
from gcms_tui.core.conclusion import counted
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.settings import Settings
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict

_LOCAL = ("localhost", "127.", "[::1]")


def airbyte_observations(settings: Settings) -> list[Observation]:
    """Whether it answers, lets the application in, and shows connections that are switched on."""
    name = "airbyte"
    if settings.airbyte.base_url is None:
        return [good(name, "not configured: connections and syncs are looked at in Airbyte itself")]
    try:
        api = wiring.open_airbyte(settings)
        connections = api.connections()
    except GcmsError as error:
        return [from_error(name, error)]
    login = f"as {printable(settings.airbyte.client_id, 80)}" if settings.airbyte.client_id else "without a login"
    told = f"{api.where} answers {login}: {counted(len(connections), 'connection')}"
    if not api.encrypted and not api.where.startswith(_LOCAL):
        advice = "The secret crosses the network in clear: put Airbyte behind https:// and name that."
        return [Observation(name, Verdict.WARN, f"{told}; not encrypted", advice)]
    if not connections:
        advice = "Let the application see the workspace, or correct workspace_id under [airbyte]."
        return [Observation(name, Verdict.WARN, told, advice)]
    off = [item for item in connections if item.status != "active"]
    if off:
        listed = "; ".join(f"{printable(item.name, 60)} is {printable(item.status, 20)}" for item in off)
        return [Observation(name, Verdict.WARN, f"{told}; {listed}", "Switch it on in Airbyte, where it is wanted.")]
    return [good(name, told)]
