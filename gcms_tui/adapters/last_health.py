"""The newest health report as a small file: read before the first paint, so nothing heavy is imported here."""

from __future__ import annotations

import json
from pathlib import Path

from gcms_tui.adapters.private_file import make_directory, write_whole
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import HealthReport
from gcms_tui.core.health_json import report_from_json, report_json

FILE_NAME = "last_health.json"
_LARGEST = 16 * 1024 * 1024


class StateError(GcmsError):
    """The state directory cannot be written or read."""

    exit_code = 69


class LastHealthFile:
    """`last_health.json` in the state directory, 0600, replaced whole."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE_NAME

    def load(self) -> HealthReport | None:
        """None where there is none, or none that can be read: it is only the last known."""
        try:
            if self._path.stat().st_size > _LARGEST:
                return None
            return report_from_json(self._path.read_bytes().decode("utf-8"))
        except (OSError, ValueError, OverflowError):
            return None

    def save(self, report: HealthReport) -> None:
        """Raises `StateError` where it cannot be written; what was there before then stays."""
        text = json.dumps(report_json(report, report.taken_at), ensure_ascii=False, allow_nan=False)
        directory = self._path.parent
        try:
            make_directory(directory)
        except OSError as error:
            raise _not_kept(directory, error) from None
        try:
            write_whole(self._path, text)
        except OSError as error:
            raise _not_kept(self._path, error) from None


def _not_kept(path: Path, error: OSError) -> StateError:
    return StateError(
        "Health is not kept",
        f"{path}: {error.strerror or type(error).__name__}",
        "Make room, or name a directory that can be written as state_dir in gcms.toml. The findings stand.",
    )
