"""One key told: what a repair would do and why, and the focused version beside the one that would stay. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from gcms_tui.console.present import scalar_text
from gcms_tui.console.scd2.decision import Decision
from gcms_tui.console.scd2.timeline import role_colour, role_mark
from gcms_tui.console.scd2.words import marks
from gcms_tui.console.theme import Look
from gcms_tui.console.widgets.document import flow, pair
from gcms_tui.console.widgets.row_list import cell
from gcms_tui.core.personal import MASK
from gcms_tui.core.scd2 import moment
from gcms_tui.core.scd2.version import NAMED
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:  # names only: whoever presses the key does not wait for them
    from gcms_tui.core.scd2.scan import KeyVersions, VersionRow
    from gcms_tui.core.scd2.table import InForce

_READABLE = 110
_NAME_MOST = 24
_LETTERS = 600
"""Letters of a value that are shown; copying gives it whole."""
_VALUE_LINES = 4
_SIDE_BY_SIDE = 56
"""From this width on two values stand beside each other."""


@dataclass(frozen=True, slots=True)
class KeyPage:
    """Builds the page."""

    found: KeyVersions
    decision: Decision
    in_force: InForce
    place: int | None
    """Of the focused version."""
    supersede: bool
    look: Look

    def page(self, width: int) -> list[Text]:
        wide = min(width, _READABLE) - 1
        blocks = [self._decided(wide), self._convention(wide)]
        if self.place is not None:
            blocks += [self._columns(self.place, wide), self._moments(self.place, wide)]
        lines: list[Text] = []
        for block in blocks:
            lines += [*block, Text()] if block else []
        return lines

    # -- what would be done -----------------------------------------------------------------------------------------

    def _decided(self, wide: int) -> list[Text]:
        palette, glyphs, repair = self.look.palette, self.look.glyphs, self.decision.repair
        if repair is None:
            return self._refused(wide)
        signs = marks(glyphs)
        kept = Text.assemble((f"{signs.kept} keep ", f"bold {palette.ok}"), self._id(repair.winner.scd_id))
        kept.append(f": {glyphs.text(repair.reason, 200)}", palette.text)
        lines = flow(kept, wide, " ")
        for place, closing in sorted(self.decision.closings.items()):
            role = self.decision.roles[place]
            line = Text.assemble((f"{role_mark(role, signs)} {role.value} ", role_colour(role, palette)))
            line.append_text(self._id(closing.before.scd_id)).append(f": {glyphs.text(closing.why, 300)}", palette.text)
            line.append(f"; its end {moment.short(closing.before.effective_to)} ", palette.muted)
            line.append(f"{glyphs.arrow} {moment.short(closing.after.effective_to)}", f"bold {palette.strong}")
            lines += flow(line, wide, " ")
        for warning in repair.warnings:
            lines += flow(Text(f"{self._warn} {glyphs.text(warning, 600)}", palette.warn), wide, " ")
        return lines

    def _refused(self, wide: int) -> list[Text]:
        palette, glyphs, refused = self.look.palette, self.look.glyphs, self.decision.refused
        if refused is None:
            return []
        sound = refused.guard == "one_current"
        said = "Nothing to repair" if sound else f"{self._warn} {refused.title}"
        tint = palette.muted if sound else palette.warn
        lines = flow(Text(glyphs.text(said, 200), f"bold {tint}"), wide, " ")
        lines += flow(Text(glyphs.text(refused.message, 1_000), palette.text), wide, " ")
        step = "" if sound else _KEYS.get(refused.guard) or refused.next_step
        if step:
            lines += flow(Text(f"{glyphs.arrow} {glyphs.text(step, 400)}", palette.muted), wide, " ")
        return lines

    def _convention(self, wide: int) -> list[Text]:
        palette, glyphs = self.look.palette, self.look.glyphs
        said = f"A closed version ends {self.in_force.convention.words}."
        if self.supersede:
            said += " SUPERSEDE is on: what begins after the kept one is closed as never valid."
        lines = flow(Text(said, palette.faint), wide, " ")
        if self.in_force.warning:
            warning = f"{self._warn} {glyphs.text(self.in_force.warning, 600)}"
            lines += flow(Text(warning, palette.warn), wide, " ")
        return lines

    # -- the focused version ----------------------------------------------------------------------------------------

    def _moments(self, place: int, wide: int) -> list[Text]:
        """What the rules go by, as exact as the warehouse has it."""
        palette, version = self.look.palette, self.found.versions[place].version
        until = "NULL, open" if version.effective_to is None else _moment(version.effective_to)
        if version.effective_to is not None and version.is_open:
            until += ", open"
        flag = {True: "current", False: "not current", None: "NULL: it does not say"}[version.is_current]
        lines = [Text(" What the rules go by", f"bold {palette.accent}")]
        for label, said in (
            ("valid", f"{_moment(version.effective_from)} until {until}"),
            ("flag", flag),
            ("recorded", _moment(version.recorded_at)),
            ("inserted", _moment(version.inserted_at)),
            ("updated", "" if version.updated_at is None else _moment(version.updated_at)),
        ):
            if said:
                lines += pair(Text(f" {label:<10}", palette.faint), Text(said, palette.text), wide)
        return lines

    def _title(self, place: int, wide: int) -> list[Text]:
        palette, version, role = self.look.palette, self.found.versions[place].version, self.decision.roles[place]
        mark = role_mark(role, marks(self.look.glyphs))
        title = Text.assemble((f"{mark} {role.value} ", role_colour(role, palette))).append_text(
            self._id(version.scd_id)
        )
        title.append(f"  {_moment(version.effective_from)} until {moment.short(version.effective_to)}", palette.muted)
        return flow(title, wide, " ")

    def _columns(self, place: int, wide: int) -> list[Text]:
        """Those that differ first, marked by a sign and not by colour alone; what tells any two versions apart last
        of them."""
        palette, found = self.look.palette, self.found
        row, other = found.versions[place], self._other(place)
        differing = [column for column in found.columns if self._differs(column, row, other)]
        differing.sort(key=lambda column: column.lower() in NAMED)
        alike = [column for column in found.columns if column not in set(differing)]
        name = min(max((len(self.look.glyphs.text(column, _NAME_MOST)) for column in found.columns), default=4), 24)
        lines = [*self._title(place, wide), self._heading(len(differing), other, name, wide)]
        for column in (*differing, *alike):
            lines += self._column(column, row, other, name, wide, differs=column in differing)
        masked = [
            column
            for column in found.personal
            if not found.revealed and any(row.cells[column] == MASK for row in found.versions)
        ]
        if masked:
            said = f"masked: {', '.join(masked)} (v reveals, and that is journalled)"
            lines += [Text(), *flow(Text(self.look.glyphs.text(said, 400), palette.muted), wide, " ")]
        elif found.revealed and found.personal:
            said = f"REVEALED: {', '.join(found.personal)}"
            lines += [Text(), *flow(Text(self.look.glyphs.text(said, 400), f"bold {palette.warn}"), wide, " ")]
        return lines

    def _other(self, place: int) -> VersionRow | None:
        """What the focused version is held against: the one that would stay; for that one the next current one."""
        winner, versions = self.decision.winner, self.found.versions
        if winner is not None and winner != place:
            return versions[winner]
        others = [one for at, one in enumerate(versions) if at != place]
        return next((one for one in others if one.version.is_current), others[0] if others else None)

    def _differs(self, column: str, row: VersionRow, other: VersionRow | None) -> bool:
        if other is None:
            return False
        one, two = row.cells[column], other.cells[column]
        masked = one == MASK == two and column in self.found.personal and not self.found.revealed
        return column in self.found.differing if masked else repr(one) != repr(two)

    def _heading(self, differing: int, other: VersionRow | None, name: int, wide: int) -> Text:
        palette, glyphs, signs = self.look.palette, self.look.glyphs, marks(self.look.glyphs)
        sign = signs.differs if differing else " "
        said = f"{sign} {differing} of {len(self.found.columns)} columns differ" if other else "columns"
        line = Text(f" {said}", f"bold {palette.accent}")
        if other is None or wide < _SIDE_BY_SIDE:
            return line
        value = (wide - name - 6) // 2
        line = Text(cell(f" {said}", 3 + name + value + 2, glyphs.ellipsis), f"bold {palette.accent}")
        against = f"beside {glyphs.text(other.version.scd_id or 'NULL', 60)}"
        return line.append(cell(against, value, glyphs.ellipsis).rstrip(), palette.muted)

    def _column(
        self, column: str, row: VersionRow, other: VersionRow | None, name: int, wide: int, *, differs: bool
    ) -> list[Text]:
        palette, glyphs, signs = self.look.palette, self.look.glyphs, marks(self.look.glyphs)
        sign = signs.differs if differs else " "
        label = Text.assemble(
            (f" {sign} ", palette.warn),
            (f"{cell(glyphs.text(column, _NAME_MOST), name, glyphs.ellipsis)} ", palette.muted),
        )
        style = f"bold {palette.strong}" if differs else palette.text
        mine = self._value(column, row, style)
        if other is None or not differs:
            return _first(pair(label, mine, wide), _VALUE_LINES, glyphs.ellipsis)
        theirs = self._value(column, other, palette.text)
        if wide < _SIDE_BY_SIDE:
            below = pair(Text(" " * label.cell_len), theirs, wide)
            return [*_first(pair(label, mine, wide), 2, glyphs.ellipsis), *_first(below, 2, glyphs.ellipsis)]
        value = (wide - name - 6) // 2
        left = _first(flow(mine, value), _VALUE_LINES, glyphs.ellipsis)
        right = _first(flow(theirs, value), _VALUE_LINES, glyphs.ellipsis)
        lines = []
        for at in range(max(len(left), len(right))):
            line = label.copy() if at == 0 else Text(" " * label.cell_len)
            line.append_text(left[at] if at < len(left) else Text())
            line.append(" " * (label.cell_len + value + 1 - line.cell_len))
            lines.append(line.append_text(right[at]) if at < len(right) else line)
        return lines

    def _value(self, column: str, row: VersionRow, style: str) -> Text:
        value = row.cells[column]
        if value is None or value == "":
            return Text("NULL" if value is None else "''", self.look.palette.faint)
        if value == MASK and column in self.found.personal and not self.found.revealed:
            return Text(MASK, self.look.palette.faint)
        return Text(self.look.glyphs.text(scalar_text(value), _LETTERS), style)

    def _id(self, scd_id: str | None) -> Text:
        return Text(self.look.glyphs.text(scd_id or "NULL", 80), f"bold {self.look.palette.strong}")

    @property
    def _warn(self) -> str:
        return Verdict.WARN.ascii_symbol if self.look.glyphs.ascii else Verdict.WARN.symbol


_KEYS = {
    "tie": "Compare them, column by column: Enter, on the one that is right, chooses it to be kept.",
    "begins_after_winner": "Enter, on what begins later, keeps that instead; S supersedes it: closed as never valid.",
    "shared_scd_id": "C, on one of them, plans to collapse them: one is kept, and a backup of all.",
}
"""The ways out as they are gone here, in place of the options of a command."""


def _moment(text: str | None) -> str:
    return "NULL" if text is None else moment.short(text) if text < moment.OPEN_FROM else text[:19]


def _first(lines: Sequence[Text], most: int, ellipsis: str) -> list[Text]:
    """The first lines, the last of them with an ellipsis where there would be more."""
    shown = list(lines[:most])
    if len(lines) > most:
        shown[-1] = shown[-1].copy()
        shown[-1].right_crop(min(1, len(shown[-1])))
        shown[-1].append(ellipsis)
    return shown


def key_text(table: str, found: KeyVersions, decision: Decision) -> str:
    """Every version with all of its columns, tab-separated, masked as shown, with what would be done."""
    if decision.repair is not None:
        said = f"keep {decision.repair.winner.scd_id}: {decision.repair.reason}"
    else:
        said = f"{decision.refused.title}: {decision.refused.message}" if decision.refused else ""
    columns = list(found.columns)
    head = [f"-- {table}, key {_flat(found.natural_key)}", f"-- {_flat(said)}", "\t".join(("role", *columns))]
    return "\n".join([*head, *_rows(found, decision, columns), f"-- query id {found.provenance.query_id or 'none'}"])


def _rows(found: KeyVersions, decision: Decision, columns: Sequence[str]) -> Iterable[str]:
    for row, role in zip(found.versions, decision.roles, strict=True):
        yield "\t".join((role.value, *(_flat(scalar_text(row.cells[column])) for column in columns)))


def _flat(value: str) -> str:
    return value.replace("\t", " ").replace("\r", " ").replace("\n", " ")
