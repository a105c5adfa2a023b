"""What dbt itself makes of profiles: run as a child, once for many cases, because dbt is slow and keeps global state.

    python dbt_oracle.py < cases.json > answers.json

A case: {"project": DIR, "profiles_dir": DIR or null, "target": NAME or null, "env": {…}}. An answer: the connector's
arguments as dbt would pass them, or {"error": TEXT}. A private key is answered as the hex of its DER.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any


def answer(case: dict[str, Any]) -> dict[str, Any]:
    from dbt.cli.resolvers import default_profiles_dir
    from dbt.config.profile import Profile, read_profile
    from dbt.config.project import PartialProject
    from dbt.config.renderer import ProfileRenderer
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context

    os.chdir(case["project"])
    env = {**os.environ, **case["env"]}
    set_invocation_context(env)
    profiles_dir = case["profiles_dir"] or env.get("DBT_PROFILES_DIR") or str(default_profiles_dir())
    set_from_args(argparse.Namespace(PROFILES_DIR=profiles_dir, WARN_ERROR=False), {})
    renderer = ProfileRenderer({})
    name = str(PartialProject.from_project_root(case["project"]).render_profile_name(renderer))
    profile = Profile.from_raw_profiles(read_profile(profiles_dir), name, renderer, case["target"])
    credentials: Any = profile.credentials
    arguments = credentials.auth_args()
    if arguments.get("private_key"):
        arguments["private_key"] = arguments["private_key"].hex()
    named = {key: getattr(credentials, key) for key in ("account", "database", "schema", "warehouse", "role")}
    return {"target": profile.target_name, **named, **arguments}


def main() -> None:
    answers = []
    out = sys.stdout
    sys.stdout = sys.stderr
    for case in json.load(sys.stdin):
        try:
            answers.append(answer(case))
        except Exception as error:  # noqa: BLE001 - whatever dbt raises is its answer
            answers.append({"error": f"{type(error).__name__}: {error}"})
    json.dump(answers, out)


if __name__ == "__main__":
    sys.path = [entry for entry in sys.path if Path(entry) != Path(__file__).parent]
    main()
