"""A procedure's steps as rows of their list. Pure."""

from __future__ import annotations

from gcms_tui.console.runbook.words import step_state, step_tint
from gcms_tui.console.steps.step_list import StepRow
from gcms_tui.console.theme import Look
from gcms_tui.core.procedures.gates import StepLook, StepState


def step_row(one: StepLook, look: Look) -> StepRow:
    return StepRow(
        step=one.step,
        key=one.step.name,
        number=one.number,
        title=one.step.title,
        state=step_state(one.state, look),
        tint=step_tint(one.state, look.palette),
        by=one.by,
        words=one.words,
        kind=one.step.kind.value,
        is_open=one.state is StepState.OPEN,
        loud=one.state in (StepState.FAILED, StepState.FALLEN),
    )
