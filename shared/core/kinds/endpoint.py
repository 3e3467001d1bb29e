"""Private endpoints: `Microsoft.Network/privateEndpoints`.

An endpoint is Causeway's own resource: it carries our tags and a name made from target, group and subnet, so
that the same desired endpoint always has the same name and one in another subnet has another name.
Source of the body's shape: Microsoft Learn, REST reference "Private Endpoints - Create Or Update".
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from shared.core.base.bodies import Seen, mapping, reference, resource_id, sequence
from shared.core.base.errors import clean
from shared.core.base.ids import GroupId, ResourceId, digest, target_key
from shared.core.base.refusal import Refusal
from shared.core.base.rights import Right, to_write
from shared.core.base.written import recreation
from shared.core.kinds import zone_configs
from shared.core.kinds.kind import UNKNOWN_GUID, Managed, marked, marks, target_of_mark
from shared.core.kinds.link import LINKED_ELSEWHERE
from shared.core.kinds.nic import Address, StaticAddress, addresses_in
from shared.core.policy.style import Tags, differing, merged
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present, Read, Unread
from shared.core.rules.nsg import groups_in

TYPE = "Microsoft.Network/privateEndpoints"
MAX_NAME = 64  # ARM allows 80; the NIC's name is derived from ours and must fit too
_DEFAULTS = {"ipVersionType": "IPv4"}  # what Azure shows of an endpoint for which nothing else was asked
PLACEMENT_TAG = "causeway-placement"
INTERFACE = "customNetworkInterfaceName"  # only of a new endpoint
GROUPS = "applicationSecurityGroups"
CONNECTION_LISTS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")


@dataclass(frozen=True, slots=True)
class EndpointConnection:
    """What an endpoint connects to and how far that got, from either of its two connection lists.

    `target` is None where it names no resource: a consumer connected by the alias of a private link service.
    `status` is Approved, Pending, Rejected or Disconnected. `words`: what the owner of the target wrote;
    nothing is decided by them, as providers write their own for the same state. `name`: the connection's own.
    """

    target: ResourceId | None
    group: str
    status: str
    words: str = ""
    name: str = ""


def connection_of(endpoint: Seen) -> EndpointConnection | None:
    """The endpoint's connection; None where the body has none that can be read."""
    return endpoint.parsed(_connection)


def _connection(endpoint: Seen) -> EndpointConnection | None:
    for name in CONNECTION_LISTS:
        for entry in sequence(endpoint.properties.get(name)):
            properties = mapping(mapping(entry).get("properties"))
            groups = sequence(properties.get("groupIds"))
            state = mapping(properties.get("privateLinkServiceConnectionState"))
            return EndpointConnection(
                resource_id(properties.get("privateLinkServiceId")),
                str(groups[0]) if groups else "",
                str(state.get("status") or ""),
                clean(str(state.get("description") or "")),
                str(mapping(entry).get("name") or ""),
            )
    return None


def endpoints_among(ids: Iterable[ResourceId]) -> tuple[ResourceId, ...]:
    """The private endpoints among these ids, in a fixed order."""
    return tuple(sorted((at for at in ids if at.is_type(TYPE)), key=lambda at: at.key))


def subnet_of(endpoint: Seen) -> ResourceId | None:
    """The subnet in which the endpoint has its addresses."""
    return reference(endpoint.properties.get("subnet"))


def security_groups(endpoint: Seen) -> frozenset[ResourceId]:
    """The application security groups in which the endpoint is."""
    return groups_in(endpoint.properties.get(GROUPS))


def nic_of(endpoint: Seen) -> ResourceId | None:
    """The network interface that holds the addresses. Azure names it in the first answer already."""
    for nic in sequence(endpoint.properties.get("networkInterfaces")):
        return reference(nic)
    return None


def addresses_of(endpoint: Seen, observed: Observed) -> tuple[Address, ...]:
    """What the endpoint's network interface says if it was read, else what the endpoint itself reports."""
    nic = nic_of(endpoint)
    seen = observed.present(nic) if nic else None
    return addresses_in(seen) if seen else reported_addresses(endpoint)


def reported_addresses(endpoint: Seen) -> tuple[Address, ...]:
    """The addresses in `customDnsConfigs`, each with its names.

    Azure fills it once the connection is approved and empties it when a zone group is attached
    (docs/azure/private-endpoints.md, PE-09): an endpoint that was just created reports its names without a
    read of its interface.
    """
    return endpoint.parsed(_reported)


def _reported(endpoint: Seen) -> tuple[Address, ...]:
    names: dict[str, list[str]] = {}
    for config in map(mapping, sequence(endpoint.properties.get("customDnsConfigs"))):
        fqdn = str(config.get("fqdn") or "").rstrip(".").lower()
        for ip in sequence(config.get("ipAddresses")) if fqdn else ():
            names.setdefault(str(ip), []).append(fqdn)
    return tuple(Address(ip, "", tuple(fqdns)) for ip, fqdns in names.items())


def endpoint_name(target: ResourceId, group: str, subnet: ResourceId, placement: str = "") -> str:
    """A name for people (target and group) with a hash of target, group and subnet, stable over runs.

    `placement`: which of several it is, as two may have their endpoints in one subnet.
    """
    suffix = endpoint_hash(target, group, subnet, placement)
    return f"pe-{target.name[: MAX_NAME - 40]}-{group[:20]}-{suffix}".lower().replace("_", "-")


def endpoint_hash(target: ResourceId, group: str, subnet: ResourceId, placement: str = "") -> str:
    """The part of a name in which two endpoints always differ."""
    among = f"|{placement}" if placement else ""
    return digest(f"{target.key}|{group.lower()}|{subnet.key}{among}")


def guid_of(endpoint: Seen) -> str:
    """The resource guid, which no other endpoint has, not even a later one of the same id;

    empty if unknown.
    """
    return str(endpoint.properties.get("resourceGuid") or "").lower()


def is_as_made(have: Seen, target: ResourceId) -> bool:
    """It connects to the target under its own name, as one that we made does, and bears our tags; or it has
    the usual name by its group and its subnet.

    A copy has the connection's name of what it was copied from.
    """
    connection, subnet = connection_of(have), subnet_of(have)
    if connection is None or subnet is None or connection.target != target:
        return False
    if marked(have, target) and connection.name.lower() == have.id.name.lower():
        return True
    usual = endpoint_name(target, connection.group, subnet, placement_of(have))
    return have.id.name.lower() == usual


def placement_of(have: Seen) -> str:
    """For which of several placements it was made, by its tag; empty where there is only one."""
    return str(have.tags.get(PLACEMENT_TAG) or "")


@functools.lru_cache(maxsize=16_384)
def endpoint_id(
    home: GroupId, target: ResourceId, group: str, subnet: ResourceId, placement: str = ""
) -> ResourceId:
    """The id of our endpoint for this target and group with its address in this subnet."""
    return home.resource(TYPE, endpoint_name(target, group, subnet, placement))


def _said(words: str) -> str:
    return f", saying: {words}" if words else ""


@dataclass(frozen=True, slots=True)
class Endpoint(Managed):
    """One private endpoint for one group of one target.

    `id` is ours, or that of an endpoint someone else made that already meets the need (`adopted`).
    `completed_by`: the objects that give it its name: its zone group, then the zones. `links`: those of the
    clients to these zones. `recorded_before`: the ledger had its id before, and `guids` of what was made
    there. `placement`: which of several it is for. `static`: the addresses of its members, where Azure does
    not choose them.
    """

    TYPE = TYPE
    HAS_RECORDS = True
    HAS_GUID = True

    id: ResourceId
    location: str
    subnet: ResourceId
    target: ResourceId
    group: str
    adopted: bool = False
    after: tuple[ResourceId, ...] = ()  # its subnet, where something in it may have to be written first
    groups: tuple[ResourceId, ...] = ()  # application security groups that the policy puts it in
    tags: Tags = ()
    interface: str = ""  # the name of its network interface; empty: Azure chooses it
    request: str | None = None  # ask the target's owner, with this message, instead of approving ourselves
    completed_by: tuple[ResourceId, ...] = ()
    links: tuple[ResourceId, ...] = ()
    recorded_before: bool = True
    guids: frozenset[str] = frozenset()
    placement: str = ""
    static: tuple[StaticAddress, ...] = ()

    @property
    def own_tags(self) -> dict[str, str]:
        """The tags that say whose it is, for which target, and for which of several placements."""
        return marks(self.target) | ({PLACEMENT_TAG: self.placement} if self.placement else {})

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        """An endpoint fails after its 201 while its subnet is being changed.

        From its approval on, the resource's public name leads to its zones, so these exist before.
        """
        return (*self.after, *self.completed_by[1:])

    @property
    def rights(self) -> tuple[Right, ...]:
        """Without the right to approve, only a request (`request`) is possible."""
        joined = (self.subnet, *self.groups)
        return to_write(self.id, *joined, *((self.target,) if self.request is None else ()))

    @property
    def harms(self) -> Mapping[ResourceId, str]:
        """A network that Azure refuses to link asks another zone of the name, where the name is not."""
        return dict.fromkeys(self.links, LINKED_ELSEWHERE)

    @property
    def useless_without(self) -> tuple[ResourceId, ...]:
        """An endpoint without a name costs money and serves no client."""
        return self.completed_by

    @property
    def costs(self) -> bool:
        return True

    def reads(self, observed: Observed) -> Iterable[Read]:
        """Itself, its zone groups, and its interface where that alone knows the addresses."""
        yield Read(self.id)
        match observed.reading(self.id):
            case Present(value=endpoint, written=written):
                yield Read(self.id, zone_configs.COLLECTION)
                reported = written and reported_addresses(endpoint)
                if (nic := nic_of(endpoint)) and not endpoint.busy and not reported:
                    yield Read(nic)
            case Absent():
                yield Read(self.id, zone_configs.COLLECTION)
            case Unread():
                return

    def moved(self, before: Seen | None) -> tuple[ResourceId, ...]:
        """Its interface: a write that repairs the endpoint may give it addresses and names."""
        nic = nic_of(before) if before else None
        return (nic,) if nic else ()

    def is_managed(self, have: Seen) -> bool:
        """The ledger has it by id and guid, or it bears our tags and is just what we would have made.

        Tags and names are only hints. An endpoint that lost our tags is managed all the same; one with our
        tags that the ledger does not know, and that cannot serve as it is, is left alone.
        """
        if guid_of(have) in self.guids - {UNKNOWN_GUID}:
            return True
        known = self.recorded_before and self.is_recorded(have, self.target, self.guids)
        return marked(have, self.target) and (known or self.beyond_repair(have) is None)

    def drift(self, have: Seen, observed: Observed) -> tuple[str, ...]:
        """Tags and groups are the policy's: someone else's endpoint meets the need without them."""
        failed = ("provisioning failed",) if have.state == "failed" else ()
        return (*failed, *self._lacks(have)) if self.is_managed(have) else failed

    def lacks_tags_alone(self, have: Seen, observed: Observed) -> bool:
        return not replace(self, tags=()).drift(have, observed)

    def _lacks(self, have: Seen) -> Iterator[str]:
        if not security_groups(have).issuperset(self.groups):
            yield "it is not in its application security group"
        if names := differing(have.tags, self.tags):
            yield f"its tags are without the policy's {', '.join(names)}"

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
            return "it is in another subnet"
        return None

    def refused(self, have: Seen | None, observed: Observed) -> Refusal | None:
        if have is not None or not self.adopted:
            return None
        reason = "the endpoint of someone else that met the need is gone"
        return Refusal(self.id, "EndpointGone", reason, "rerun the resource")

    def shortfall(self, have: Seen, observed: Observed) -> Refusal | None:
        """A rejected connection is a person's decision; asking again would not change it."""
        connection = connection_of(have)
        if connection is None or connection.status.lower() != "rejected":
            return None
        return Refusal(
            have.id,
            "ConnectionRejected",
            f"the owner of the resource rejected the private endpoint connection{_said(connection.words)}",
            f"once the owner agrees, delete {have.id.text} and rerun the resource, which asks again (Azure "
            "approves no connection that was rejected); or opt the resource out",
        )

    def in_the_way(self, have: Seen, problem: str) -> Refusal:
        """An endpoint that we made for another resource is not to be removed for this one."""
        refusal = Managed.in_the_way(self, have, problem)
        if target_of_mark(have) in ("", target_key(self.target)):
            return refusal
        connection = connection_of(have)
        whose = connection.target.text if connection and connection.target else "another resource"
        return replace(
            refusal,
            reason=f"{have.id.name} is the endpoint that Causeway made for {whose}: two get one name",
            remedy="add {hash} to naming.endpoint (what exists keeps its name), then rerun the resource",
        )

    def children(self, observed: Observed) -> tuple[Seen, ...]:
        """Azure deletes the zone groups with it."""
        return observed.listed(self.id, zone_configs.COLLECTION)

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        """A PUT replaces the endpoint as a whole, so a repair starts from what exists."""
        if have is not None:
            tags = {**merged(mapping(have.body.get("tags")), self.tags), **self.own_tags}
            return {**have.body, "tags": tags, "properties": {**have.properties, **self._grouped(have)}}
        connection: dict[str, Any] = {
            "name": self.id.name,
            "properties": {"privateLinkServiceId": self.target.text, "groupIds": [self.group]},
        }
        automatic, manual = CONNECTION_LISTS
        if self.request:
            connection["properties"]["requestMessage"] = self.request
        return {
            "location": self.location,
            "tags": {**merged({}, self.tags), **self.own_tags},
            "properties": {
                "subnet": {"id": self.subnet.text},
                **({INTERFACE: self.interface} if self.interface else {}),
                automatic if self.request is None else manual: [connection],
                **self._grouped(None),
                **self._addressed(),
            },
        }

    def _addressed(self) -> dict[str, Any]:
        """The static addresses of a new endpoint, one for each member."""
        listed = [
            {
                "name": f"{one.member}-{number}",
                "properties": {"groupId": self.group, "memberName": one.member, "privateIPAddress": one.ip},
            }
            for number, one in enumerate(self.static, 1)
        ]
        return {"ipConfigurations": listed} if listed else {}

    def _grouped(self, have: Seen | None) -> dict[str, Any]:
        """The groups that it is in, and those of the policy."""
        listed = sequence(have.properties.get(GROUPS)) if have else ()
        known = groups_in(listed)
        more = [{"id": at.text} for at in self.groups if at not in known]
        return {GROUPS: [*listed, *more]} if listed or more else {}

    def remade(self, before: Seen, observed: Observed) -> dict[str, Any]:
        """With the tags, the name of its interface and the security groups that others gave the last one.

        Fixed addresses belong to one subnet, and another endpoint may have them by now: they are taken over
        only by the successor in the same subnet, while the last one is still known.
        """
        new, old = self.body(None, observed), recreation(before)
        mine = {*new["properties"], *CONNECTION_LISTS}
        fixed = set() if subnet_of(before) == self.subnet else {"ipConfigurations"}
        kept = {name: value for name, value in old["properties"].items() if name not in mine | fixed}
        tags = {**mapping(before.body.get("tags")), **new["tags"]}
        named = {INTERFACE: old["properties"][INTERFACE]} if old["properties"].get(INTERFACE) else {}
        properties = {**kept, **new["properties"], **self._grouped(before), **named}
        return {**old, **new, "tags": tags, "properties": properties}

    def custom(self, have: Seen, observed: Observed) -> dict[str, Any] | None:
        """Without addresses: once it is deleted, Azure may give them to another endpoint."""
        again, plain = self.remade(have, observed), self.body(None, observed)
        left_out: tuple[object, ...] = ("", [], None)
        kept = {
            name: value
            for name, value in again["properties"].items()
            if name != "ipConfigurations" and value not in left_out and value != _DEFAULTS.get(name)
        }
        found = {**again, "properties": kept}
        chosen = {name: value for name, value in plain["properties"].items() if name != "ipConfigurations"}
        return found if found != {**plain, "properties": chosen} else None

    @staticmethod
    def guid(have: Seen) -> str:
        return guid_of(have)

    @staticmethod
    def is_recorded(have: Seen, target: ResourceId, guids: frozenset[str]) -> bool:
        """By its guid. Where that was not recorded, because a worker died or by an older version, by less.

        The older version recorded ids alone.
        """
        guid = guid_of(have)
        if not guid or not guids or guid in guids:
            return True
        return UNKNOWN_GUID in guids and is_as_made(have, target)

    @staticmethod
    def removal_reads(have: Seen) -> Iterable[Read]:
        """Its interface, for the addresses, and its zone groups, which Azure deletes with it."""
        yield Read(have.id, zone_configs.COLLECTION)
        if nic := nic_of(have):
            yield Read(nic)

    @staticmethod
    def freed(have: Seen, observed: Observed) -> tuple[str, ...]:
        nic = nic_of(have)
        seen = observed.present(nic) if nic else None
        return tuple(address.ip for address in addresses_in(seen)) if seen else ()
