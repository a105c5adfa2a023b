"""Two targets of one dbt profile beside one another: their settings, and the rows of the tables they should share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gcms_tui.core.identifier import Relation
from gcms_tui.core.target import is_production
from gcms_tui.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class TargetProfile:
    """A target as `profiles.yml` has it, without its login."""

    name: str
    settings: Mapping[str, str]
    """What may be shown: `schema`, `role`, `threads`."""

    def table(self, relation: Relation, of: TargetProfile) -> Relation:
        """`relation`, which is one of target `of`, as this target has it: dbt puts a target's own schema in front of
        one that a model asks for, unless the project says otherwise."""
        schema, mine, theirs = relation.schema, self._folded("schema"), of._folded("schema")
        if theirs and schema == theirs:
            schema = mine
        elif theirs and schema.startswith(f"{theirs}_"):
            schema = f"{mine}_{schema.removeprefix(f'{theirs}_')}"
        database = relation.database
        if database is not None and database == of._folded("database"):
            database = self._folded("database")
        return replace(relation, schema=schema, database=database)

    def holds_same(self, other: TargetProfile) -> bool:
        """Whether a table that both call alike is one and the same."""
        return all(self._folded(key) == other._folded(key) for key in ("account", "host", "port", "database"))

    def _folded(self, key: str) -> str:
        return self.settings.get(key, "").upper()


@dataclass(frozen=True, slots=True)
class TableOfBoth:
    """One table, counted at both. A text in place of a number says why it could not be."""

    here: Relation
    there: Relation
    rows_here: int | str
    rows_there: int | str

    @property
    def verdict(self) -> Verdict:
        """WARN where they differ: two targets may, and somebody has to know why."""
        if isinstance(self.rows_here, str) or isinstance(self.rows_there, str):
            return Verdict.UNKNOWN
        return Verdict.OK if self.rows_here == self.rows_there else Verdict.WARN

    @property
    def words(self) -> str:
        here, there = (rows if isinstance(rows, str) else f"{rows:,}" for rows in (self.rows_here, self.rows_there))
        also = f" ({self.there})" if self.there != self.here else ""
        return f"{self.here}: {here}; {there}{also}"


def other_target(names: tuple[str, ...], here: str) -> str | None:
    """The one to compare with: the only other one, or of several the only one that is for real; None where that does
    not tell."""
    others = [name for name in names if name != here]
    real = [name for name in others if is_production(name)]
    for chosen in (others, real):
        if len(chosen) == 1:
            return chosen[0]
    return None


def settings_apart(here: TargetProfile, there: TargetProfile) -> tuple[str, ...]:
    """Each setting that differs, with both values."""
    keys = dict.fromkeys((*here.settings, *there.settings))
    return tuple(
        f"{key}: {here.settings.get(key, 'not set')}; {there.settings.get(key, 'not set')}"
        for key in keys
        if here.settings.get(key) != there.settings.get(key)
    )
