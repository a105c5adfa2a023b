"""Opening something the first time that it is wanted, and only then."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Calls `make` for the first thread that asks; the others wait, and have the same. What failed is tried again."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: list[T] = []

    def __call__(self) -> T:
        with self._lock:
            if not self._made:
                self._made.append(self._make())
            return self._made[0]


class OnceEach(Generic[T]):
    """As `Once`, for each word that `make` is called with."""

    def __init__(self, make: Callable[[str], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: dict[str, T] = {}

    def __call__(self, word: str) -> T:
        with self._lock:
            if word not in self._made:
                self._made[word] = self._make(word)
            return self._made[word]
