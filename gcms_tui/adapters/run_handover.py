"""Hands a run to a keeper, by starting one or by having one forked, and hears whether dbt has begun."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gcms_tui.adapters.dbt_warm import WarmDbt, WarmGone
from gcms_tui.adapters.run_keeper import Order

_KEEPER = (sys.executable, "-P", "-m", "gcms_tui.adapters.run_keeper")


@dataclass(frozen=True, slots=True)
class Answer:
    """A keeper's first and last word."""

    pid: int | None
    """dbt's; None where it could not be started."""
    error: str = ""


def by_keeper(order: Order, lease: int, env: Mapping[str, str]) -> Answer | None:
    """By a program of its own. None where no keeper came to live."""
    reading, writing = os.pipe()
    try:
        try:
            keeper = subprocess.Popen(
                (*_KEEPER, str(lease), str(writing)),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(env),
                cwd=Path(order.project_dir),
                pass_fds=(lease, writing),
                start_new_session=True,
            )
        except OSError:
            return None
        finally:
            os.close(writing)
        keeper.communicate(json.dumps(order.to_json()).encode())
        return _answer(reading)
    finally:
        os.close(reading)


def by_fork(order: Order, lease: int, env: Mapping[str, str], warm: WarmDbt) -> Answer | None:
    """By the warm process. None where it has not begun it, and will not any more."""
    reading, writing = os.pipe()
    try:
        try:
            warm.keep(order, env, lease, writing)
            heard = True
        except WarmGone:
            heard = False
        finally:
            os.close(writing)
        if not (heard and select.select([reading], [], [], warm.patience_s)[0]):
            # Once it is gone nothing new begins, and what had begun has said so or holds the pipe open.
            warm.kill()
        return _answer(reading)
    finally:
        os.close(reading)


def _answer(reading: int) -> Answer | None:
    """None where everybody has gone without a word."""
    said = b""
    while block := os.read(reading, 65536):
        said += block
    try:
        document = json.loads(said)
        return Answer(document.get("pid"), str(document.get("error", "")))
    except (ValueError, AttributeError):
        return None
