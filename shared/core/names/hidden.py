"""Names that a private DNS zone hides: what a newly linked network can no longer resolve.

Public DNS points the name of a resource with an approved private endpoint into `privatelink.…`. A network
that is linked to that zone asks only the zone, and "no such name" is then the answer for everything that the
zone does not hold (Microsoft Learn: "Fallback to internet for Azure Private DNS zones"). The operator asked
for the link, so this warns and blocks nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from shared.core.base.bodies import Json, Seen, reference
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target, TargetConnection
from shared.core.catalogue.catalogue import Catalogue, Cloud
from shared.core.catalogue.service_rules import host_names, hosts_in, public_suffix
from shared.core.kinds.endpoint import connection_of
from shared.core.kinds.kind import MARK_TAG, MARK_VALUE
from shared.core.plan.actions import Create, Replace
from shared.core.plan.desired import Desired
from shared.core.plan.plan import Plan

SHOWN = 10  # ids in one finding; the rest is counted
REMEDY = "connect them too, set dns.fallback_to_internet: true, or add their records to the zone"


@dataclass(frozen=True, slots=True)
class ConnectedResource:
    """A resource with approved private endpoint connections. `hosts`: every host name in its body.

    The target is bare (no properties, no tags): many are cached for a minute.
    """

    target: Target
    hosts: tuple[str, ...]
    connections: tuple[TargetConnection, ...]

    @classmethod
    def parse(cls, body: Json) -> Self | None:
        """Read a resource's body; None where no connection is approved: its public name leads nowhere else.

        None as well where the body has no id that can be read.
        """
        if reference(body) is None:
            return None
        target = Target.parse(body)
        approved = tuple(c for c in target.connections if c.status.lower() == "approved")
        if not approved:
            return None
        hosts = host_names(hosts_in(target.properties))
        return cls(replace(target, tags={}, properties={}), hosts, approved)

    def records(self, zone: str) -> frozenset[str]:
        """The names of its records in the zone, any of which shows that the zone knows it.

        Those in its body, else its own name: a key vault names another suffix than its zone's.
        Not exact where neither applies: what a service keeps under generated names (the storage behind
        a Kusto cluster or a backup vault, a disk access) is taken for missing though it may exist.
        """
        suffix = f".{public_suffix(zone.lower())}"
        named = frozenset(host.removesuffix(suffix) for host in self.hosts if host.endswith(suffix))
        return named or frozenset({self.target.id.name.lower()})


@dataclass(frozen=True, slots=True)
class HiddenNames:
    """What a zone does not answer for: certainly, perhaps, and what could not be read, in words."""

    lost: tuple[ResourceId, ...] = ()
    perhaps: tuple[ResourceId, ...] = ()
    unread: tuple[str, ...] = ()

    def beside(self, target: ResourceId) -> Self:
        """Without the resource whose own record is about to be made."""
        lost, perhaps = (tuple(at for at in ids if at != target) for ids in (self.lost, self.perhaps))
        return replace(self, lost=lost, perhaps=perhaps)


def new_links(desired: Desired, plan: Plan) -> Mapping[ResourceId, tuple[ResourceId, ...]]:
    """The networks that the plan would link to each zone, without fallback to public DNS."""
    blocked = {block.id for block in plan.blocks}
    created = {action.id for action in plan.actions if isinstance(action, Create | Replace)}
    found: dict[ResourceId, tuple[ResourceId, ...]] = {}
    links = {link.id: link for path in desired.paths for link in path.links}.values()
    for link in links:
        if link.id in created and not link.fallback and link.zone not in blocked:
            found[link.zone] = (*found.get(link.zone, ()), link.network)
    return found


type Named = Callable[[ConnectedResource, str], bool | None]


def naming(zone: str, cloud: Cloud, catalogue: Catalogue) -> Named:
    """Whether a group of a resource is named in the zone; None where that is not known."""
    return lambda one, group: catalogue.named_in(zone, one.target, group, cloud, one.hosts)


def open_questions(candidates: Iterable[ConnectedResource], named: Named) -> tuple[ResourceId, ...]:
    """The endpoints that have to be read before these resources, which have no record, can be judged."""
    found = {
        connection.endpoint_id
        for one in candidates
        for connection in one.connections
        if connection.endpoint_id and _leads_here(one, connection, named, {}) is None
    }
    return tuple(sorted(found, key=lambda at: at.key))


def hidden_names(
    candidates: Iterable[ConnectedResource], named: Named, endpoints: Mapping[ResourceId, Seen]
) -> HiddenNames:
    """Judge resources that have no record in the zone, by the endpoints that could be read."""
    lost: list[ResourceId] = []
    perhaps: list[ResourceId] = []
    for one in candidates:
        verdicts = [_leads_here(one, connection, named, endpoints) for connection in one.connections]
        if True in verdicts:
            lost.append(one.target.id)
        elif None in verdicts:
            perhaps.append(one.target.id)
    return HiddenNames(tuple(lost), tuple(perhaps))


def _leads_here(
    one: ConnectedResource, connection: TargetConnection, named: Named, endpoints: Mapping[ResourceId, Seen]
) -> bool | None:
    """Whether this connection makes public DNS point into the zone while no record of it is about to be made.

    Some providers report a connection's group, for others only the endpoint does. The record of an endpoint
    of ours follows by itself, and only its tags say that it is ours.
    """
    endpoint = endpoints.get(connection.endpoint_id) if connection.endpoint_id else None
    if endpoint is not None and endpoint.tags.get(MARK_TAG) == MARK_VALUE:
        return False
    asked = connection_of(endpoint) if endpoint is not None else None
    groups = connection.group_ids or ((asked.group,) if asked and asked.group else ())
    verdicts = [named(one, group) for group in groups]
    if groups and True not in verdicts and None not in verdicts:
        return False
    return True if endpoint is not None and True in verdicts else None


def finding(zone: ResourceId, networks: Iterable[ResourceId], found: HiddenNames) -> str | None:
    """What an operator should know before these networks are linked to the zone; None if nothing."""
    parts = (
        ("concerned", [at.text for at in found.lost]),
        ("perhaps concerned", [at.text for at in found.perhaps]),
        ("not read", list(found.unread)),
    )
    listed = [f"{what}: {_some(items)}" for what, items in parts if items]
    if not listed:
        return None
    linked = ", ".join(network.name for network in networks)
    return (
        f"once linked, {linked} can ask the zone {zone.name} alone, and no longer resolve what has a private "
        f"endpoint and no record in it; {'; '.join(listed)}; remedy: {REMEDY}"
    )


def _some(items: list[str]) -> str:
    rest = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return f"{', '.join(items[:SHOWN])}{rest}"
