"""The places where fakesnow itself is changed. Everything else is done before or after it."""

from __future__ import annotations

from importlib.metadata import version

import fakesnow.transforms
from sqlglot import Expr

PINNED = {"fakesnow": "0.12.1", "duckdb": "2.0.0", "sqlglot": "30.22.0"}


class WrongVersion(RuntimeError):
    """The patches were written against other versions than those installed."""


def require_pinned_versions() -> None:
    for package, expected in PINNED.items():
        if (found := version(package)) != expected:
            raise WrongVersion(f"the sandbox's warehouse needs {package} {expected}, but {found} is installed")


def apply() -> None:
    """Patch fakesnow. Raises WrongVersion rather than run on code it was not written for."""
    require_pinned_versions()
    # SUM, AVG and the like would cast their argument to DOUBLE: money would become a float, bad text a NULL.
    fakesnow.transforms.numeric_agg_implicit_cast = _unchanged


def _unchanged(expression: Expr) -> Expr:
    return expression
