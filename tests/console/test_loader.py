"""Work off the loop: when it counts as ended, what is done once more, and who is told of a failure."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from textual.message import Message

from gcms_tui.console.pane import Loader, LoadFailed
from gcms_tui.core.errors import Unavailable


class Receiver:
    """Hears what a loader posts, and whether it was busy then."""

    def __init__(self) -> None:
        self.loader: Any = Loader(self, "test")  # type: ignore[arg-type]
        self.heard: list[tuple[Message, bool]] = []
        self.came = asyncio.Event()

    def post_message(self, message: Message) -> None:
        self.heard.append((message, self.loader.busy))
        self.came.set()

    async def next(self) -> Any:
        await asyncio.wait_for(self.came.wait(), 20)
        self.came.clear()
        return self.heard[-1][0]


def failing() -> Message:
    raise Unavailable("Snowflake does not answer", "No route.", "Look at the line.")


def waiting(gate: threading.Event, work: Callable[[], Message] = Message) -> Callable[[], Message]:
    def work_on() -> Message:
        assert gate.wait(20)
        return work()

    return work_on


async def test_one_runs_at_a_time_and_ends_with_its_answer() -> None:
    receiver, gate = Receiver(), threading.Event()
    loader = receiver.loader
    assert loader.start(waiting(gate)) and loader.busy and not loader.start(Message)
    gate.set()
    await receiver.next()
    assert len(receiver.heard) == 1 and receiver.heard[0][1] is False
    assert loader.start(Message)
    await receiver.next()


async def test_what_is_asked_for_meanwhile_is_to_be_done_once_more() -> None:
    receiver, gate = Receiver(), threading.Event()
    loader = receiver.loader
    assert loader.ask(waiting(gate)) and not loader.asked_again
    assert not loader.ask(Message) and loader.asked_again
    gate.set()
    await receiver.next()
    assert loader.asked_again and loader.ask(Message) and not loader.asked_again
    await receiver.next()


async def test_whoever_asked_by_hand_is_told_of_a_failure_once() -> None:
    receiver = Receiver()
    loader = receiver.loader
    for work, by_hand, told in (
        (failing, True, True),
        (failing, False, False),
        (Message, True, None),
        (failing, False, False),
    ):
        assert loader.start(work, by_hand=by_hand)
        message = await receiver.next()
        assert (message.by_hand if isinstance(message, LoadFailed) else None) is told


@pytest.mark.parametrize("first, told", [(failing, (False, True)), (Message, (None, True))])
async def test_who_asks_by_hand_meanwhile_waits_for_the_one_that_is_done_for_it(
    first: Callable[[], Message], told: tuple[bool | None, bool]
) -> None:
    receiver, gate = Receiver(), threading.Event()
    loader = receiver.loader
    loader.ask(waiting(gate, first))
    loader.ask(failing, by_hand=True)
    gate.set()
    messages = [await receiver.next()]
    assert loader.ask(failing)
    messages.append(await receiver.next())
    assert tuple(one.by_hand if isinstance(one, LoadFailed) else None for one in messages) == told


async def test_what_is_done_once_more_for_nobody_fails_for_nobody() -> None:
    receiver, gate = Receiver(), threading.Event()
    loader = receiver.loader
    loader.ask(waiting(gate), by_hand=True)
    loader.ask(failing)
    gate.set()
    await receiver.next()
    assert loader.ask(failing)
    assert (await receiver.next()).by_hand is False


def test_without_a_loop_it_does_not_count_as_busy() -> None:
    receiver: Any = object()
    loader = Loader(receiver, "test")
    with pytest.raises(RuntimeError):
        loader.start(Message)
    assert not loader.busy
