"""All long operations, in the order they were accepted, found by id and by resource."""

from __future__ import annotations

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.operations import Operation


class OperationLog(list[Operation]):
    """A list with an index of its operations by id and by top-level resource, and of the running ones by
    resource."""

    def __init__(self) -> None:
        super().__init__()
        self._by_id: dict[str, Operation] = {}
        self._working: dict[str, list[Operation]] = {}
        self._by_root: dict[str, list[Operation]] = {}

    def append(self, operation: Operation) -> None:
        """Add an accepted operation."""
        super().append(operation)
        self._by_id[operation.id] = operation
        self._working.setdefault(operation.resource.key, []).append(operation)
        self._by_root.setdefault(operation.resource.root.key, []).append(operation)

    def clear(self) -> None:
        """Remove all, such as those that a scenario began."""
        super().clear()
        self._by_id.clear()
        self._working.clear()
        self._by_root.clear()

    def find(self, id: str) -> Operation | None:
        """The operation with this id, finished or not."""
        return self._by_id.get(id)

    def below(self, root: ArmId) -> list[Operation]:
        """All operations on a top-level resource or its children, finished or not."""
        return list(self._by_root.get(root.key, ()))

    def running_on(self, resource: ArmId) -> list[Operation]:
        """The operations that work on exactly this resource now, oldest first."""
        running = [one for one in self._working.get(resource.key, []) if one.running]
        self._working[resource.key] = running
        return list(running)
