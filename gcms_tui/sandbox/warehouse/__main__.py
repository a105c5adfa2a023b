"""`python -m gcms_tui.sandbox.warehouse --directory D --port P`: run the warehouse server on 127.0.0.1.

User and password are read from stdin, a line each: arguments and environment can be looked at from outside. Exit
status: 0 after SIGTERM or SIGINT, 69 if the directory or the port is in use, 78 if the login is missing or the
installed packages are not right.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path


def main() -> int:
    arguments = _parser().parse_args()
    user, password = sys.stdin.readline().rstrip("\n"), sys.stdin.readline().rstrip("\n")
    if not user or not password:
        return _refuse("The user and the password are missing: they are read from standard input, a line each.", 78)
    # The connector, whose error classes fakesnow uses, imports pandas if it can: 0.4 s and 40 MB for nothing.
    sys.meta_path.insert(0, _WithoutPandas())
    import duckdb

    from gcms_tui.core.secret import Secret
    from gcms_tui.sandbox.warehouse.fakesnow_patches import WrongVersion
    from gcms_tui.sandbox.warehouse.server import ServerOptions, serve
    from gcms_tui.sandbox.warehouse.storage import DirectoryInUse

    options = ServerOptions(
        directory=arguments.directory,
        port=arguments.port,
        user=user,
        password=Secret(password),
        databases=tuple(arguments.database),
        in_progress_after=arguments.in_progress_after,
        session_idle_seconds=arguments.session_idle_seconds,
        memory_limit=arguments.memory_limit,
    )
    try:
        serve(options)
    except DirectoryInUse as error:
        return _refuse(str(error), 69)
    except duckdb.Error as error:
        return _refuse(f"The databases in {options.directory} cannot be opened: {error}", 69)
    except SystemExit:  # uvicorn's way to say that the port is taken; it has told the log why
        return 69
    except WrongVersion as error:
        return _refuse(str(error), 78)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="gcms_tui.sandbox.warehouse", description="The sandbox's warehouse server.")
    parser.add_argument("--directory", type=Path, required=True, help="holds one <DATABASE>.db file per database")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--database", action="append", default=[], metavar="NAME", help="make this database if it is not there"
    )
    parser.add_argument(
        "--in-progress-after", type=float, default=45.0, metavar="SECONDS",
        help="answer a longer statement with 'in progress'; the client then polls",
    )  # fmt: skip
    parser.add_argument("--session-idle-seconds", type=float, default=14_400.0, metavar="SECONDS")
    parser.add_argument("--memory-limit", default="1GB", help="of DuckDB; beyond it, it spills to the directory")
    return parser


class _WithoutPandas(MetaPathFinder):
    """Makes pandas look as if it were not installed."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not used in this process", name=fullname)


def _refuse(message: str, status: int) -> int:
    sys.stderr.write(message + "\n")
    return status


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # everything is closed; tearing down the interpreter takes longer, and DuckDB complains in it
