"""Snowflake's HTTP protocol: the routes that the Python connector and dbt use."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import secrets
import threading
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.warehouse import wire
from gcms_tui.sandbox.warehouse.failures import StatementError, as_statement_error, cancelled
from gcms_tui.sandbox.warehouse.history import FAILED, INCIDENT, SUCCESS, Execution
from gcms_tui.sandbox.warehouse.jobs import Job, Jobs
from gcms_tui.sandbox.warehouse.sessions import REQUESTS_KEPT, Session, Sessions, Warehouse

SERVER_VERSION = "9.99.0"
IN_PROGRESS, IN_PROGRESS_ASYNC = "333333", "333334"


class Application:
    """The handlers, and what they act on."""

    def __init__(self, warehouse: Warehouse, jobs: Jobs, user: str, password: Secret, in_progress_after: float) -> None:
        self.warehouse = warehouse
        self.sessions = Sessions()
        self.jobs = jobs
        self._user = user
        self._password = password
        self._in_progress_after = in_progress_after
        self._requests_guard = threading.Lock()

    def asgi(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/healthz", self.health),
                Route("/session/v1/login-request", self.login, methods=["POST"]),
                Route("/session", self.session, methods=["POST"]),
                Route("/session/heartbeat", self.session, methods=["POST"]),
                Route("/queries/v1/query-request", self.query, methods=["POST"]),
                Route("/queries/v1/abort-request", self.abort_request, methods=["POST"]),
                Route("/queries/{query_id}/abort-request", self.abort_query, methods=["POST"]),
                Route("/queries/{query_id}/result", self.query_result),
                Route("/monitoring/queries/{query_id}", self.monitoring),
            ],
            exception_handlers={Exception: _unexpected},
        )

    async def health(self, request: Request) -> Response:
        return JSONResponse(
            {
                "status": "ok",
                "pid": os.getpid(),
                "databases": self.warehouse.storage.databases(),
                "sessions": len(self.sessions.all()),
                "running": len(self.jobs.running()),
            }
        )

    # ---- sessions

    async def login(self, request: Request) -> Response:
        try:
            data = (await _body(request))["data"]
            self._authenticate(str(data.get("LOGIN_NAME", "")), Secret(str(data.get("PASSWORD", ""))))
            session = await run_in_threadpool(self._open_session, request, data)
        except Exception as error:  # noqa: BLE001  a failed login is an answer, never HTTP 500: clients retry that
            return _failure(as_statement_error(error))
        return JSONResponse(
            {
                "data": {
                    "token": session.token,
                    "masterToken": session.master_token,
                    "validityInSeconds": 14_400,
                    "masterValidityInSeconds": 14_400,
                    "sessionId": session.id,
                    "displayUserName": session.user,
                    "serverVersion": SERVER_VERSION,
                    "parameters": _client_parameters(session),
                    "sessionInfo": {
                        "databaseName": session.database,
                        "schemaName": session.schema,
                        "warehouseName": session.warehouse_name,
                        "roleName": session.role,
                    },
                },
                "code": None,
                "message": None,
                "success": True,
            }
        )

    def _authenticate(self, user: str, password: Secret) -> None:
        same_user = secrets.compare_digest(user.upper().encode(), self._user.upper().encode())
        same_password = secrets.compare_digest(password.reveal().encode(), self._password.reveal().encode())
        if not (same_user and same_password):
            raise StatementError(390100, "28000", "Incorrect username or password was specified.")

    def _open_session(self, request: Request, data: dict[str, Any]) -> Session:
        session = Session(
            self.warehouse,
            self._user,
            _identifier(request.query_params.get("databaseName")),
            _identifier(request.query_params.get("schemaName")),
        )
        session.role = _identifier(request.query_params.get("roleName")) or session.role
        session.warehouse_name = _identifier(request.query_params.get("warehouse")) or session.warehouse_name
        for name, value in (data.get("SESSION_PARAMETERS") or {}).items():
            session.set_parameter(name.upper(), value)
        self.sessions.add(session)
        return session

    async def session(self, request: Request) -> Response:
        """Heartbeat, or with `delete` the end of the session."""
        try:
            session = self.sessions.get(_token(request))
        except StatementError as error:
            return _failure(error)
        if request.query_params.get("delete"):
            await run_in_threadpool(self.close_session, session)
        return JSONResponse({"data": None, "code": None, "message": None, "success": True})

    def close_session(self, session: Session) -> None:
        """End the session: cancel its statements, roll back, free its locks."""
        self.sessions.remove(session)
        for job in self.jobs.of_session(session.id):
            job.cancel()
        session.close()

    # ---- statements

    async def query(self, request: Request) -> Response:
        """Run a statement. A request that was sent before attaches to its statement: nothing is ever run twice."""
        try:
            session = self.sessions.get(_token(request))
            if request.client is not None:
                self.sessions.heard(session, (request.client.host, request.client.port))
            body = await _body(request)
            job = self._job(session, request.query_params.get("requestId") or "", body)
        except Exception as error:  # noqa: BLE001  on the query path every failure is an answer, never HTTP 500
            return _failure(as_statement_error(error))
        if body.get("asyncExec"):
            return _in_progress(job, IN_PROGRESS_ASYNC)
        return await self._answer(job)

    def _job(self, session: Session, request_id: str, body: dict[str, Any]) -> Job:
        with self._requests_guard:
            job = session.requests.get(request_id) if request_id else None
            if job is None:
                job = Job(session, request_id, body)
                if request_id:
                    session.requests[request_id] = job
                    while len(session.requests) > REQUESTS_KEPT:
                        session.requests.popitem(last=False)
                self.jobs.start(job)
        return job

    async def query_result(self, request: Request) -> Response:
        try:
            self.sessions.get(_token(request))
            query_id = request.path_params["query_id"]
            job = self.jobs.get(query_id)
            if job is None:
                raise StatementError(709, "02000", f"Statement {query_id} not found")
        except StatementError as error:
            return _failure(error)
        return await self._answer(job)

    async def _answer(self, job: Job) -> Response:
        await asyncio.wait([asyncio.wrap_future(job.ended)], timeout=self._in_progress_after)
        if not job.done:
            return _in_progress(job, IN_PROGRESS)
        try:
            answer = job.result()
        except StatementError as error:
            return _failure(error, job.query_id)
        envelope = {"data": answer.data, "code": None, "message": None, "success": True}
        if answer.rowset is None:
            return JSONResponse(envelope)
        pieces = wire.stream_with_rowset(envelope, answer.rowset)
        if answer.rowset.size <= wire.SLICE:
            return Response(b"".join(pieces), media_type="application/json")
        return StreamingResponse(pieces, media_type="application/json")

    async def abort_request(self, request: Request) -> Response:
        """Cancel by the request id that the statement came with."""
        try:
            session = self.sessions.get(_token(request))
            job = session.requests.get(str((await _body(request)).get("requestId", "")))
        except StatementError as error:
            return _failure(error)
        return _aborted(job)

    async def abort_query(self, request: Request) -> Response:
        try:
            self.sessions.get(_token(request))
        except StatementError as error:
            return _failure(error)
        return _aborted(self.jobs.get(request.path_params["query_id"]))

    async def monitoring(self, request: Request) -> Response:
        """The status of one statement, running or ended, of this server or an earlier one."""
        try:
            self.sessions.get(_token(request))
        except StatementError as error:
            return _failure(error)
        execution = self.warehouse.history.get(request.path_params["query_id"])
        queries = [] if execution is None else [_status(execution)]
        return JSONResponse({"data": {"queries": queries}, "code": None, "message": None, "success": True})


def _client_parameters(session: Session) -> list[dict[str, Any]]:
    """What clients take over at login."""
    return [
        {"name": "AUTOCOMMIT", "value": session.parameters.flag("AUTOCOMMIT")},
        {"name": "TIMEZONE", "value": session.parameters.text("TIMEZONE")},
        {"name": "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "value": 3600},
        {"name": "CLIENT_TELEMETRY_ENABLED", "value": False},
        # 0 makes clients send an array binding in the request, rather than stage it in a file
        {"name": "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "value": 0},
    ]


def _status(execution: Execution) -> dict[str, Any]:
    failed = execution.execution_status in (FAILED, INCIDENT)
    return {
        "id": execution.query_id,
        "status": "SUCCESS" if execution.execution_status == SUCCESS else execution.execution_status,
        "state": execution.execution_status,
        "errorCode": execution.error_code if failed else None,
        "errorMessage": execution.error_message if failed else None,
        "sessionId": execution.session_id,
        "sqlText": execution.query_text,
        "startTime": execution.start_time,
        "endTime": execution.end_time,
    }


def _in_progress(job: Job, code: str) -> Response:
    data = {
        "queryId": job.query_id,
        "getResultUrl": f"/queries/{job.query_id}/result",
        "queryAbortsAfterSecs": 300,
    }
    return JSONResponse({"data": data, "code": code, "message": "Query execution in progress.", "success": True})


def _aborted(job: Job | None) -> Response:
    if job is None or not job.cancel(cancelled()):
        return _failure(StatementError(605, "57014", "Identified SQL statement is not currently executing."))
    return JSONResponse({"data": None, "code": None, "message": None, "success": True})


def _failure(error: StatementError, query_id: str | None = None) -> Response:
    data = {"errorCode": error.code_text, "sqlState": error.sql_state, "queryId": query_id}
    return JSONResponse({"data": data, "code": error.code_text, "message": error.message, "success": False})


async def _unexpected(request: Request, error: Exception) -> Response:
    return _failure(as_statement_error(error))


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        raw = gzip.decompress(raw)
    body: dict[str, Any] = json.loads(raw or b"{}")
    return body


def _token(request: Request) -> str:
    """From `Authorization: Snowflake Token="..."`."""
    return request.headers.get("Authorization", "").removeprefix('Snowflake Token="').removesuffix('"')


def _identifier(name: str | None) -> str | None:
    if not name:
        return None
    return name[1:-1] if name.startswith('"') and name.endswith('"') else name.upper()
