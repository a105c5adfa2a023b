"""A link to the warehouse that takes its time: a proxy that holds back every statement."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from gcms_tui.core.query import Answer, Statement
from gcms_tui.operations.ports import Warehouse


class PlayedBack:
    """A warehouse that answers what `warehouse` answered the first time, each statement after `delay_s`."""

    def __init__(self, warehouse: Warehouse, delay_s: float) -> None:
        self._warehouse = warehouse
        self._delay_s = delay_s
        self._answers: dict[Statement, Answer] = {}

    def read(self, statement: Statement) -> Answer:
        if statement not in self._answers:
            self._answers[statement] = self._warehouse.read(statement)
        time.sleep(self._delay_s)
        return self._answers[statement]

    def close(self) -> None:
        self._warehouse.close()


class SlowLink:
    """Forwards 127.0.0.1:`port` to `target_port`; a request that carries a statement waits `delay_s` first."""

    def __init__(self, target_port: int, delay_s: float) -> None:
        self.port = 0
        self.statements = 0
        self._target_port = target_port
        self._delay_s = delay_s
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        for task in (tasks := asyncio.all_tasks(self._loop)):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        with suppress(asyncio.CancelledError):  # the link is closed under an open connection
            await asyncio.gather(self._pass_on(reader, far_writer, slow=True), self._pass_on(far_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool = False) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                if slow and b"/queries/v1/query-request" in data:
                    self.statements += 1
                    await asyncio.sleep(self._delay_s)
                writer.write(data)
                await writer.drain()
        writer.close()
