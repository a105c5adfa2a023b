"""Jobs: a statement on its way, from the request to the kept answer. Each runs in a thread of its own."""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from gcms_tui.sandbox.warehouse.failures import StatementError, as_statement_error, cancelled, result_gone, timed_out
from gcms_tui.sandbox.warehouse.history import FAILED, SUCCESS, TEXT_KEPT, Execution, utc_text
from gcms_tui.sandbox.warehouse.parameters import ParameterValue, typed_value
from gcms_tui.sandbox.warehouse.sessions import Session

NO_TIMEOUT = 172_800
"""Snowflake's own limit; a statement that may run that long needs no watch."""


@dataclass(frozen=True)
class Answer:
    """A statement's result, encoded as it goes over the wire."""

    data: dict[str, Any]
    """The protocol's `data`, without the rowset if that is Arrow."""
    rowset: pa.Buffer | None
    total: int
    query_type: str = "UNKNOWN"


class Job:
    """One statement, from its arrival to its kept answer. `ended` is done once there is an answer or a failure."""

    def __init__(self, session: Session, request_id: str, body: dict[str, Any]) -> None:
        self.query_id = str(uuid.uuid4())
        self.session = session
        self.request_id = request_id
        if not isinstance(body, dict) or not isinstance(body.get("sqlText"), str):
            raise StatementError(390400, "22000", "The request holds no statement.")
        self.sql: str = body["sqlText"]
        self.bindings: dict[str, Any] = body.get("bindings") or {}
        self.describe_only = bool(body.get("describeOnly"))
        self.parameters: dict[str, ParameterValue] = {
            name.upper(): typed_value(name, value) for name, value in (body.get("parameters") or {}).items()
        }
        self.ended: Future[None] = Future()
        self.ended.set_running_or_notify_cancel()
        self.failure: StatementError | None = None
        self._answer: Answer | None = None
        self._stop = threading.Event()
        self._stop_reason: StatementError | None = None
        self._stop_guard = threading.Lock()
        self.execution = Execution(
            query_id=self.query_id, query_text=self.sql[:TEXT_KEPT], query_tag=str(self.parameter("QUERY_TAG")),
            query_type="UNKNOWN", session_id=session.id, user_name=session.user, role_name=session.role,
            warehouse_name=session.warehouse_name, database_name=session.database, schema_name=session.schema,
            start_time=utc_text(), request_id=request_id,
        )  # fmt: skip

    def parameter(self, name: str) -> ParameterValue:
        """A session parameter, or this statement's own value of it."""
        return self.parameters[name] if name in self.parameters else self.session.parameters.get(name)

    @property
    def done(self) -> bool:
        return self.ended.done()

    def result(self) -> Answer:
        """The answer of a job that has ended. Raises StatementError: the job's own, or that its result is gone."""
        if self.failure is not None:
            raise self.failure
        if self._answer is None:
            raise result_gone(self.query_id)
        return self._answer

    def result_bytes(self) -> int:
        """Memory that the kept rows take; 0 if there are none."""
        return self._answer.rowset.size if self._answer is not None and self._answer.rowset is not None else 0

    def forget_rows(self) -> None:
        self._answer = None

    # ---- cancelling

    def cancel(self, reason: StatementError | None = None) -> bool:
        """Stop the statement, waiting or running. False if it has ended already."""
        with self._stop_guard:
            if self.done:
                return False
            if self._stop_reason is None:
                self._stop_reason = reason or cancelled()
                self._stop.set()
                threading.Thread(target=self._interrupt_until_done, name=f"cancel-{self.query_id}", daemon=True).start()
        return True

    def _interrupt_until_done(self) -> None:
        """An interrupt between two steps of a statement would be lost, so it is repeated."""
        while not self.done:
            self.session.interrupt(self)
            time.sleep(0.02)

    def check_cancelled(self) -> None:
        if self._stop_reason is not None:
            raise self._stop_reason

    def wait_or_cancelled(self, seconds: float) -> None:
        """Sleep; a cancel ends it with the cancel's error."""
        self._stop.wait(seconds)
        self.check_cancelled()

    # ---- running

    def run(self, work: Callable[[Job], Answer]) -> None:
        """Do the work in the session's turn, within the statement's timeout, and record how it ended."""
        timer = self._timer()
        answer: Answer | None = None
        failure: StatementError | None = None
        try:
            with self.session.turn(self):
                self.execution = replace(self.execution, transaction_id=self.session.transaction.id)
                answer = work(self)
        except Exception as error:  # noqa: BLE001  whatever it is, the client gets it as an error of its statement
            failure = self._stop_reason or as_statement_error(error)
        finally:
            if timer is not None:
                timer.cancel()
        self._answer, self.failure = answer, failure
        self.sql, self.bindings = "", {}  # the job is kept for its answer only
        try:
            self._record_end(answer, failure)
        finally:
            self.ended.set_result(None)  # whatever happens, its client must not wait for ever

    def _timer(self) -> threading.Timer | None:
        limit = int(self.parameter("STATEMENT_TIMEOUT_IN_SECONDS"))
        if not 0 < limit < NO_TIMEOUT:
            return None
        timer = threading.Timer(limit, self.cancel, [timed_out(limit)])
        timer.daemon = True
        timer.start()
        return timer

    def _record_end(self, answer: Answer | None, failure: StatementError | None) -> None:
        execution = replace(self.execution, end_time=utc_text())
        if failure is not None:
            execution = replace(
                execution, execution_status=FAILED, error_code=failure.code_text, error_message=failure.message
            )
        elif answer is not None:
            execution = replace(
                execution, execution_status=SUCCESS, rows_produced=answer.total, query_type=answer.query_type
            )
        self.execution = execution
        self.session.warehouse.history.record(execution)


class Jobs:
    """All jobs that can still be asked for, by query id. Rows are kept up to a number of bytes, oldest out first."""

    def __init__(self, work: Callable[[Job], Answer], keep_bytes: int, keep_jobs: int = 5_000) -> None:
        self._work = work
        self._keep_bytes = keep_bytes
        self._keep_jobs = keep_jobs
        self._guard = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._with_rows: deque[Job] = deque()
        self._bytes = 0

    def start(self, job: Job) -> None:
        with self._guard:
            self._jobs[job.query_id] = job
        job.ended.add_done_callback(lambda _: self._keep(job))
        # Before anybody is told the query id: who knows it must find it, whatever is killed meanwhile.
        job.session.warehouse.history.record(job.execution)
        threading.Thread(target=job.run, args=[self._work], name=f"job-{job.query_id}", daemon=True).start()

    def get(self, query_id: str) -> Job | None:
        with self._guard:
            return self._jobs.get(query_id)

    def running(self) -> list[Job]:
        with self._guard:
            return [job for job in self._jobs.values() if not job.done]

    def of_session(self, session_id: int) -> list[Job]:
        return [job for job in self.running() if job.session.id == session_id]

    def _keep(self, job: Job) -> None:
        """Make room: the newest result stays, however large."""
        with self._guard:
            if job.result_bytes():
                self._with_rows.append(job)
                self._bytes += job.result_bytes()
            while self._bytes > self._keep_bytes and len(self._with_rows) > 1:
                oldest = self._with_rows.popleft()
                self._bytes -= oldest.result_bytes()
                oldest.forget_rows()
            while len(self._jobs) > self._keep_jobs:
                oldest = next(iter(self._jobs.values()))
                if not oldest.done:
                    break
                del self._jobs[oldest.query_id]
