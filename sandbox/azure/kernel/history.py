"""What the resources were some seconds ago, for reads that lag (docs/azure/resource-manager.md, ARM-50).

Nothing is kept until it is asked for (`World.remember`). From then on every change is kept as a function that
undoes it, and does it again at its next call. `past` undoes the changes that are too young for a read, and
does them again after it. No request comes in between, because handlers are not interrupted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sandbox.azure.kernel.model import Json, Resource, copied
from sandbox.azure.kernel.store import Store, Swap

type Content = tuple[Json, Json, str | None]


class History:
    """The changes of the last seconds, oldest first. The world of before its creation is not known."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self.seconds = 0.0
        self._store, self._now = store, now
        self._changes: deque[tuple[float, Swap]] = deque()
        self._before: dict[Resource, Content] = {}
        self._noting = False
        store.observe(self.note, self._keep)

    def end(self) -> None:
        """Keep nothing from now on."""
        self._store.observe(None, None)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Everything that changes inside belongs to one moment."""
        self._noting = True
        try:
            yield
        finally:
            self._noting = False
            self._close()

    @contextmanager
    def past(self, seconds: float) -> Iterator[None]:
        """Inside, every resource is as it was so many seconds ago. Only for reads."""
        since = self._now() - seconds
        young = [change for at, change in self._changes if at > since]
        for change in reversed(young):
            change()
        try:
            yield
        finally:
            for change in young:
                change()

    def note(self, change: Swap) -> None:
        """A resource came, was deleted, was moved, or refers to something else; or the management groups
        changed."""
        if self._noting:
            self._changes.append((self._now(), change))

    def _keep(self, resource: Resource) -> None:
        """Copy a resource before a step reads it for the first time: what is read may be changed."""
        if self._noting and resource not in self._before:
            body, private, etag = resource.content
            self._before[resource] = copied(body), copied(private), etag

    def _close(self) -> None:
        now = self._now()
        for resource, before in self._before.items():
            if resource.content != before:
                self._changes.append((now, _Edit(resource, before)))
        self._before.clear()
        while self._changes and self._changes[0][0] < now - self.seconds:
            self._changes.popleft()


class _Edit:
    """Another content of a resource."""

    def __init__(self, resource: Resource, content: Content) -> None:
        self._resource, self._content = resource, content

    def __call__(self) -> None:
        self._resource.content, self._content = self._content, self._resource.content
