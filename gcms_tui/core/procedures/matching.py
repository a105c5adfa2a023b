"""Which of the runbook's troubleshooting cards is the one for what is seen of a node, or of how long it takes.

Each card says beside itself what calls for it. What is not known matches none: a card is an answer, not a guess.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gcms_tui.core.dbt_results import FAILED
from gcms_tui.core.procedures.cards import DEV_AGAINST_PROD, NO_SCD2_CHANGE, RELATION_MISSING, SLOW_MODEL
from gcms_tui.core.procedures.step import Procedure
from gcms_tui.core.run_summary import short_name
from gcms_tui.core.run_trend import NodeTrend
from gcms_tui.core.settings import Scd2TableSettings
from gcms_tui.core.target import is_production

_MISSING = re.compile(r"\b002003\b|does\s+not\s+exist\s+or\s+not\s+authori[sz]ed", re.IGNORECASE)
"""Snowflake's words, with which it tells a missing table and a missing grant alike; drivers break lines in them."""
_UNTOUCHED = "SUCCESS 0"
"""dbt-snowflake's message of a merge that neither inserted nor updated a row."""
_TESTS = frozenset({"test", "unit_test"})
_READING = frozenset({"model", "snapshot"}) | _TESTS
"""Nodes that stand on relations which dbt can build."""
_COMPILED = frozenset({"model", "snapshot", "test"})
"""Nodes that have SQL of their own to be looked at."""
_TOLD = 3
"""Of several nodes that call for one card, so many are named."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one node of a run. All of it is text from outside."""

    unique_id: str
    status: str
    message: str = ""
    target: str = ""
    """The run's; empty where it is not known."""
    rebuilt: bool = False
    """With --full-refresh: its message tells of the table, not of what has changed."""


@dataclass(frozen=True, slots=True)
class Match:
    """The card, and what called for it."""

    procedure: str
    """Its name, as it is started."""
    section: str
    title: str
    about: str
    """The node's short name; empty where the card is not about one."""
    why: str

    @property
    def command(self) -> str:
        """What starts it, as it is typed into a shell."""
        about = ("--about", self.about) if self.about else ()
        return shlex.join(("gcms-tui", "runbook", "start", self.procedure, *about))


def versioned_names(tables: Iterable[Scd2TableSettings]) -> frozenset[str]:
    """Names of the configured SCD2 tables, as `match_node` wants them."""
    return frozenset(item.table.name.lower() for item in tables)


def match_node(seen: Seen, versioned: frozenset[str] = frozenset()) -> Match | None:
    """The card for a node. `versioned`: tables of versions beside the snapshots and the models named *_scd2."""
    kind, name = seen.unique_id.partition(".")[0], short_name(seen.unique_id)
    if name == seen.unique_id:
        return None  # a log's description of a node is no name that could be built
    if seen.status in FAILED and kind in _READING and _MISSING.search(seen.message):
        return _match(RELATION_MISSING, name, f"{name} misses a relation, or may not read it")
    if seen.status in FAILED and kind in _TESTS and is_production(seen.target):
        return _match(DEV_AGAINST_PROD, name, f"{name} fails on {seen.target}")
    holds_versions = kind == "snapshot" or (
        kind == "model" and (name.lower().endswith("_scd2") or name.lower() in versioned)
    )
    untouched = seen.status == "success" and seen.message.strip() == _UNTOUCHED and not seen.rebuilt
    if holds_versions and untouched:
        return _match(NO_SCD2_CHANGE, name, f"{name} took no new version")
    return None


def match_trend(node: NodeTrend) -> Match | None:
    """The card for a node that has become slower."""
    name = short_name(node.unique_id)
    if not node.regressed or node.resource_type not in _COMPILED or name == node.unique_id:
        return None
    return _match(SLOW_MODEL, name, f"{name} has become slow")


def gathered(matches: Iterable[Match | None]) -> tuple[Match, ...]:
    """Each card once, about each node that it is about, in the runbook's order; one that many call for names a few."""
    whys: dict[Match, list[str]] = {}
    for match in matches:
        if match is not None:
            whys.setdefault(replace(match, why=""), []).append(match.why)
    made = (replace(match, why=_few(list(dict.fromkeys(said)))) for match, said in whys.items())
    return tuple(sorted(made, key=lambda match: (match.section, match.about)))


def _few(said: list[str]) -> str:
    more = len(said) - _TOLD
    return "; ".join([*said[:_TOLD], *([f"{more} more"] if more > 0 else [])])


def _match(item: Procedure, name: str, why: str) -> Match:
    return Match(item.name, item.section, item.title, name if item.wants_about else "", why)
