"""The nine steps as rows of their list. Pure."""

from __future__ import annotations

from gcms_tui.console.payroll.words import step_state, step_tint
from gcms_tui.console.steps.step_list import StepRow
from gcms_tui.console.theme import Look
from gcms_tui.core.payroll.gates import StepLook, StepState


def step_row(one: StepLook, look: Look) -> StepRow:
    return StepRow(
        step=one.step,
        key=one.step.value,
        number=one.step.number,
        title=one.step.named,
        state=step_state(one.state, look),
        tint=step_tint(one.state, look.palette),
        by=one.by,
        words=one.words,
        is_open=one.state is StepState.OPEN,
        loud=one.state in (StepState.FAILED, StepState.FALLEN),
    )
