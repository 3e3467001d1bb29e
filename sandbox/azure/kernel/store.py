"""Every resource of the simulated Azure by its id, in the order of creation."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Resource


class Store:
    """Resources by id without case, and by type. Groups are resources of type GROUP_TYPE."""

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}
        self._types: dict[str, dict[str, Resource]] = {}

    def get(self, id: ArmId | str) -> Resource | None:
        """The resource, or None."""
        return self._resources.get(id.key if isinstance(id, ArmId) else id.lower())

    def add(self, resource: Resource) -> None:
        """Add a resource, or replace the one with the same id."""
        self._resources[resource.id.key] = resource
        self._types.setdefault(resource.type.lower(), {})[resource.id.key] = resource

    def discard(self, id: ArmId) -> Resource | None:
        """Remove one resource, not its children. Returns it, or None."""
        found = self._resources.pop(id.key, None)
        if found is not None:
            del self._types[found.type.lower()][id.key]
        return found

    def below(self, id: ArmId) -> list[Resource]:
        """All resources under an id at any depth: children of a resource, content of a group."""
        prefix = id.key + "/"
        return [resource for key, resource in self._resources.items() if key.startswith(prefix)]

    def children(self, id: ArmId, kind: str) -> list[Resource]:
        """Direct children of one kind: `children(network.id, "subnets")`."""
        prefix = f"{id.key}/"
        typed = self._types.get(f"{id.type}/{kind}".lower(), {})
        return [resource for key, resource in typed.items() if key.startswith(prefix)]

    def of_type(self, type_name: str, scope: ArmId | None = None) -> list[Resource]:
        """All of one type, within a subscription or a group when `scope` is given."""
        prefix = "" if scope is None else f"{scope.key}/"
        typed = self._types.get(type_name.lower(), {})
        return [resource for key, resource in typed.items() if key.startswith(prefix)]

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._resources.values()))

    def __len__(self) -> int:
        return len(self._resources)
