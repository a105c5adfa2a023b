"""Which sources a payroll descends from, by dbt's manifest, and what their ages come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gcms_tui.core.conclusion import Conclusion, counted, unknown
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.freshness import age_words, limit_text
from gcms_tui.core.identifier import Relation
from gcms_tui.core.verdict import Verdict

_BUILT = frozenset({"model", "snapshot", "seed"})
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Ancestry:
    """What a payroll's tables are made of."""

    sources: tuple[Relation, ...]
    """Each once, in the order of dbt's ids."""
    problems: tuple[str, ...] = ()
    """Why not all of them are known: then nothing is proven by those that are."""


@dataclass(frozen=True, slots=True)
class SourceLook:
    """What looking at one of them told."""

    table: str
    conclusion: Conclusion
    loaded_at: datetime | None = None
    query_id: str | None = None

    def document(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "verdict": self.conclusion.verdict.name,
            "words": self.conclusion.summary,
            "loaded_at": self.loaded_at.isoformat() if self.loaded_at else None,
        }


def builds(manifest: Manifest, table: Relation) -> tuple[Node, ...]:
    """The nodes that may build `table`: one, unless the project builds tables of one name in several databases."""
    return tuple(
        node
        for node in manifest.nodes.values()
        if node.resource_type in _BUILT and (found := _relation(node)) is not None and found.may_be(table)
    )


def ancestry(manifest: Manifest, tables: Iterable[Relation]) -> Ancestry:
    """Every source that `tables` descend from, over however many models."""
    found: dict[str, Relation] = {}
    problems: list[str] = []
    for table in tables:
        nodes = builds(manifest, table)
        if not nodes:
            problems.append(f"the manifest has no model that builds {table}")
            continue
        reached, missing = _above(manifest, nodes)
        problems += [f"the manifest does not tell what {name} is, which {table} descends from" for name in missing]
        if not reached and not missing:
            problems.append(f"no source feeds {table} by the manifest: nothing says how old its data is")
        for source in reached:
            if (relation := _relation(source)) is None:
                problems.append(f"the manifest does not say which table {source.unique_id} is")
            else:
                found[source.unique_id] = relation
    return Ancestry(tuple(dict.fromkeys(found[name] for name in sorted(found))), tuple(dict.fromkeys(problems)))


def judge_sources(
    looks: Sequence[SourceLook], problems: Sequence[str], within_h: float, now: datetime
) -> tuple[bool, str]:
    """Whether all of them are young enough, and that in words: a warning does not pass, and neither does what is not
    known."""
    if problems:
        return False, "; ".join(problems)
    if not looks:
        return False, "no source is known that payroll descends from: nothing was looked at"
    stopping = sorted(
        (look for look in looks if look.conclusion.verdict is not Verdict.OK),
        key=lambda look: (-look.conclusion.verdict, look.table),
    )
    limit = limit_text(within_h)
    if stopping:
        said = "; ".join(look.conclusion.summary for look in stopping[:_NAMED])
        more = f"; and {len(stopping) - _NAMED} more" if len(stopping) > _NAMED else ""
        few = f"{len(stopping)} of {counted(len(looks), 'source')}"
        return False, f"{few} not known to be under {limit} old: {said}{more}"
    oldest = min(look.loaded_at for look in looks if look.loaded_at is not None)
    every = "1 source" if len(looks) == 1 else f"all {len(looks)} sources"
    return True, f"{every} loaded within {limit}, the oldest {age_words(now - oldest)} ago"


def not_looked(table: str, title: str, message: str, next_step: str) -> SourceLook:
    """It could not be asked."""
    return SourceLook(table, unknown(f"{table} could not be looked at: {title}: {message}", next_step))


def _above(manifest: Manifest, nodes: Iterable[Node]) -> tuple[list[Node], list[str]]:
    """The sources above `nodes`, and the ids that lead nowhere."""
    known: Mapping[str, Node] = {**manifest.sources, **manifest.nodes}
    waiting = [node.unique_id for node in nodes]
    seen: set[str] = set()
    reached, missing = [], []
    while waiting:
        unique_id = waiting.pop()
        if unique_id in seen:
            continue
        seen.add(unique_id)
        node = known.get(unique_id)
        if node is None:
            missing.append(unique_id)
        elif node.resource_type == "source":
            reached.append(node)
        else:
            waiting += node.depends_on
    return reached, sorted(missing)


def _relation(node: Node) -> Relation | None:
    try:
        return Relation.parse(node.relation_name) if node.relation_name else None
    except ValueError:
        return None
