"""The proof: checks on what Azure reports after the work, leg by leg.

Place in the data's way: from a fresh `Observed`, after the plan was carried out. "Succeeded" is no proof:
a zone group whose zone has the wrong name succeeds without a record, a link may lag behind its own
provisioning state, and a pending endpoint is provisioned without being usable.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.core.base.ids import ResourceId
from shared.core.kinds import link, peering, zone_group
from shared.core.kinds.addresses import addresses_of
from shared.core.kinds.endpoint import connection_of
from shared.core.kinds.nic import Address
from shared.core.kinds.peering import Peering
from shared.core.kinds.record import held_by, record_id
from shared.core.kinds.rule import Rule
from shared.core.kinds.zone_group import Record, records_of
from shared.core.names.resolution import kept_elsewhere, own_servers
from shared.core.plan.decide import MAKE_NETWORK, NO_NETWORK
from shared.core.plan.desired import Desired, Leg
from shared.core.readings.observed import Observed
from shared.core.rules import egress
from shared.core.rules.egress import Exit, Way, exits
from shared.core.rules.ingress import applies, in_force, used_ports
from shared.core.rules.verdict import Verdict

EXTERNAL_RECORDS = "records that somebody else keeps match addresses"
EXTERNAL_LINKS = "network resolves the zone that somebody else keeps"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true: what, of which object, whether it is, and what was seen.

    `remedy`: only a person can mend it, in this way, and `code` names the fault. Empty: a rerun may.
    """

    name: str
    subject: str
    holds: bool
    seen: str
    code: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """What the work made of one group: where it is and under which names it is found."""

    group: str
    endpoint: ResourceId
    status: str
    addresses: tuple[Address, ...]
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """All checks and the paths they were made on. `findings`: what fails no check and is worth hearing."""

    checks: tuple[Check, ...]
    paths: tuple[Path, ...]
    findings: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Every check holds, and there was something to check."""
        return bool(self.checks) and all(check.holds for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.holds)


def prove(desired: Desired, observed: Observed) -> Proof:
    """Check every leg against what was read last."""
    inward = tuple(_judged(desired, observed))
    outward = exits(desired.clients, [_way(leg, observed) for leg in desired.legs], observed)
    checks = (
        *(check for leg in desired.legs for check in _checks(leg, observed)),
        *_missing_clients(desired, observed),
        *_linked_elsewhere(desired, observed),
        *(_peered(half, observed) for half in desired.peerings),
        *(_let_in(wanted, verdict) for wanted, verdict in inward),
        *(_let_out(network) for network in outward),
    )
    told = (
        *(
            f"whether clients reach {_traffic(wanted)} cannot be told: it hangs on the rule {verdict.by} of "
            f"{wanted.nsg.name}"
            for wanted, verdict in inward
            if verdict and verdict.allowed is None
        ),
        *(text for network in outward for text in network.told),
    )
    return Proof(checks, tuple(_path(leg, observed) for leg in desired.legs), told)


def _path(leg: Leg, observed: Observed) -> Path:
    endpoint = observed.see(leg.endpoint.id)
    if endpoint is None:
        return Path(leg.group.group_id, leg.endpoint.id, "Missing", (), ())
    connection = connection_of(endpoint)
    addresses = addresses_of(endpoint, observed)
    return Path(
        leg.group.group_id,
        endpoint.id,
        connection.status if connection else "None",
        addresses,
        _records(leg, observed),
    )


def _records(leg: Leg, observed: Observed) -> tuple[Record, ...]:
    if leg.zone_group is None and not leg.external:
        return ()
    groups = observed.listed(leg.endpoint.id, zone_group.COLLECTION)
    return tuple(record for group in groups for record in records_of(group))


def _checks(leg: Leg, observed: Observed) -> Iterator[Check]:
    path = _path(leg, observed)
    subject = leg.endpoint.id.name
    endpoint = observed.see(leg.endpoint.id)
    state = endpoint.state if endpoint else "missing"
    yield Check("endpoint provisioned", subject, state == "succeeded", state)
    yield Check("connection approved", subject, path.status.lower() == "approved", path.status)
    ips = tuple(address.ip for address in path.addresses)
    yield Check("endpoint has addresses", subject, bool(ips), ", ".join(ips) or "none")
    if leg.zone_group or leg.external:
        yield _records_match(leg, path, ips, observed)
    yield from _links(leg, observed)
    if not leg.named:
        yield Check(
            "zone known", subject, holds=False, seen="the endpoint reported no name that tells its zone"
        )


def _peered(wanted: Peering, observed: Observed) -> Check:
    half = wanted.at(observed.listed(wanted.local, peering.COLLECTION))
    seen = (
        f"{peering.state_of(half)} {half.properties.get('peeringSyncLevel') or ''}".strip()
        if half
        else "none"
    )
    holds = half is not None and peering.connected(half)
    return Check("networks peered", f"{wanted.local.name} -> {wanted.remote.name}", holds, seen)


def _judged(desired: Desired, observed: Observed) -> Iterator[tuple[Rule, Verdict | None]]:
    """What stands against the traffic of each allow rule, where rules apply to the endpoints at all."""
    if any(applies(leg.endpoint, observed) for leg in desired.legs):
        for wanted in desired.rules:
            if wanted.access == "Allow":
                yield wanted, in_force(wanted, observed)


def _let_in(wanted: Rule, verdict: Verdict | None) -> Check:
    """Rules let the clients through. A doubt is told as a finding: only a person can know."""
    denied = verdict is not None and verdict.allowed is False
    seen = "allowed"
    if verdict:
        seen = f"denied by {verdict.by}" if denied else f"not known: it hangs on {verdict.by}"
    return Check("rules let clients through", _traffic(wanted), not denied, seen)


def _traffic(wanted: Rule) -> str:
    return f"{', '.join(wanted.destinations)} port {', '.join(wanted.ports)}"


def _way(leg: Leg, observed: Observed) -> Way:
    addresses = tuple(address.ip for address in _path(leg, observed).addresses)
    return Way(leg.endpoint.subnet, addresses, used_ports(leg.group))


def _let_out(network: Exit) -> Check:
    """Somebody gets out of a client network, by the rules on its own subnets."""
    name, subject = "rules let clients out", network.network.name
    if not network.shut:
        return Check(name, subject, holds=True, seen="allowed")
    seen = "; ".join(map(str, network.shut))
    return Check(name, subject, holds=False, seen=seen, code=egress.CODE, remedy=network.shut[0].remedy)


def _records_match(leg: Leg, path: Path, ips: tuple[str, ...], observed: Observed) -> Check:
    """Names exist, lie in the wanted zones, and point to exactly the endpoint's addresses.

    What the zone itself was read to hold counts for more than what the zone group reports.
    """
    wanted = {zone.id for zone in leg.zones}
    ours = [record for record in path.records if leg.external or record.zone in wanted]
    inside = [record for record in ours if _in_zone(record)]
    held = [(record.fqdn, _held(record, observed)) for record in inside]
    recorded = {ip for _, addresses in held for ip in addresses}
    seen = ", ".join(f"{name} -> {'/'.join(found) or 'nothing'}" for name, found in held) or "no record"
    name = EXTERNAL_RECORDS if leg.external else "records match addresses"
    return Check(name, path.endpoint.name, bool(ips) and recorded == set(ips), seen)


def _held(record: Record, observed: Observed) -> tuple[str, ...]:
    at = record_id(record)
    return tuple(sorted(held_by(observed.objects[at]))) if observed.looked_at(at) else record.addresses


def _in_zone(record: Record) -> bool:
    zone = record.zone.name.lower()
    return record.fqdn == zone or record.fqdn.endswith(f".{zone}")


def _links(leg: Leg, observed: Observed) -> Iterator[Check]:
    for wanted in leg.links:
        done, state = _link_to(wanted.zone, wanted.network, observed)
        yield Check("network resolves the zone", f"{wanted.network.name}: {wanted.zone.name}", done, state)


def _missing_clients(desired: Desired, observed: Observed) -> Iterator[Check]:
    """Networks from which nobody can come: only a person knows which one was meant."""
    for network in dict.fromkeys((*desired.clients, *desired.resolvers)):
        if observed.absent(network):
            seen = f"the network {network.text} does not exist"
            yield Check("client network exists", network.name, False, seen, NO_NETWORK, MAKE_NETWORK)


def _linked_elsewhere(desired: Desired, observed: Observed) -> Iterator[Check]:
    """A zone that cannot be read is told as a finding; a network with servers of its own asks no zone."""
    for zone in kept_elsewhere(desired, observed):
        for network in desired.resolvers if zone not in observed.unreadable else ():
            if not observed.absent(network) and not own_servers(observed.objects.get(network)):
                done, state = _link_to(zone, network, observed)
                yield Check(EXTERNAL_LINKS, f"{network.name}: {zone.text}", done, state)


def _link_to(zone: ResourceId, network: ResourceId, observed: Observed) -> tuple[bool, str]:
    """Whether a link of any name lets the network resolve the zone, and its state."""
    links = observed.listed(zone, link.COLLECTION)
    seen = next((one for one in links if link.network_of(one) == network), None)
    if seen is None:
        return False, "no link"
    return link.completed(seen), str(seen.properties.get("virtualNetworkLinkState") or seen.state)
