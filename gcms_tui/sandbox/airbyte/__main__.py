"""`python -m gcms_tui.sandbox.airbyte --port P --jobs FILE --made-at T --last-sync T --stalled-sync T`

The secrets come on stdin, a JSON object: client_id, client_secret, postgres (the DSN) and snowflake (the connector's
arguments). /healthz answers with the process' own pid, as the warehouse's does.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from gcms_tui.core.secret import Secret
from gcms_tui.sandbox.airbyte.api import Api, Reply, problem
from gcms_tui.sandbox.airbyte.connections import past_jobs
from gcms_tui.sandbox.airbyte.jobs import JobBook
from gcms_tui.sandbox.processes import LOOPBACK

_LARGEST = 64 * 1024


def handler(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/healthz":
                return self._send(Reply(200, {"pid": os.getpid()}))
            self._answer({})

        do_DELETE = do_GET

        def do_POST(self) -> None:
            announced = self.headers.get("Content-Length") or "0"
            length = int(announced) if announced.isdecimal() else _LARGEST + 1
            if length > _LARGEST:
                self.close_connection = True  # what is not read would be taken for the next request
                return self._send(problem(413, "Too large", "No request of this API is so large."))
            try:
                body = json.loads(self.rfile.read(length) or b"{}")
            except ValueError:
                return self._send(problem(400, "Bad request", "The body is no JSON."))
            self._answer(body if isinstance(body, dict) else {})

        def _answer(self, body: dict[str, Any]) -> None:
            self._send(api.answer(self.command, self.path, self.headers.get("Authorization") or "", body))

        def _send(self, reply: Reply) -> None:
            content = json.dumps(reply.body).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--jobs", type=Path, required=True)
    for name in ("--made-at", "--last-sync", "--stalled-sync"):
        parser.add_argument(name, type=datetime.fromisoformat, required=True)
    options = parser.parse_args(arguments)
    given = json.load(sys.stdin)

    def sync(*asked: Any) -> int:
        # Imported by the first sync: the drivers take longer to import than the server to start.
        from gcms_tui.sandbox.airbyte.copying import Copying

        return Copying(given["postgres"], given["snowflake"]).sync(*asked)

    book = JobBook(options.jobs, sync)
    book.tell(past_jobs(options.last_sync, options.stalled_sync))
    api = Api(book, given["client_id"], Secret(given["client_secret"]), options.made_at)
    ThreadingHTTPServer((LOOPBACK, options.port), handler(api)).serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
