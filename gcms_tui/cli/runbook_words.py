"""Procedures as lines for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gcms_tui.cli.output import as_json
from gcms_tui.core.procedures.cadence import BoardLine, Done
from gcms_tui.core.procedures.gates import StepLook
from gcms_tui.core.procedures.run import ProcedureRun
from gcms_tui.core.procedures.step import Gate, Procedure, Step
from gcms_tui.core.text import printable


def procedure_lines(item: Procedure) -> Iterator[str]:
    yield f"{item.title} ({item.section})"
    yield f"  {item.when}" + (f" {item.duration}." if item.duration else "")
    if item.impact:
        yield f"  Impact: {item.impact}"
    for step in item.steps:
        yield ""
        yield from step_lines(item, step)


def step_lines(item: Procedure, step: Step) -> Iterator[str]:
    tags = [step.kind.value, step.access.value.upper(), *([step.gate.value] if step.gate is not Gate.NONE else [])]
    yield f"{item.number(step)} {step.title} [{step.name}] ({step.section}; {', '.join(tags)})"
    yield f"    {step.what}"
    yield f"    expected   {step.expected}" + (f" ({step.duration})" if step.duration else "")
    yield f"    if failed  {step.if_failed}" + (f" -> {step.jump}" if step.jump else "")
    yield f"    by itself  gcms-tui {step.headless}"
    if step.instead:
        yield f"    instead    {step.instead}"


def run_lines(run: ProcedureRun, looks: Sequence[StepLook]) -> Iterator[str]:
    about = f" about {run.about}" if run.about else ""
    yield f"{run.run_id}  {run.procedure}{about} on {printable(run.target)}: {run.state.value}"
    yield f"  opened by {run.opened.person} at {run.opened.at:%Y-%m-%d %H:%M} UTC"
    for item in looks:
        by = f"  ({item.by.person.user}, {item.by.at:%m-%d %H:%M})" if item.by else ""
        mark = item.verdict.name if item.verdict is not None else ""
        gate = " [gate]" if item.step.gate is not Gate.NONE else ""
        yield f"  {item.number} {item.step.name:<14} {item.state.value:<11} {mark:<7} {printable(item.words)}{by}{gate}"
    if run.ended is not None:
        result = f" with {run.verdict.name}" if run.verdict is not None else ""
        yield f"  {run.state.value} by {run.ended.person}{result}: {printable(run.words)}"


def procedure_json(item: Procedure) -> dict[str, Any]:
    return {
        "procedure": item.name,
        "title": item.title,
        "section": item.section,
        "when": item.when,
        "elsewhere": item.elsewhere or None,
        "steps": [
            {
                "number": number,
                "step": step.name,
                "title": step.title,
                "section": step.section,
                "kind": step.kind.value,
                "access": step.access.value,
                "gate": step.gate.value or None,
                "what": step.what,
                "expected": step.expected,
                "if_failed": step.if_failed,
                "jump": step.jump or None,
                "duration": step.duration or None,
                "screen": step.screen,
                "headless": f"gcms-tui {step.headless}",
                "instead": step.instead or None,
            }
            for number, step in enumerate(item.steps, 1)
        ],
    }


def run_json(run: ProcedureRun, looks: Sequence[StepLook], following: Step | None) -> dict[str, Any]:
    return {
        "run": run.run_id,
        "procedure": run.procedure,
        "about": run.about or None,
        "target": run.target,
        "state": run.state.value,
        "verdict": as_json(run.verdict),
        "words": run.words,
        "opened_by": str(run.opened.person),
        "opened_at": as_json(run.opened.at),
        "ended_by": str(run.ended.person) if run.ended else None,
        "ended_at": as_json(run.ended.at) if run.ended else None,
        "next": following.name if following else None,
        "steps": [_look_json(run, item) for item in looks],
    }


def board_json(line: BoardLine) -> dict[str, Any]:
    return {
        "procedure": line.name,
        "state": line.due.value,
        "words": line.words,
        "due_at": as_json(line.due_at),
        "next_at": as_json(line.next_at),
        "last": _done_json(line.last),
        "open": _done_json(line.active),
    }


def _done_json(done: Done | None) -> dict[str, Any] | None:
    if done is None:
        return None
    return {
        "run": done.run_id,
        "by": done.by,
        "opened_at": as_json(done.opened_at),
        "ended_at": as_json(done.ended_at),
        "verdict": as_json(done.verdict),
    }


def _look_json(run: ProcedureRun, item: StepLook) -> dict[str, Any]:
    did = run.did.get(item.step.name)
    return {
        "number": item.number,
        "step": item.step.name,
        "state": item.state.value,
        "verdict": as_json(item.verdict),
        "words": item.words,
        "by": str(item.by.person) if item.by else None,
        "at": as_json(item.by.at) if item.by else None,
        "evidence": list(did.evidence) if did else [],
        "ids": dict(did.ids) if did else {},
    }
