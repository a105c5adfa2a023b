"""What costs little to define behaves as the standard library's frozen dataclass does."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from gcms_tui.core.frozen import frozen


@frozen
class Ours:
    table: str
    rows: int = 0
    notes: tuple[str, ...] = ()
    known: dict[str, int] = field(default_factory=dict)
    read_by: str = field(default="nobody", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Theirs:
    table: str
    rows: int = 0
    notes: tuple[str, ...] = ()
    known: dict[str, int] = field(default_factory=dict)
    read_by: str = field(default="nobody", compare=False, repr=False)


BOTH = pytest.mark.parametrize("kind", [Ours, Theirs])


@BOTH
def test_it_is_made_by_place_by_name_and_by_default(kind: Any) -> None:
    assert kind("fct", 3) == kind(table="fct", rows=3) == replace(kind("fct"), rows=3) != kind("fct", 4)
    assert [getattr(kind("fct"), one.name) for one in fields(kind)] == ["fct", 0, (), {}, "nobody"]
    assert kind("fct").known is not kind("fct").known
    assert repr(kind("fct", 3)) == f"{kind.__name__}(table='fct', rows=3, notes=(), known={{}})"


@BOTH
def test_it_is_equal_to_its_own_kind_by_what_is_compared(kind: Any) -> None:
    assert kind("fct", read_by="anna") == kind("fct")
    assert kind("fct") != ("fct", 0, (), {}, "nobody")
    with pytest.raises(TypeError, match="unhashable"):
        hash(kind("fct"))
    assert hash(replace(kind("fct"), known=())) == hash(replace(kind("fct"), known=(), read_by="anna"))


@BOTH
def test_it_never_changes(kind: Any) -> None:
    made = kind("fct")
    for change in (lambda: setattr(made, "rows", 4), lambda: delattr(made, "rows")):
        with pytest.raises(FrozenInstanceError):
            change()  # type: ignore[no-untyped-call]
    with pytest.raises((FrozenInstanceError, TypeError)):
        made.unknown = 1
    assert made == kind("fct") and not hasattr(made, "__dict__")


def test_what_it_would_not_honour_is_refused_as_the_class_is_made() -> None:
    class Checked:
        rows: int = 0

        def __post_init__(self) -> None: ...

    class Hidden:
        amount: str = ""

        def __repr__(self) -> str:
            return "an amount"

    class Later:
        rows: int = field(default=0, init=False)

    class ByName:
        rows: int = field(default=0, kw_only=True)

    class Hashed:
        rows: int = field(default=0, hash=False)

    for kind in (Checked, Hidden, Later, ByName, Hashed):
        with pytest.raises(TypeError, match=f"{kind.__name__} asks for more"):
            frozen(kind)


@BOTH
def test_it_is_copied_and_pickled(kind: Any) -> None:
    made = kind("fct", 3, known={"a": 1}, read_by="anna")
    for copied in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert copied == made and copied.read_by == "anna"
    assert copy.deepcopy(made).known is not made.known


@BOTH
@pytest.mark.parametrize(
    "wrong", [((), {}), (("fct",), {"table": "dim"}), (("a", 1, (), {}, "b", 2), {}), (("a",), {"x": 1})]
)
def test_what_does_not_fit_is_refused(kind: Any, wrong: tuple[tuple[Any, ...], dict[str, Any]]) -> None:
    places, names = wrong
    with pytest.raises(TypeError):
        kind(*places, **names)
