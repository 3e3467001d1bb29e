"""Private endpoints: `Microsoft.Network/privateEndpoints`.

The endpoint is Causeway's own resource: it carries our tags and a name made from target, group and
subnet, so that the same wish always has the same name and a wish for another subnet has another one.
Source of the body's shape: Microsoft Learn, REST reference "Private Endpoints - Create Or Update".
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import Seen, mapping, reference, sequence
from shared.core.base.ids import GroupId, ResourceId
from shared.core.kinds.kind import Ordinary, marked, marks

TYPE = "Microsoft.Network/privateEndpoints"
MAX_NAME = 64  # ARM allows 80; the NIC's name is derived from ours and must fit too


@dataclass(frozen=True, slots=True)
class Connection:
    """What an endpoint connects to and how far that got, from either of its two connection lists.

    `status` is Approved, Pending, Rejected or Disconnected. Descriptions are not read: their wording
    differs by provider and by moment for the same state.
    """

    target: ResourceId | None
    group: str
    status: str
    manual: bool


def connection_of(endpoint: Seen) -> Connection | None:
    """The endpoint's connection; None where the body has none that can be read."""
    for name, manual in (
        ("privateLinkServiceConnections", False),
        ("manualPrivateLinkServiceConnections", True),
    ):
        for entry in sequence(endpoint.properties.get(name)):
            properties = mapping(mapping(entry).get("properties"))
            target = properties.get("privateLinkServiceId")
            groups = sequence(properties.get("groupIds"))
            state = mapping(properties.get("privateLinkServiceConnectionState"))
            return Connection(
                ResourceId.parse(target) if isinstance(target, str) else None,
                str(groups[0]) if groups else "",
                str(state.get("status") or ""),
                manual,
            )
    return None


def subnet_of(endpoint: Seen) -> ResourceId | None:
    """The subnet in which the endpoint has its addresses."""
    return reference(endpoint.properties.get("subnet"))


def nic_of(endpoint: Seen) -> ResourceId | None:
    """The network interface that holds the addresses. Azure names it in the first answer already."""
    for nic in sequence(endpoint.properties.get("networkInterfaces")):
        return reference(nic)
    return None


def endpoint_name(target: ResourceId, group: str, subnet: ResourceId) -> str:
    """A name for people (target and group) with a hash of the whole wish, stable over runs."""
    wish = f"{target.key}|{group.lower()}|{subnet.key}"
    digest = hashlib.sha256(wish.encode()).hexdigest()[:8]
    return f"pe-{target.name[: MAX_NAME - 40]}-{group[:20]}-{digest}".lower().replace("_", "-")


def family(name: str) -> str:
    """How the names begin that we give endpoints of this one's target and group in whatever subnet."""
    return f"{name.rpartition('-')[0]}-" if name.startswith("pe-") else name


def endpoint_id(home: GroupId, target: ResourceId, group: str, subnet: ResourceId) -> ResourceId:
    """Where our endpoint for this target and group stands, if it has its address in this subnet."""
    return home.resource(TYPE, endpoint_name(target, group, subnet))


@dataclass(frozen=True, slots=True)
class Endpoint(Ordinary):
    """One private endpoint for one group of one target.

    `id` is ours, or that of an endpoint someone else made that already answers the need (`adopted`).
    """

    id: ResourceId
    location: str
    subnet: ResourceId
    target: ResourceId
    group: str
    adopted: bool = False
    after: tuple[ResourceId, ...] = ()  # its subnet, where something in it may have to be written first
    request: str | None = None  # ask the target's owner, with this message, instead of approving ourselves

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        """An endpoint fails after its 201 while its subnet is being changed."""
        return self.after

    def is_ours(self, have: Seen) -> bool:
        return marked(have, self.target)

    def drift(self, have: Seen) -> tuple[str, ...]:
        return ("provisioning failed",) if have.state == "failed" else ()

    def beyond_repair(self, have: Seen) -> str | None:
        """Target, group and subnet cannot change in place (terraform's provider replaces for them too)."""
        connection = connection_of(have)
        if connection is None:
            return "it has no connection"
        if connection.status.lower() == "disconnected":
            return "its connection is Disconnected: the target was deleted or dropped it"
        if connection.target != self.target or connection.group.lower() != self.group.lower():
            return "it connects to something else"
        if subnet_of(have) != self.subnet:
            return "it stands in another subnet"
        return None

    def body(self, have: Seen | None) -> dict[str, Any]:
        """A PUT replaces the endpoint as a whole, so a repair starts from what stands there."""
        if have is not None:
            return {**have.body, "tags": {**mapping(have.body.get("tags")), **marks(self.target)}}
        connection: dict[str, Any] = {
            "name": self.id.name,
            "properties": {"privateLinkServiceId": self.target.text, "groupIds": [self.group]},
        }
        kind = (
            "privateLinkServiceConnections" if self.request is None else "manualPrivateLinkServiceConnections"
        )
        if self.request:
            connection["properties"]["requestMessage"] = self.request
        return {
            "location": self.location,
            "tags": marks(self.target),
            "properties": {"subnet": {"id": self.subnet.text}, kind: [connection]},
        }
