"""What stands on the wall, line by line. Pure but for Rich's text.

From top to bottom: the verdict in large letters with how old it is beside it; the five key metrics with their past;
every finding that is not OK, in one line; and what is due, who is on call, what holds payroll, what the wall costs.
Where there is not room for all of that, the metrics go first and the verdict last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.text import Text

from gcms_tui.console.board_state import Overall
from gcms_tui.console.present import age_text, ago, value_text
from gcms_tui.console.theme import Look
from gcms_tui.console.wall_letters import letters
from gcms_tui.console.widgets.sparkline import sparkline
from gcms_tui.core.conclusion import counted
from gcms_tui.core.duration import seconds_text
from gcms_tui.core.finding import Finding, Point
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.wall import Cost, since, told
from gcms_tui.core.wall_around import Around

_BESIDE = 32
"""Cells for what stands beside the verdict."""
_METRIC = "metric."
_NAME, _VALUE, _TARGET = 20, 16, 18
_TALL = 14
"""Below so many lines the verdict is a word like any other."""
_LABEL = 9
_ROOMY = 100
"""From this width on a finding's name need not be cut."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the wall shows at one moment."""

    overall: Overall
    findings: Sequence[Finding]
    series: Mapping[str, Sequence[Point]]
    now: datetime
    beside: tuple[str, ...] = ()
    """What is said of looking: when it will be, or why it sleeps."""
    foot: tuple[Foot, ...] = ()
    label: str = ""
    """What this is instead of the present: `REPLAY`, and of when."""


@dataclass(frozen=True, slots=True)
class Foot:
    """One line at the bottom."""

    label: str
    words: str
    verdict: Verdict = Verdict.OK


def page(shown: Shown, look: Look, width: int, height: int) -> list[Text]:
    """Exactly `height` lines, none wider than `width`."""
    head = [*_label(shown, look), *_head(shown, look, width - 2, height)]
    foot = [_foot(item, look) for item in shown.foot]
    metrics = [_metric(item, shown, look, width - 2) for item in shown.findings if item.name.startswith(_METRIC)]
    wrong = [item for item in shown.findings if item.verdict is not Verdict.OK and not item.name.startswith(_METRIC)]
    room = height - len(head) - len(foot)
    if room - len(metrics) - 2 < min(len(wrong), 3):
        metrics = []
    if room < 1:
        foot, room = [], height - len(head)
    middle = [Text(), *metrics] if metrics else []
    middle += [Text()] if room > len(middle) + len(wrong) else []
    middle += _troubles(wrong, shown, look, width, room - len(middle))
    lines = [*head, *middle, *([Text()] * (room - len(middle))), *foot][:height]
    return [_cut(line, width, look) for line in lines] + [Text()] * (height - len(lines))


def _label(shown: Shown, look: Look) -> list[Text]:
    style = f"bold {look.palette.ground} on {look.palette.accent}"
    return [Text.assemble((f" {look.glyphs.text(shown.label, 200)} ", style))] if shown.label else []


def _head(shown: Shown, look: Look, width: int, height: int) -> list[Text]:
    whole = shown.overall
    style = f"bold {look.colour(whole.verdict)}"
    dot = "#" if look.glyphs.ascii else "█"
    high = max(height // 4, 5) if height >= _TALL else 0
    large = letters(whole.verdict, width - _BESIDE, high, dot)
    beside = _beside(shown, look)
    if not large:
        return [Text.assemble((look.glyphs.verdict(whole.verdict), style), "   ", *_joined(beside))]
    lines, wide = [], len(large[0]) + 3
    top = max((len(large) - len(beside)) // 2, 0)
    for place, row in enumerate(large):
        line = Text(row.ljust(wide), style, end="")
        line = Text.assemble(line)
        if top <= place < top + len(beside):
            line.append_text(beside[place - top])
        lines.append(line)
    return lines


def _joined(parts: Sequence[Text]) -> list[Text]:
    return [Text("   ").join(parts)] if parts else []


def _beside(shown: Shown, look: Look) -> list[Text]:
    whole, palette, glyphs = shown.overall, look.palette, look.glyphs
    lines = [_counts(whole, look)] if whole.age is not None else []
    if whole.said is not None:
        when = "so far" if whole.partial else "last known"
        lines.append(Text(f"{when}: {glyphs.verdict(whole.said)}", palette.muted))
    if whole.age is None:
        lines.append(Text("never checked", palette.muted))
    else:
        stale = f"bold {palette.warn}" if whole.stale else palette.text
        lines.append(Text(f"{'STALE, ' if whole.stale else ''}checked {ago(whole.age)}", stale))
    return [*lines, *(Text(glyphs.text(words, 120), palette.muted) for words in shown.beside)]


def _counts(whole: Overall, look: Look) -> Text:
    said = [
        Text(f"{number} {verdict.name.lower()}", look.colour(verdict))
        for verdict in sorted(Verdict, reverse=True)
        if (number := whole.counts.get(verdict, 0))
    ]
    return Text("  ").join(said)


def _metric(finding: Finding, shown: Shown, look: Look, width: int) -> Text:
    palette, glyphs = look.palette, look.glyphs
    name = glyphs.text(finding.name.removeprefix(_METRIC).replace("_", " "), _NAME)
    value = glyphs.text(value_text(finding.value, finding.unit), _VALUE)
    line = Text.assemble(
        (f"{glyphs.verdict(finding.verdict):<10}", look.colour(finding.verdict)),
        (name.ljust(_NAME), palette.text),
        (value.rjust(_VALUE), f"bold {palette.strong}"),
        "  ",
        (glyphs.text(finding.target, _TARGET).ljust(_TARGET), palette.muted),
    )
    room = min(width - line.cell_len - 1, 60)
    return line.append_text(sparkline(shown.series.get(finding.name, ()), room, look)) if room > 4 else line


def _troubles(wrong: Sequence[Finding], shown: Shown, look: Look, width: int, room: int) -> list[Text]:
    """The worst first; of those the ones that are so for longest. What does not fit is counted."""
    if room < 1:
        return []
    if not wrong:
        clear = shown.findings and shown.overall.verdict is Verdict.OK
        return [Text("Nothing is wrong." if clear else "", look.palette.muted)]
    known = [(item, *since(item, shown.series.get(item.name, ()))) for item in wrong]
    known.sort(key=lambda told: (-told[0].verdict, told[1]))
    kept = known if len(known) <= room else known[: room - 1]
    wide = max(len(item.name) for item, _, _ in kept) if kept else 0
    wide = min(wide, 40 if width >= _ROOMY else 28)
    lines = [_trouble(item, shown.now - began, whole, wide, look) for item, began, whole in kept]
    if len(kept) < len(known):
        lines.append(Text(f"and {len(known) - len(kept)} more", look.palette.muted))
    return lines


def _trouble(finding: Finding, age: timedelta, whole: bool, wide: int, look: Look) -> Text:
    """`whole`: it was OK before that; otherwise it may have been so for longer, which a `+` says."""
    palette, glyphs = look.palette, look.glyphs
    lasted = age_text(age, "new") if whole else "?" if age < _MINUTE else f"{age_text(age)}+"
    return Text.assemble(
        (f"{glyphs.verdict(finding.verdict):<10}", f"bold {look.colour(finding.verdict)}"),
        (glyphs.text(finding.name, wide).ljust(wide), palette.strong),
        (f" {lasted:>7}  ", palette.accent),
        (glyphs.text(told(finding), 400), palette.text),
    )


def _foot(item: Foot, look: Look) -> Text:
    style = look.palette.text if item.verdict is Verdict.OK else f"bold {look.colour(item.verdict)}"
    return Text.assemble((f"{item.label:<{_LABEL}}", look.palette.muted), (look.glyphs.text(item.words, 400), style))


def _cut(line: Text, width: int, look: Look) -> Text:
    """After a space, in `width` cells."""
    whole = Text(" ").append_text(line)
    if whole.cell_len > width:
        whole.truncate(max(width - 1, 0))
        whole.append(look.glyphs.ellipsis if width > 0 else "")
    return whole


# -- the lines at the bottom ------------------------------------------------------------------------------------------


def around_lines(around: Around | None, cost: Cost | None) -> tuple[Foot, ...]:
    """What stands there of the present. None: it has not been read yet."""
    lines = []
    if around is not None:
        lines = [_due(around), _on_call(around), _payroll(around)]
    return (*lines, Foot("cost", cost_words(cost)))


def _due(around: Around) -> Foot:
    if around.due is None:
        return Foot("due", "cannot be read", Verdict.UNKNOWN)
    return Foot("due", "; ".join(around.due) or "nothing", around.verdict)


def _on_call(around: Around) -> Foot:
    if not around.flag:
        return Foot("on call", around.on_call)
    return Foot("on call", f"{around.on_call or 'nobody'} ({around.flag})", Verdict.WARN)


def _payroll(around: Around) -> Foot:
    if around.holds is None:
        held = "what holds it cannot be read"
    else:
        held = f"HELD: {', '.join(around.holds)}" if around.holds else "not held"
    if around.incidents is None:
        said = "incidents cannot be read"
    else:
        said = f"{counted(around.incidents, 'incident')} open" if around.incidents else "no incident open"
    unknown = around.holds is None or around.incidents is None
    verdict = Verdict.UNKNOWN if unknown else Verdict.WARN if around.holds or around.incidents else Verdict.OK
    return Foot("payroll", f"{held}; {said}", verdict)


def cost_words(cost: Cost | None) -> str:
    if cost is None:
        return "nothing is asked by itself"
    if not cost.queries:
        return "not known: no look was answered yet"
    most = "" if cost.measured else "at most "
    looks = f"{cost.looks:,.0f} looks" if cost.looks >= 1.5 else "1 look"
    busy = seconds_text(cost.seconds)
    return f"{most}{looks} a day: {cost.queries:,} queries, about {busy} of warehouse (an estimate)"
