"""Items that are found, not listed: one new file adds a metric, a model, a format or a method."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from napari_medassist.core.errors import MedAssistError, UnknownItem

T = TypeVar("T")


class Registry(Generic[T]):
    """Named items of one kind, discovered on first use.

    A module of the scanned package takes part by holding the item under the given attribute; a third
    party takes part with an entry point whose value is the item.

    Parameters
    ----------
    kind
        What the items are called in messages, e.g. ``"metric"``.
    packages
        Packages whose modules are scanned.
    attribute
        Name under which a module holds its item; modules without it are passed over.
    entry_point_group
        Group of the entry points of other distributions, e.g. ``"napari_medassist.metrics"``.
    name_of
        Returns an item's name.
    """

    def __init__(
        self,
        kind: str,
        *,
        packages: tuple[str, ...],
        attribute: str,
        entry_point_group: str,
        name_of: Callable[[T], str],
    ) -> None:
        self.kind = kind
        self._packages = packages
        self._attribute = attribute
        self._group = entry_point_group
        self._name_of = name_of
        self._items: dict[str, T] = {}
        self._complete = False
        self._lock = threading.RLock()

    def register(self, item: T) -> T:
        """Add an item; return it, so that this serves as a decorator too.

        Raises
        ------
        MedAssistError
            If another item has its name.
        """
        name = self._name_of(item)
        if self._items.setdefault(name, item) is not item:
            raise MedAssistError(f"Two {self.kind}s are called '{name}'.")
        return item

    def get(self, name: str) -> T:
        """Return the item of a name.

        Raises
        ------
        UnknownItem
            If there is none; the message holds the nearest names.
        """
        self.discover()
        if name in self._items:
            return self._items[name]
        near = difflib.get_close_matches(name, self._items, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(self.names())}."
        raise UnknownItem(f"There is no {self.kind} called '{name}'.", cure=hint)

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted."""
        self.discover()
        return tuple(sorted(self._items))

    def __iter__(self) -> Iterator[T]:
        """Go through the items in the order of their names."""
        return iter([self._items[name] for name in self.names()])

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.names())

    def discover(self) -> None:
        """Import all modules and entry points now, rather than when an item is first asked for."""
        with self._lock:  # a second thread waits until all are there, instead of seeing some
            if self._complete:
                return
            self._complete = True
            for package in self._packages:
                path = importlib.import_module(package).__path__
                for name in sorted(m.name for m in pkgutil.iter_modules(path)):
                    module = importlib.import_module(f"{package}.{name}")
                    item = getattr(module, self._attribute, None)
                    if item is not None:
                        self.register(item)
            for point in entry_points(group=self._group):
                self.register(point.load())
