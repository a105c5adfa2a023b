"""dbt's documentation as it is served: a job of its own on one host, reached through an SSH tunnel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

PORT = 8001
"""The runbook's."""


@dataclass(frozen=True, slots=True)
class Served:
    """One job that serves a directory."""

    host: str
    user: str
    port: int
    pid: int
    directory: str
    since: datetime

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    @property
    def tunnel(self) -> str:
        """To be typed on one's own machine."""
        return f"ssh -N -L {self.port}:127.0.0.1:{self.port} {self.user}@{self.host}"

    @property
    def stop(self) -> str:
        return "gcms-tui runbook docs --stop"

    @property
    def lines(self) -> tuple[str, ...]:
        """What a person needs to know of it."""
        return (
            f"serves {self.directory} on {self.host}, port {self.port}, process {self.pid}",
            f"from your own machine: {self.tunnel}",
            f"then open: {self.url}",
            f"stop it: {self.stop}, or D on step docs-serve of the weekly procedure",
        )
