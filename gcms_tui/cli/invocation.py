"""What every command was asked for: the options that stand before or behind the sub-command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from gcms_tui.core.frozen import frozen

P = ParamSpec("P")
R = TypeVar("R")


@frozen
class Invocation:
    """The global options."""

    config: Path | None = None
    target: str | None = None
    read_only: bool = False
    json: bool = False
    ascii: bool = False
    slow_link: bool = False
    refresh: str | None = None
    """As typed (`15m`); None where the configuration decides."""


_CONFIG = click.Option(["--config"], type=click.Path(path_type=Path), help="The configuration file.", metavar="FILE")
_TARGET = click.Option(["--target"], help="dbt's target, instead of the configured one.", metavar="NAME")
_READ_ONLY = click.Option(["--read-only"], is_flag=True, help="Nothing can be written.")
_JSON = click.Option(["--json"], is_flag=True, help="Print JSON.")
EVERYWHERE: tuple[click.Option, ...] = (_CONFIG, _TARGET, _READ_ONLY, _JSON)


def headless(function: Callable[Concatenate[Invocation, P], R]) -> Callable[P, R]:
    """Hands a command its `Invocation`, and lets --config, --target, --read-only and --json stand behind it as well.

    Put it below `@click.command()`:

        @click.command()
        @click.option("--only", multiple=True)
        @headless
        def health(invocation: Invocation, only: tuple[str, ...]) -> None: ...
    """

    @wraps(function)
    def command(*args: Any, **kwargs: Any) -> R:
        given = {name: kwargs.pop(name, None) for name in ("config", "target", "read_only", "json")}
        before = click.get_current_context().find_object(Invocation) or Invocation()
        invocation = replace(before, **{name: value for name, value in given.items() if value})
        return function(invocation, *args, **kwargs)

    # Where click's own option decorators leave what they found, for the command decorator to pick up.
    waiting: list[click.Parameter] = getattr(command, "__click_params__", [])
    command.__click_params__ = [*EVERYWHERE[::-1], *waiting]  # type: ignore[attr-defined]
    return command
