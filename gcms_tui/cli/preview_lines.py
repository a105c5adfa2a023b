"""The preview of a dbt command as lines for people."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator

from gcms_tui.core.conclusion import counted
from gcms_tui.core.duration import seconds_text
from gcms_tui.core.query import Access
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.text import printable

_MOST_NODES = 40


def preview_lines(preview: Preview) -> Iterator[str]:
    """Everything that is to be known before it is started; outside text in it cannot steer the terminal."""
    yield f"{'target':<11}{printable(preview.target)}   {preview.access.value.upper()}"
    yield f"{'command':<11}{printable(shlex.join(('dbt', *preview.command.words)))}"
    yield f"{'executed':<11}{printable(shlex.join(preview.argv))}"
    if preview.command.selects:
        yield f"{'nodes':<11}{_nodes(preview)}"
        for node in preview.nodes[:_MOST_NODES]:
            yield f"{'':<11}{printable(f'{node.resource_type:<9} {node.name}')}"
        if len(preview.nodes) > _MOST_NODES:
            yield f"{'':<11}and {len(preview.nodes) - _MOST_NODES:,} more"
    if preview.expected_s is not None:
        yield f"{'expected':<11}about {seconds_text(preview.expected_s)}"
    if preview.excluded:
        yield f"{'left out':<11}{printable(', '.join(preview.excluded))}: their history cannot be rebuilt"
    for place, table in enumerate(preview.dropped):
        yield f"{'DROPPED' if place == 0 else '':<11}{printable(table)}"
    for warning in preview.warnings:
        yield f"{'note':<11}{printable(warning)}"
    if preview.refusal:
        yield f"{'REFUSED':<11}{printable(preview.refusal)}"
        yield f"{'':<11}-> {printable(preview.next_step)}"
    elif preview.confirmation:
        yield f"{'to confirm':<11}--confirm {shlex.quote(printable(preview.confirmation))}"
    elif preview.access is Access.WRITE:
        yield f"{'to confirm':<11}--yes"


def _nodes(preview: Preview) -> str:
    kinds = Counter(node.resource_type for node in preview.nodes)
    told = ", ".join(counted(number, kind) for kind, number in sorted(kinds.items()))
    return f"{len(preview.nodes):,}" + (f" ({printable(told)})" if told else "")
