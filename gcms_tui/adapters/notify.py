"""The team's services, through apprise: Slack, mail, PagerDuty, webhooks and what else it knows.

Their addresses are secrets: they are read when something is to be sent, and are in no error, log or journal. A channel
is called by its place in the list and its service's name.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gcms_tui.adapters.files import read_text, refuse_if_others_may_read
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.notices import Delivery
from gcms_tui.core.secret import Secret
from gcms_tui.core.settings import NotifySettings

if TYPE_CHECKING:
    from apprise import Apprise

LIMIT_S = 10.0
"""For all channels together, whatever any of them does."""
_STATUS = re.compile(r"\berror=([1-5][0-9]{2})\b")
_ADVICE = "One URL a line, as apprise writes them: slack://…, mailto://…, pagerduty://…, json://…"


def read_urls(settings: NotifySettings, env: Mapping[str, str]) -> tuple[Secret, ...]:
    """One URL a line or between blanks; a line that begins with # is a remark.

    Raises `ConfigError` where none is named, or the variable or file is missing, empty, or open to others.
    """
    if settings.urls_env is not None:
        text, where = env.get(settings.urls_env, ""), f"The environment variable {settings.urls_env}"
    elif settings.urls_file is not None:
        text, where = read_text(settings.urls_file, "the file of the services' URLs"), str(settings.urls_file)
        refuse_if_others_may_read(settings.urls_file)
    else:
        raise ConfigError("Nobody to tell", "[notify] names neither urls_env nor urls_file.", _ADVICE)
    urls = [url for line in text.splitlines() if not line.lstrip().startswith("#") for url in line.split()]
    if not urls:
        raise ConfigError("Nobody to tell", f"{where} holds no URL.", _ADVICE)
    return tuple(map(Secret, urls))


class AppriseChannels:
    """Each channel is a thread of its own, which is left to itself when the time is over."""

    def __init__(self, urls: Sequence[Secret], limit_s: float = LIMIT_S) -> None:
        self._urls = tuple(urls)
        self._limit_s = limit_s

    def send(self, title: str, body: str) -> tuple[Delivery, ...]:
        """In the order of the URLs. Answers within the limit; what has not answered by then counts as not sent."""
        ends = time.monotonic() + self._limit_s
        sending = [_Sending(place, url, title, body) for place, url in enumerate(self._urls, start=1)]
        for one in sending:
            one.start()
        for one in sending:
            one.join(max(ends - time.monotonic(), 0.0))
        return tuple(one.delivery or one.late(self._limit_s) for one in sending)


class _Sending(threading.Thread):
    def __init__(self, place: int, url: Secret, title: str, body: str) -> None:
        super().__init__(name=f"notice {place}", daemon=True)
        self._place = place
        self._url = url
        self._title = title
        self._body = body
        self._channel = f"channel {place}"
        self.delivery: Delivery | None = None

    def run(self) -> None:
        try:
            self.delivery = self._send()
        except Exception as error:  # noqa: BLE001 - a service's plug-in may raise anything, and its words may hold its URL
            self.delivery = Delivery(self._channel, False, f"it failed ({type(error).__name__})")

    def late(self, limit_s: float) -> Delivery:
        return Delivery(self._channel, False, f"no answer within {limit_s:g} s")

    def _send(self) -> Delivery:
        from apprise import NotifyFormat

        _silence()
        services = _services(self._url)
        if services is None:
            return Delivery(self._channel, False, "its URL is of no service that is known, or is not whole")
        self._channel = f"{self._place} {services[0].service_name}"
        heard = _Heard()
        logger = logging.getLogger("apprise")
        logger.addHandler(heard)
        try:
            sent = bool(services.notify(title=self._title, body=self._body, body_format=NotifyFormat.TEXT))
        finally:
            logger.removeHandler(heard)
        return Delivery(self._channel, sent, "" if sent else heard.why)


class _Heard(logging.Handler):
    """The status with which a service refused, out of what this thread's sending logs; nothing else of it, as it may
    name hosts and tokens."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.why = "it could not be reached, or refused"

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread and (status := _STATUS.search(record.getMessage())):
            self.why = f"it refused with status {status[1]}"


def _services(url: Secret) -> Apprise | None:
    from apprise import Apprise, AppriseAsset

    # In this thread and in memory: no pool of its own, no files, no following of a redirect, which would make of the
    # POST a GET that tells nobody anything, and no text taken for an escape, an emoji or a template.
    asset = AppriseAsset(
        app_id="gcms-tui",
        async_mode=False,
        storage_mode="memory",
        service_timeout=0,
        allow_templates=False,
        http_redirects=False,
        interpret_emojis=False,
        interpret_escapes=False,
    )
    services = Apprise(asset=asset)
    return services if services.add(url.reveal()) and len(services) == 1 else None


def _silence() -> None:
    """apprise's own log tells hosts and more to whoever listens to the root."""
    logger = logging.getLogger("apprise")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
