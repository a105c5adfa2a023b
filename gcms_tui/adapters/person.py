"""Who is asking, by what the operating system knows and nobody can type."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping

from gcms_tui.core.run import Person
from gcms_tui.core.text import printable

_LONGEST = 120


def who_asks(env: Mapping[str, str]) -> Person:
    """The user of this process ($USER and $LOGNAME are not believed), its host, and the other end of its SSH line."""
    uid = os.getuid()
    try:
        user = pwd.getpwuid(uid).pw_name
    except KeyError:
        user = f"uid {uid}"  # a container's user often has no entry
    line = (env.get("SSH_CONNECTION") or env.get("SSH_CLIENT") or "").split()
    return Person(*(printable(text, _LONGEST) for text in (user, socket.gethostname(), *line[:1])))
