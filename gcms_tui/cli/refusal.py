"""What a guard refused, told on stdout too where JSON is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.output import print_json
from gcms_tui.core.errors import Refused


@contextmanager
def told_refusal(invocation: Invocation) -> Iterator[None]:
    """It goes on to whoever ends the command by it."""
    try:
        yield
    except Refused as refused:
        if invocation.json:
            print_json({"refused": refusal_json(refused)})
        raise


def refusal_json(refused: Refused) -> dict[str, str]:
    return {
        "guard": refused.guard,
        "title": refused.title,
        "message": refused.message,
        "next_step": refused.next_step,
    }
