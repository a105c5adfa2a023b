"""What importing alone does not warm: dbt compiles its own serialisers, schemas and macros when it first needs them.

So the warm process rehearses on a project of one model, in a temporary directory that the console has made and removes
when it ends the process, at whatever moment that is; and which the process removes itself when it is done, for the case
that there is no console any more. Nothing is connected to: the profile in it is made up, and the connector refuses
meanwhile.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_FILES = {
    "dbt_project.yml": """
name: rehearsal
version: "1.0.0"
profile: rehearsal
flags: {send_anonymous_usage_stats: false}
models: {rehearsal: {+materialized: table}}
""",
    "profiles.yml": """
rehearsal:
  target: none
  outputs:
    none: {type: snowflake, account: none, user: none, password: none, database: none, schema: none, threads: 1}
""",
    "models/one.sql": "select * from {{ source('landed', 'row') }}",
    "models/models.yml": """
sources:
  - name: landed
    config: {freshness: {warn_after: {count: 1, period: day}}, loaded_at_field: at}
    tables: [{name: row}]
models:
  - name: one
    columns: [{name: id, data_tests: [unique, not_null]}]
""",
}
_PARSE = ("parse",)
_COMPILE = ("compile", "--no-populate-cache", "--no-introspect")
_SCRIPT = (_PARSE, _COMPILE)
"""The second time, what the first has parsed is read back."""


_PREFIX = "gcms-tui-rehearsal-"
_ABANDONED_S = 600


class NotCalm(Exception):
    """The rehearsal has left a thread behind: this process must not be forked."""


def make_stage() -> Path:
    """The directory for one rehearsal. Raises `OSError`."""
    _remove_abandoned()
    return Path(tempfile.mkdtemp(prefix=_PREFIX))


def remove_stage(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)


def rehearse(project: Path) -> None:
    """Raises `NotCalm`; and whatever dbt raises, after which the process is as good as before."""
    from multiprocessing import resource_tracker

    from dbt.adapters.factory import reset_adapters
    from dbt.cli.main import dbtRunner

    directory = str(project)
    try:
        with _unconnected():
            (project / "models").mkdir()
            for name, text in _FILES.items():
                (project / name).write_text(text, encoding="utf-8")
            where = ("--project-dir", directory, "--profiles-dir", directory, "--target-path", f"{directory}/target")
            silent = ("--log-level", "none", "--log-level-file", "none", "--log-path", directory)
            before = _threads()
            for words in _SCRIPT:
                # dbt's static parser starts threads that it goes on counting on; they would be missing in a child.
                dbtRunner().invoke([*silent, "--no-static-parser", *words, *where])
    finally:
        remove_stage(project)
    reset_adapters()  # type: ignore[no-untyped-call]
    gc.collect()
    # dbt's locks have started a process that watches over them; each child has one of its own.
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]
    if _threads() > before:
        raise NotCalm


def _remove_abandoned() -> None:
    """What is left where the console and its warm process were killed together."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            state = path.lstat()
            if state.st_uid == os.getuid() and time.time() - state.st_mtime > _ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)


def _threads() -> int:
    """Those of the libraries too, where the system tells of them."""
    with suppress(OSError):
        return len(os.listdir("/proc/self/task"))
    return threading.active_count()


@contextmanager
def _unconnected() -> Iterator[None]:
    import snowflake.connector

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError("a rehearsal connects to nothing")

    connector: Any = snowflake.connector
    connect = connector.connect
    connector.connect = refuse
    try:
        yield
    finally:
        connector.connect = connect
