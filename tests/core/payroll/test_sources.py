"""Which sources a payroll descends from by the manifest, and whether their ages let it go on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from gcms_tui.core.conclusion import Conclusion, unknown
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.sources import SourceLook, ancestry, builds, judge_sources
from gcms_tui.core.verdict import Verdict
from tests.operations.memory import HOUR, NOW

FACT, DIMENSION = Relation("GOLD", "FCT"), Relation("GOLD", "DIM")


def node(unique_id: str, relation: str | None = None, *above: str) -> Node:
    kind, _, name, *_ = unique_id.split(".")
    return Node(unique_id, kind, name, name, ("gcms", name), relation_name=relation, depends_on=above)


MANIFEST = Manifest(
    "manifest.json",
    "v12",
    {
        item.unique_id: item
        for item in (
            node("model.gcms.fct", "db.gold.fct", "model.gcms.mid", "snapshot.gcms.snap"),
            node("model.gcms.mid", None, "model.gcms.low", "source.gcms.raw.a"),  # ephemeral
            node("model.gcms.low", "db.bronze.low", "source.gcms.raw.a", "source.gcms.raw.b", "model.gcms.mid"),
            node("snapshot.gcms.snap", "db.bronze.snap", "source.gcms.raw.c"),
            node("model.gcms.dim", '"DB"."GOLD"."DIM"', "source.gcms.raw.b"),
            node("model.gcms.elsewhere", "db.silver.fct", "source.gcms.raw.never"),
            node("test.gcms.fct", "db.gold.fct", "source.gcms.raw.never"),
        )
    },
    sources={
        f"source.gcms.raw.{name}": Node(f"source.gcms.raw.{name}", "source", name, name, relation_name=f"db.raw.{name}")
        for name in ("a", "b", "c", "never")
    },
)


def test_every_source_above_every_table_is_found_once_over_ephemerals_snapshots_and_circles() -> None:
    found = ancestry(MANIFEST, (FACT, DIMENSION))
    assert [str(source) for source in found.sources] == ["db.raw.a", "db.raw.b", "db.raw.c"]
    assert found.problems == ()
    assert [item.unique_id for item in builds(MANIFEST, Relation("gold", "fct"))] == ["model.gcms.fct"]


def without(*names: str, **changed: Node) -> Manifest:
    nodes = {**MANIFEST.nodes, **{item.unique_id: item for item in changed.values()}}
    return replace(MANIFEST, nodes=_left(nodes, names), sources=_left(MANIFEST.sources, names))


def _left(items: Mapping[str, Node], names: Collection[str]) -> dict[str, Node]:
    return {name: item for name, item in items.items() if name not in names}


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (without("model.gcms.dim"), "no model that builds gold.dim"),
        (without("model.gcms.low"), "does not tell what model.gcms.low is"),
        (without("source.gcms.raw.c"), "does not tell what source.gcms.raw.c is"),
        (without(dim=node("model.gcms.dim", "db.gold.dim")), "no source feeds gold.dim"),
        (
            without(dim=node("model.gcms.dim", "db.gold.dim", "seed.gcms.s"), seed=node("seed.gcms.s")),
            "no source feeds",
        ),
        (
            replace(MANIFEST, sources={**MANIFEST.sources, "source.gcms.raw.b": node("source.gcms.raw.b", "a.b.c.d")}),
            "does not say which table source.gcms.raw.b is",
        ),
        (Manifest("manifest.json", "v12", {}), "no model that builds"),
    ],
)
def test_what_the_manifest_does_not_tell_is_a_problem(manifest: Manifest, said: str) -> None:
    assert said in "; ".join(ancestry(manifest, (FACT, DIMENSION)).problems)


def look(name: str, verdict: Verdict, age: timedelta = HOUR) -> SourceLook:
    if verdict is Verdict.UNKNOWN:
        return SourceLook(name, unknown(f"{name} is empty", ""))
    return SourceLook(name, Conclusion(verdict, f"{name} is loaded"), NOW - age)


def test_all_fresh_passes_and_names_the_oldest() -> None:
    looks = [look("a", Verdict.OK), look("b", Verdict.OK, 5 * HOUR)]
    assert judge_sources(looks, (), 24, NOW) == (True, "all 2 sources loaded within 24 h, the oldest 5 h ago")
    assert judge_sources(looks, ("the manifest lacks one",), 24, NOW) == (False, "the manifest lacks one")
    assert judge_sources((), (), 24, NOW)[0] is False


@pytest.mark.parametrize("verdict", [Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN])
def test_one_that_is_anything_but_ok_stops_it_the_unknown_named_first(verdict: Verdict) -> None:
    looks = [look("fresh", Verdict.OK), look("stopping", verdict), look("stale", Verdict.FAIL)]
    passed, words = judge_sources(looks, (), 24, NOW)
    assert not passed
    assert words.startswith("2 of 3 sources not known to be under 24 h old: ")
    assert "stopping" in words
    assert "fresh" not in words
    assert judge_sources([look("a", verdict)] * 5, (), 24, NOW)[1].endswith("; and 2 more")
