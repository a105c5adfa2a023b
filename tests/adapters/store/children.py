"""What other processes do to a store in tests: `python -m tests.adapters.store.children ADDRESS VERB ...`.

Each says that it is ready, waits for a line, and then does it: so several begin at the same moment.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime

from gcms_tui.adapters.store.opening import Store
from gcms_tui.core.errors import Refused
from tests.adapters.store.address import BO, Address


def _now() -> datetime:
    return datetime.now(UTC)


def append(store: Store, times: str) -> str:
    for number in range(int(times)):
        store.journal.append("k", f"{os.getpid()}-{number}", {"n": number})
    for number in range(5):
        store.journal.append_once("end", f"end {number}", {})
    return "done"


def take(store: Store, name: str) -> str:
    try:
        held = store.leases.take(name, "a test")
    except Refused as error:
        return f"refused {error.guard}"
    return f"took {held.takeover}"


def claim(store: Store, plan_id: str) -> str:
    try:
        store.plans.claim(plan_id, f"write-{os.getpid()}", _now())
    except Refused as error:
        return f"refused {error.guard}"
    return f"claimed write-{os.getpid()}"


VERBS = {"append": append, "take": take, "claim": claim}


def main(address: str, verb: str, *words: str) -> None:
    store = Address.parse(address).open(BO, _now)
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()
    print(VERBS[verb](store, *words), flush=True)  # noqa: T201
    if verb == "take":
        while True:  # whoever holds a lease lives until it is killed
            time.sleep(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
