"""What has to be read around a target before it is decided where its endpoints go."""

from collections.abc import Collection, Iterator

from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.kinds.endpoint import subnet_of
from shared.core.kinds.zone_configs import COLLECTION as ZONE_GROUPS
from shared.core.placement.candidates import own_ids
from shared.core.placement.site import Candidates
from shared.core.placement.sites import earlier
from shared.core.policy.intent import Connect, Declined
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read
from shared.core.rules.path_ends import groups_in, tables_in


def surroundings(
    target: Target,
    connect: Connect,
    found: Candidates | Declined | Refusal,
    recorded: Collection[ResourceId],
    ours: Collection[ResourceId],
    observed: Observed,
) -> Iterator[Read]:
    """What has to be read before a site is chosen.

    Networks of candidates and clients, the security groups and route tables of clients' subnets where rules
    count, and the endpoints that others connected to the target with their zone groups and networks.
    `recorded` are endpoints that were made for the target before, `ours` those that exist or are to be made
    for any placement: none of these is another owner's.
    """
    profile = connect.profile
    subnets = found.subnets if isinstance(found, Candidates) else ()
    wanted = profile.peering.mode != "ignore" or judged(connect) or routed(connect)
    needed = {subnet.parent for subnet in subnets}
    needed |= set(connect.reach.hubs if profile.peering.mode != "ignore" else ())
    clients = set(connect.reach.clients if wanted else ()) - needed
    for network in sorted(filter(None, needed), key=lambda at: at.key):
        yield Read(network, shared=True)
    for network in sorted(
        clients, key=lambda at: at.key
    ):  # one that is not read leaves the others their path
        yield Read(network, shared=True, tolerate="refusal")
    if connect.placement:  # a client belongs to the placement in whose networks it asks for names
        for network in dict.fromkeys(at for ids in connect.reach.linked.values() for at in ids):
            yield Read(network, shared=True, tolerate="refusal")
    parts, filtered = connect.reach.parts, frozenset(judged(connect))
    for client in dict.fromkeys((*judged(connect), *routed(connect))):
        if network_body := observed.present(client):
            groups = groups_in(network_body, parts) if client in filtered else ()
            for at in (*groups, *tables_in(network_body, parts)):
                yield Read(at, shared=True, tolerate="refusal")
    made = own_ids(target, connect, found) if isinstance(found, Candidates) else ()
    for at in sorted({one for new in made for one in earlier(new, recorded)}, key=lambda at: at.key):
        yield Read(at)
    for foreign in sorted(_connected(target).difference(recorded, ours), key=lambda at: at.key):
        yield Read(foreign, tolerate="refusal")
        if observed.known(foreign):
            yield Read(foreign, ZONE_GROUPS, tolerate="refusal")
        yield from _network_of(foreign, connect, observed)


def judged(connect: Connect) -> tuple[ResourceId, ...]:
    """The client networks whose own rules and routes count: none where the operator ignores rules.

    They count in any case where public access is to be disabled, which leaves clients no other path.
    """
    profile = connect.profile
    ignored = profile.nsg.mode == "ignore" and profile.public_access == "leave"
    return () if ignored else tuple(dict.fromkeys(connect.reach.clients))


def routed(connect: Connect) -> tuple[ResourceId, ...]:
    """The client networks whose next hops are reported."""
    return tuple(dict.fromkeys(connect.reach.clients)) if connect.profile.routes == "report" else ()


def _connected(target: Target) -> set[ResourceId]:
    return {one.endpoint_id for one in target.connections if one.endpoint_id}


def _network_of(foreign: ResourceId, connect: Connect, observed: Observed) -> Iterator[Read]:
    """The network of another owner's endpoint, where one in it counts as ours would."""
    body = observed.present(foreign)
    subnet, accepted = subnet_of(body) if body else None, connect.reach.accepted
    if subnet and subnet.parent and (subnet in accepted or subnet.parent in accepted):
        yield Read(subnet.parent, shared=True, tolerate="refusal")
