"""What a dbt command would do, told before it is started. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.text import Text

from gcms_tui.console.present import moment_text
from gcms_tui.console.run_words import seconds_text, words_text
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, opening
from gcms_tui.console.widgets.row_list import cell
from gcms_tui.core.query import Access
from gcms_tui.core.run_preview import Preview, SelectedNode
from gcms_tui.core.target import is_production
from gcms_tui.core.verdict import Verdict

_TYPE = 9
_NAME = 44
_NODES_FIRST, _NODES_MOST = 30, 1_000
_WORDS_LINES = 2
"""Of a command that names many nodes: they are listed, and the argv is told whole."""


def preview_page(preview: Preview, look: Look, width: int) -> list[Text]:
    """What is to be known first comes first: what it would touch, then exactly what is executed.

    Of many nodes the first ones stand before the argv and the others behind it, as far as anybody would scroll.
    """
    first, others = preview.nodes[:_NODES_FIRST], preview.nodes[_NODES_FIRST:_NODES_MOST]
    left = len(preview.nodes) - _NODES_MOST
    more = f"   {look.glyphs.ellipsis} {left:,} more: c copies all of them"
    blocks = (
        _place(preview, look, width),
        _refusal(preview, look, width),
        _warnings(preview, look, width),
        _listed("Drops and builds anew", preview.dropped, look, width, look.palette.warn),
        _excluded(preview, look, width),
        _nodes("Nodes", first, len(preview.nodes), look, width),
        _argv(preview, look, width),
        _nodes("The other nodes", others, len(preview.nodes) - len(first), look, width),
        [Text(more, look.palette.muted)] if left > 0 else [],
    )
    lines: list[Text] = []
    for block in blocks:
        lines += [*block, Text()] if block else []
    return lines[:-1]


def target_text(target: str, look: Look) -> Text:
    """The target in a word; the real thing cannot be mistaken for another."""
    palette = look.palette
    real = is_production(target)
    style = f"bold {palette.on_danger} on {palette.danger}" if real else f"bold {palette.ground} on {palette.muted}"
    return Text(f" {look.glyphs.text(target, 24).upper() or 'NO TARGET'} ", style)


def access_text(access: Access, look: Look) -> Text:
    return Text(access.name, f"bold {look.palette.warn}" if access is Access.WRITE else f"bold {look.palette.ok}")


def _place(preview: Preview, look: Look, width: int) -> list[Text]:
    palette = look.palette
    first = Text.assemble(" ", access_text(preview.access, look), " on ", target_text(preview.target, look))
    numbers = Counter(node.resource_type for node in preview.nodes)
    kinds = ", ".join(
        f"{number:,} {look.glyphs.text(kind, 20)}{_plural(number)}" for kind, number in numbers.most_common()
    )
    selected = len(preview.nodes)
    if preview.command.selects:
        said = f"{selected:,} node{_plural(selected)}" + (f": {kinds}" if kinds else "")
    else:
        said = "selects no nodes, and needs none"
    usual = (
        "how long it takes is not known yet"
        if preview.expected_s is None
        else f"about {seconds_text(preview.expected_s)}"
    )
    rest = Text.assemble((said, f"bold {palette.strong}"), (f"   {usual}", palette.muted))
    command = Text(look.glyphs.text(f"dbt {words_text(preview.command)}", 1_000), palette.strong)
    words = opening(command, width - 1, _WORDS_LINES, look.glyphs.ellipsis, " ")
    if first.cell_len + rest.cell_len + 4 <= width:
        return [first.append("   ").append_text(rest), *words]
    return [first, *flow(rest, width - 1, " "), *words]


def _plural(number: int) -> str:
    return "" if number == 1 else "s"


def _refusal(preview: Preview, look: Look, width: int) -> list[Text]:
    if not preview.refusal:
        return []
    palette, glyphs = look.palette, look.glyphs
    symbol = Verdict.FAIL.ascii_symbol if glyphs.ascii else Verdict.FAIL.symbol
    lines = flow(Text(f"{symbol} {glyphs.text(preview.refusal, 1_000)}", f"bold {palette.fail}"), width - 1, " ")
    if preview.next_step:
        lines += flow(Text(f"{glyphs.arrow} {glyphs.text(preview.next_step, 600)}", palette.text), width - 1, " ")
    holder = preview.holder
    if holder is not None and holder.run_id not in preview.refusal:
        held = f"held by {holder.person}, run {holder.run_id}, process {holder.pid}, since {moment_text(holder.since)}"
        lines += flow(Text(glyphs.text(held, 400), palette.muted), width - 1, " ")
    return lines


def _warnings(preview: Preview, look: Look, width: int) -> list[Text]:
    symbol = Verdict.WARN.ascii_symbol if look.glyphs.ascii else Verdict.WARN.symbol
    lines: list[Text] = []
    for warning in preview.warnings:
        said = Text(f"{symbol} {look.glyphs.text(warning, 1_000)}", look.palette.warn)
        lines += flow(said, width - 1, " ")
    return lines


def _argv(preview: Preview, look: Look, width: int) -> list[Text]:
    """Exactly what is executed, a word that a shell would split in quotes."""
    argv = Text(look.glyphs.text(shell_text(preview.argv), 4_000), look.palette.text)
    where = Text(f"in {look.glyphs.text(preview.project_dir, 400)}", look.palette.faint)
    return [_heading("Executes", look), *flow(argv, width - 1, " "), *flow(where, width - 1, " ")]


def shell_text(argv: Iterable[str]) -> str:
    from shlex import join

    return join(argv)


def _excluded(preview: Preview, look: Look, width: int) -> list[Text]:
    lines = _listed("Left out: SCD2 models, whose history cannot be built anew", preview.excluded, look, width)
    if lines:
        how = "To have one refreshed all the same, type its name behind --select."
        lines += flow(Text(how, look.palette.muted), width - 1, " ")
    return lines


def _listed(title: str, names: Sequence[str], look: Look, width: int, style: str = "") -> list[Text]:
    if not names:
        return []
    lines = [_heading(title, look, len(names))]
    for name in names:
        lines += flow(Text(look.glyphs.text(name, 300), style or look.palette.text), width - 1, "   ")
    return lines


def _nodes(title: str, nodes: Sequence[SelectedNode], number: int, look: Look, width: int) -> list[Text]:
    if not nodes:
        return []
    palette, glyphs = look.palette, look.glyphs
    lines = [_heading(title, look, number)]
    widest = max(cell_len(glyphs.text(node.name, _NAME)) for node in nodes)
    room = max(min(widest, width - _TYPE - 5), 8)
    for node in nodes:
        line = Text.assemble(("   ", ""), (cell(glyphs.text(node.resource_type, _TYPE), _TYPE), palette.faint))
        line.append(cell(glyphs.text(node.name, 200), room, glyphs.ellipsis), palette.text)
        left = width - line.cell_len - 3
        about = " ".join(part for part in (node.materialized, node.relation_name or "") if part)
        if left > 8 and about:
            line.append("  " + cell(glyphs.text(about, 200), left, glyphs.ellipsis).rstrip(), palette.faint)
        lines.append(line)
    return lines


def _heading(title: str, look: Look, number: int | None = None) -> Text:
    text = Text.assemble((f" {title}", f"bold {look.palette.accent}"))
    return text if number is None else text.append(f"  {number:,}", look.palette.faint)


def preview_text(preview: Preview) -> str:
    """As it is copied: what is executed, and what that selects."""
    lines = [shell_text(preview.argv), "", f"{preview.access.name} on {preview.target}, {len(preview.nodes)} nodes"]
    lines += [f"refused: {preview.refusal} {preview.next_step}"] if preview.refusal else []
    lines += [f"warning: {warning}" for warning in preview.warnings]
    lines += [f"drops: {name}" for name in preview.dropped]
    lines += [f"left out: {name}" for name in preview.excluded]
    return "\n".join([*lines, *(node.unique_id for node in preview.nodes)])
