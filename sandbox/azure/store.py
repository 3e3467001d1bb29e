"""What exists: every resource of the simulated Azure by its id, in the order of creation."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.azure.ids import ArmId
from sandbox.azure.model import Resource


class Store:
    """Resources by id without case. Groups are resources of type GROUP_TYPE."""

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}

    def get(self, id: ArmId | str) -> Resource | None:
        """The resource, or None."""
        return self._resources.get(str(id).lower())

    def add(self, resource: Resource) -> None:
        """Put a resource in; one of the same id is replaced in its place."""
        self._resources[resource.id.key] = resource

    def discard(self, id: ArmId) -> Resource | None:
        """Take one resource out, not its children."""
        return self._resources.pop(id.key, None)

    def below(self, id: ArmId) -> list[Resource]:
        """All that lives under an id at any depth: children of a resource, content of a group."""
        prefix = id.key + "/"
        return [resource for key, resource in self._resources.items() if key.startswith(prefix)]

    def children(self, id: ArmId, kind: str) -> list[Resource]:
        """Direct children of one kind: `children(network.id, "subnets")`."""
        wanted, depth = f"{id.type}/{kind}".lower(), len(id.names) + 1
        return [one for one in self.below(id) if one.type.lower() == wanted and len(one.id.names) == depth]

    def of_type(self, type_name: str, scope: ArmId | None = None) -> list[Resource]:
        """All of one type, within a subscription or a group when `scope` is given."""
        found = self._resources.values() if scope is None else self.below(scope)
        return [resource for resource in found if resource.id.is_type(type_name)]

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._resources.values()))

    def __len__(self) -> int:
        return len(self._resources)
