"""A health report as plain text for a terminal or a mail: aligned, as wide as asked, the worst first."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gcms_tui.core.finding import Finding, HealthReport, Point, Scalar
from gcms_tui.core.sparkline import levels
from gcms_tui.core.text import printable
from gcms_tui.core.verdict import Verdict

_NARROWEST = 20
_SPARK = "▁▂▃▄▅▆▇█"
_ASCII_SPARK = "_.-~=+*#"
_COLOURS = {Verdict.OK: "32", Verdict.WARN: "33", Verdict.FAIL: "31", Verdict.UNKNOWN: "35"}
_HISTORY = 30


@dataclass(frozen=True, slots=True)
class Style:
    """What the reader's terminal can show."""

    width: int = 100
    ascii: bool = False
    colour: bool = False


def board(report: HealthReport, style: Style) -> Iterator[str]:
    """Every finding, the worst first; below those that are not OK what to do next."""
    findings = sorted(report.findings, key=lambda finding: -finding.verdict)
    yield from _headline(report, style)
    yield ""
    name_width = max((len(printable(finding.name)) for finding in findings), default=0)
    for finding in findings:
        yield from _wrapped(_label(finding, name_width, style), finding.summary, style)
        if finding.verdict is not Verdict.OK and finding.next_step:
            yield from _wrapped("    -> ", finding.next_step, style)


def metric_lines(report: HealthReport, history: Mapping[str, Sequence[Point]], style: Style) -> Iterator[str]:
    """The key metrics: value, target, alert threshold, and how they went."""
    yield from _headline(report, style)
    names = max((len(printable(finding.name)) for finding in report.findings), default=0)
    values = max((len(value_text(finding.value, finding.unit)) for finding in report.findings), default=0)
    for finding in report.findings:
        past = sparkline([point.value for point in history.get(finding.name, ())][-_HISTORY:], ascii_only=style.ascii)
        value = value_text(finding.value, finding.unit)
        yield ""
        label = _label(finding, names, style) + f"{value:>{values}}"
        yield from _wrapped(f"{label}  ", f"target {finding.target}, alert {finding.alert}", style)
        if past:
            yield from _wrapped("    ", f"history {past}", style)
        yield from _wrapped("    ", finding.summary, style)
        if finding.verdict is not Verdict.OK and finding.next_step:
            yield from _wrapped("    -> ", finding.next_step, style)


def value_text(value: Scalar, unit: str) -> str:
    """`3.2 h`; a dash where nothing could be measured."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (float, Decimal)):
        return f"{value:,.2f}".rstrip("0").rstrip(".") + (f" {unit}" if unit else "")
    return (f"{value:,}" if isinstance(value, int) else str(value)) + (f" {unit}" if unit else "")


def sparkline(values: Sequence[Scalar], *, ascii_only: bool = False) -> str:
    """One character a value, the lowest lowest; a gap where nothing was measured. Empty where there are no figures."""
    steps = _ASCII_SPARK if ascii_only else _SPARK
    heights = levels(values, len(steps))
    if all(height is None for height in heights):
        return ""
    return "".join(" " if height is None else steps[height] for height in heights)


def _headline(report: HealthReport, style: Style) -> Iterator[str]:
    counts = ", ".join(
        f"{number} {verdict.name}"
        for verdict in sorted(Verdict, reverse=True)
        if (number := sum(finding.verdict is verdict for finding in report.findings))
    )
    text = f"target {report.target}, {report.taken_at:%Y-%m-%d %H:%M:%S} UTC: {counts or 'nothing looked at'}"
    yield from _wrapped(f"{_verdict(report.verdict, style)} ", text, style)


def _label(finding: Finding, name_width: int, style: Style) -> str:
    return f"{_verdict(finding.verdict, style)} {_fit(printable(finding.name), style):<{name_width}}  "


def _verdict(verdict: Verdict, style: Style) -> str:
    symbol = verdict.ascii_symbol if style.ascii else verdict.symbol
    text = f"{symbol} {verdict.name:<7}"
    return f"\x1b[{_COLOURS[verdict]}m{text}\x1b[0m" if style.colour else text


def _wrapped(label: str, text: str, style: Style) -> Iterator[str]:
    """`text` beside its label, its further lines below itself; below the label where that leaves too little room.

    A test's name is longer than most rooms, and torn in two it can be neither searched for nor copied.
    """
    indent = _cells(label)
    room = style.width - indent
    shown = _fit(printable(text), style)
    if indent > 4 and room < max(_NARROWEST, min(max(map(len, shown.split()), default=0), style.width - 4)):
        yield label.rstrip()
        indent, room, label = 4, max(style.width - 4, 1), " " * 4
    lines = textwrap.wrap(shown, room, break_on_hyphens=False) or [""]
    yield (label + lines[0]).rstrip()
    for line in lines[1:]:
        yield " " * indent + line


def _cells(label: str) -> int:
    """How wide a label of ours is: the colour around the verdict takes no room."""
    for code in (*(f"\x1b[{colour}m" for colour in _COLOURS.values()), "\x1b[0m"):
        label = label.replace(code, "")
    return len(label)


def _fit(text: str, style: Style) -> str:
    """In ASCII what has a counterpart there keeps it, anything else is a question mark."""
    if not style.ascii:
        return text
    plain = (character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character))
    return "".join(plain).encode("ascii", errors="replace").decode("ascii")
