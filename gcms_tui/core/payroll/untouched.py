"""Whether the files of a payroll run are those that were exported."""

from __future__ import annotations

from collections.abc import Iterable

from gcms_tui.core.payroll.files import FileSeen
from gcms_tui.core.payroll.run import Exported

HASH_FILE = ".sha256"
"""How the name of a file ends that holds the hash of the CSV, as `sha256sum --check` reads it."""


def differences(exported: Exported, seen: Iterable[FileSeen]) -> tuple[str, ...]:
    """Each file that is changed, missing or not one of them, in words that begin with its name; empty where every one
    is what was written."""
    wanted = {**exported.files, exported.file: exported.sha256}
    found = {file.path.name: file.sha256 for file in seen}
    if not found:
        return (f"{exported.file} is missing, and all that was written with it",)
    changed = [f"{name} was changed" for name in wanted if name in found and found[name] != wanted[name]]
    missing = [f"{name} is missing" for name in wanted if name not in found]
    extra = [f"{name} was not exported" for name in sorted(found) if name not in wanted]
    if not changed and exported.manifest not in wanted.values():
        missing.append("the manifest that is signed is not among the files")
    return (*changed, *missing, *extra)


def hash_file_says(content: bytes, exported: Exported) -> bool:
    """Whether a `.sha256` file gives the CSV the hash that is signed, and no file another one than it has."""
    wanted = {**exported.files, exported.file: exported.sha256}
    try:
        lines = content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return False
    said = [(name.lstrip(" *"), digest) for digest, _, name in (line.partition(" ") for line in lines)]
    return exported.file in dict(said) and all(wanted.get(name) == digest for name, digest in said)
