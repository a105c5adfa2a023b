"""Frozen dataclasses that cost little to define: what a start imports before its first picture is made of them.

The standard library compiles six methods for each class, which takes half a millisecond of processor time. These share
theirs, and take a few microseconds more to be made, compared and hashed: for what is made by the thousand,
`dataclass(frozen=True)` is the right one.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")

_NOT_ITS_OWN = {
    "__init__",
    "__post_init__",
    "__repr__",
    "__eq__",
    "__hash__",
    "__setattr__",
    "__delattr__",
    "__reduce__",
}


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make a dataclass of `cls`, with slots: equal and hashed by its fields, which never change.

    Raises `TypeError` for a class that has a method of its own that this makes, or a `__post_init__`; and for a field
    that asks for more than a default, or not to be compared or shown.
    """
    own = _NOT_ITS_OWN & vars(cls).keys()
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    made.__every__ = fields(made)
    if own or any(not one.init or one.kw_only or one.hash is not None for one in made.__every__):
        raise TypeError(f"{cls.__name__} asks for more than this does: {', '.join(sorted(own)) or 'see its fields'}")
    made.__init__, made.__repr__, made.__eq__, made.__hash__ = _init, _repr, _eq, _hash
    made.__setattr__ = made.__delattr__ = _refuse
    made.__reduce__ = _reduce
    return made  # type: ignore[no-any-return]


def _init(self: Any, *args: Any, **given: Any) -> None:
    every = self.__every__
    placed = {one.name: value for one, value in zip(every, args, strict=False)}
    if len(args) > len(every) or placed.keys() & given.keys():
        raise TypeError(f"{type(self).__name__} has no place for so many values")
    given |= placed
    for one in every:
        object.__setattr__(self, one.name, given.pop(one.name) if one.name in given else _default(self, one))
    if given:
        raise TypeError(f"{type(self).__name__} has no field {', '.join(given)}")


def _default(self: Any, one: Field[Any]) -> Any:
    if one.default is not MISSING:
        return one.default
    if one.default_factory is not MISSING:
        return one.default_factory()
    raise TypeError(f"{type(self).__name__} needs a value for {one.name}")


def _values(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, one.name) for one in self.__every__ if one.compare])


def _repr(self: Any) -> str:
    said = (f"{one.name}={getattr(self, one.name)!r}" for one in self.__every__ if one.repr)
    return f"{type(self).__qualname__}({', '.join(said)})"


def _eq(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


def _refuse(self: Any, name: str, value: object = None) -> NoReturn:
    raise FrozenInstanceError(f"{type(self).__name__}.{name} never changes")


def _reduce(self: Any) -> tuple[type, tuple[Any, ...]]:
    """To be copied and pickled by its values."""
    return type(self), tuple([getattr(self, one.name) for one in self.__every__])
