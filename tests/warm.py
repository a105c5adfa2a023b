"""dbt imported once for the commands of a test session, as a console does for its own: each would import it anew.

That both ways tell the same is proven in tests/adapters/test_dbt_launcher.py; a command alone is in
tests/cli/test_run_control.py.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gcms_tui.adapters import dbt_warm
from gcms_tui.adapters.dbt_launcher import DbtProcesses
from gcms_tui.adapters.dbt_warm import WarmDbt
from gcms_tui.cli.wiring import desks


class SharedDbt(WarmDbt):
    """One for many commands."""

    def close(self) -> None:
        """Not with the command: with the session, by `kill`."""


@contextmanager
def commands_with(dbt: SharedDbt) -> Iterator[None]:
    """Commands of this process have it start what they start."""
    cold = desks._dbt_processes

    def warmed(*places: Any, warm: bool, **given: Any) -> DbtProcesses:
        return cold(*places, warm=True, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt_warm, "WarmDbt", lambda env: dbt)
        patch.setattr(desks, "_dbt_processes", warmed)
        yield


@contextmanager
def one_dbt() -> Iterator[SharedDbt]:
    dbt = SharedDbt(os.environ)
    dbt.start()
    try:
        yield dbt
    finally:
        dbt.kill()
