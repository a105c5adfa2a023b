"""The team's services over a real socket: what reaches them, what they do, and that their addresses reach nobody."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gcms_tui.adapters.notify import AppriseChannels, read_urls
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.notices import Delivery, incident_opened
from gcms_tui.core.secret import Secret
from gcms_tui.core.settings import NotifySettings

TOKEN = "s3cr3tt0k3n"


@dataclass
class Service:
    """Takes what is posted; a path says what it answers."""

    port: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str) -> Secret:
        return Secret(f"json://user:{TOKEN}@127.0.0.1:{self.port}/{path}/{TOKEN}")


@pytest.fixture
def service() -> Iterator[Service]:
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            path = self.path.split("/")[1]
            if path == "hang":
                told.over.wait(30)
            status = {"ok": 200, "refuse": 403, "broken": 500, "moved": 302}.get(path, 200)
            if status == 200:
                told.taken.append(document)
            self.send_response(status, f"{TOKEN} is wrong")
            if status == 302:
                self.send_header("Location", f"http://127.0.0.1:{told.port}/ok")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.02}).start()
    yield told
    told.over.set()
    server.shutdown()
    server.server_close()


def test_each_channel_is_sent_to_by_itself_and_tells_what_became_of_it(
    service: Service, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    urls = [
        service.url("ok"),
        service.url("refuse"),
        service.url("broken"),
        service.url("moved"),
        Secret(f"json://127.0.0.1:1/{TOKEN}"),
        Secret(f"nosuchservice://{TOKEN}"),
        Secret(TOKEN),
        Secret("json://"),
        service.url("ok"),
    ]
    with caplog.at_level(logging.DEBUG):
        told = AppriseChannels(urls).send("a title", "a\nbody")
    unknown = "its URL is of no service that is known, or is not whole"
    assert told == (
        Delivery("1 JSON", True),
        Delivery("2 JSON", False, "it refused with status 403"),
        Delivery("3 JSON", False, "it refused with status 500"),
        Delivery("4 JSON", False, "it refused with status 302"),
        Delivery("5 JSON", False, "it could not be reached, or refused"),
        Delivery("channel 6", False, unknown),
        Delivery("channel 7", False, unknown),
        Delivery("channel 8", False, unknown),
        Delivery("9 JSON", True),
    )
    assert [(item["title"], item["message"]) for item in service.taken] == [("a title", "a\nbody")] * 2
    out, err = capfd.readouterr()
    for said in (repr(told), out, err, repr([record for record in caplog.records if record.name == "apprise"])):
        assert TOKEN not in said and "127.0.0.1" not in said
    assert TOKEN not in repr(vars(AppriseChannels(urls)))


def test_a_service_that_hangs_is_left_alone_after_the_limit(service: Service) -> None:
    began = time.monotonic()
    told = AppriseChannels([service.url("hang"), service.url("ok")], limit_s=3).send("t", "b")
    assert [item.sent for item in told] == [False, True]
    assert told[0].why == "no answer within 3 s"
    assert time.monotonic() - began < 20  # and not the 30 s that it hangs, nor the services' own limits
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("notice"))


def test_text_from_outside_reaches_a_service_as_text(service: Service) -> None:
    hostile = "<!channel> @everyone [x](http://evil) \\n :smile: {{ user }}\r\nBcc: a@b.org \x1b[31m"
    notice = incident_opened("prod", "inc-1", hostile, hostile, "high")
    AppriseChannels([service.url("ok")]).send(notice.title, notice.body)
    (taken,) = service.taken
    assert (taken["title"], taken["message"]) == (notice.title, notice.body)
    assert "\n" not in taken["title"] and len(taken["message"].splitlines()) == 2


def test_what_a_plug_in_raises_is_told_without_its_words(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    import apprise

    def raises(*_: object, **__: object) -> bool:
        raise ValueError(f"cannot use {TOKEN}")

    monkeypatch.setattr(apprise.Apprise, "notify", raises)
    assert AppriseChannels([service.url("ok")]).send("t", "b") == (Delivery("1 JSON", False, "it failed (ValueError)"),)


def test_the_urls_come_out_of_the_environment_or_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "urls"
    file.write_text("# the team\njson://a/1  json://b/2\n\n  # json://c/3\nslack://d\n")
    file.chmod(0o600)
    assert read_urls(NotifySettings(urls_file=file), {}) == (
        Secret("json://a/1"),
        Secret("json://b/2"),
        Secret("slack://d"),
    )
    assert read_urls(NotifySettings(urls_env="URLS"), {"URLS": " json://a/1\njson://b/2 "})[1] == Secret("json://b/2")
    file.chmod(0o640)
    with pytest.raises(ConfigError, match="open to others") as caught:
        read_urls(NotifySettings(urls_file=file), {})
    assert "json://" not in f"{caught.value} {caught.value.next_step}"


@pytest.mark.parametrize(
    ("settings", "env", "says"),
    [
        (NotifySettings(), {}, "names neither"),
        (NotifySettings(urls_env="URLS"), {}, "URLS holds no URL"),
        (NotifySettings(urls_env="URLS"), {"URLS": "  # json://a"}, "URLS holds no URL"),
        (NotifySettings(urls_file=Path("/nonexistent/urls")), {}, "No such file"),
    ],
)
def test_where_there_are_none_that_is_a_wrong_configuration(
    settings: NotifySettings, env: dict[str, str], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        read_urls(settings, env)


def test_apprise_is_imported_by_whoever_sends_and_by_nobody_else() -> None:
    script = (
        "import sys; import gcms_tui.cli.wiring.incidents, gcms_tui.cli.incident_acts, gcms_tui.operations.notices;"
        "from gcms_tui.adapters.notify import AppriseChannels; AppriseChannels([]);"
        "sys.exit('apprise' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
