"""A file of a payroll run as it lies there now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileSeen:
    path: Path
    sha256: str
    size: int
