"""The resource that is to get a private path, as a fresh GET returned it. What an event said is not used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from shared.core.base.bodies import reference, sequence
from shared.core.base.errors import InputError
from shared.core.base.ids import ResourceId


@dataclass(frozen=True, slots=True)
class TargetConnection:
    """One private endpoint connection as the target lists it.

    `endpoint_id` is None where ARM left it out or it cannot be read: an endpoint of another tenant.
    `status` is Azure's word (`Approved`, `Pending`, `Rejected`, `Disconnected`), empty where there is none.
    """

    endpoint_id: ResourceId | None
    name: str
    status: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """A resource's own properties. `sku` is the SKU's name (`Standard_RAGRS`), empty where it has none."""

    id: ResourceId
    location: str
    kind: str
    sku: str
    tags: Mapping[str, str]
    properties: Mapping[str, Any]

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a resource's body. ARM leaves out, or sends as null, what is empty.

        Raises InvalidId where `id` is not a resource's id, InputError where there is none.
        """
        at = body.get("id")
        if not isinstance(at, str):
            raise InputError("id", str(at), "a resource's body must carry its id")
        sku = body.get("sku")
        return cls(
            ResourceId.parse(at),
            _text(body.get("location")),
            _text(body.get("kind")),
            _text(_object(sku).get("name") if isinstance(sku, Mapping) else sku),
            {str(name): _text(value) for name, value in _object(body.get("tags")).items()},
            _object(body.get("properties")),
        )

    @property
    def leaving(self) -> bool:
        """It is being deleted, which takes minutes for some types."""
        return _text(self.properties.get("provisioningState")).lower() == "deleting"

    @property
    def lists_connections(self) -> bool:
        """The resource's own body has its list of private endpoint connections, empty or not."""
        return isinstance(self.properties.get("privateEndpointConnections"), list)

    @property
    def connections(self) -> tuple[TargetConnection, ...]:
        """The private endpoint connections that the target itself lists, its own and foreign ones."""
        return listed_connections(sequence(self.properties.get("privateEndpointConnections")))


def listed_connections(entries: Iterable[object]) -> tuple[TargetConnection, ...]:
    """Private endpoint connections, from a resource's body or from its list of them."""
    return tuple(_connection(entry) for entry in entries if isinstance(entry, Mapping))


def _connection(entry: Mapping[str, Any]) -> TargetConnection:
    properties = _object(entry.get("properties"))
    state = _object(properties.get("privateLinkServiceConnectionState"))
    groups = properties.get("groupIds")
    return TargetConnection(
        reference(properties.get("privateEndpoint")),
        _text(entry.get("name")),
        _text(state.get("status")),
        tuple(_text(group) for group in groups) if isinstance(groups, list) else (),
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
