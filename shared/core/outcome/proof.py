"""The proof: checks on what Azure reports after the work, path by path.

"Succeeded" is no proof: a zone group whose zone has the wrong name succeeds without a record, a link may lag
behind its own provisioning state, and a pending endpoint is provisioned without being usable.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.core.base.ids import ResourceId
from shared.core.base.refusal import network_not_found
from shared.core.kinds import link, zone_configs
from shared.core.kinds.endpoint import addresses_of, connection_of
from shared.core.kinds.link import Link
from shared.core.kinds.nic import Address
from shared.core.kinds.peering import Peering
from shared.core.kinds.record import pointed_to, record_id
from shared.core.kinds.zone_configs import ReportedRecord, records_of
from shared.core.names.resolution import custom_servers
from shared.core.outcome.check import Check
from shared.core.outcome.rule_checks import rule_checks
from shared.core.plan.desired import Desired, GroupPath
from shared.core.readings.networks import connected, peering_to, state_of, sync_level
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Present, Unread

EXTERNAL_RECORDS = "records that someone else keeps match addresses"
EXTERNAL_LINKS = "network resolves the zone that someone else keeps"


@dataclass(frozen=True, slots=True)
class PathState:
    """The result for one group: where its endpoint is and under which names it is found."""

    group: str
    endpoint: ResourceId
    status: str
    addresses: tuple[Address, ...]
    records: tuple[ReportedRecord, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """All checks and the paths they were made on. `findings`: what fails no check and should be known."""

    checks: tuple[Check, ...]
    paths: tuple[PathState, ...]
    findings: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Every check holds, and there was something to check."""
        return bool(self.checks) and all(check.holds for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.holds)


def prove(desired: Desired, observed: Observed) -> Proof:
    """Check every path against what was read last."""
    states = tuple(_state(path, observed) for path in desired.paths)
    by_rules, findings = rule_checks(desired, observed)
    checks = (
        *(
            check
            for path, state in zip(desired.paths, states, strict=True)
            for check in _checks(path, state, observed)
        ),
        *_missing_clients(desired, observed),
        *_external_links(desired, observed),
        *(_peered(half, observed) for half in desired.peerings),
        *by_rules,
    )
    return Proof(checks, states, findings)


def _state(path: GroupPath, observed: Observed) -> PathState:
    endpoint = observed.present(path.endpoint.id)
    if endpoint is None:
        return PathState(path.group.group_id, path.endpoint.id, "Missing", (), ())
    connection = connection_of(endpoint)
    return PathState(
        path.group.group_id,
        endpoint.id,
        connection.status if connection else "None",
        addresses_of(endpoint, observed),
        _records(path, observed),
    )


def _records(path: GroupPath, observed: Observed) -> tuple[ReportedRecord, ...]:
    if path.zone_group is None and not path.external:
        return ()
    groups = observed.listed(path.endpoint.id, zone_configs.COLLECTION)
    return tuple(record for group in groups for record in records_of(group))


def _checks(path: GroupPath, state: PathState, observed: Observed) -> Iterator[Check]:
    subject = path.endpoint.id.name
    endpoint = observed.present(path.endpoint.id)
    provisioned = endpoint.state if endpoint else "missing"
    yield Check("endpoint provisioned", subject, provisioned == "succeeded", provisioned)
    yield Check("connection approved", subject, state.status.lower() == "approved", state.status)
    ips = tuple(address.ip for address in state.addresses)
    yield Check("endpoint has addresses", subject, bool(ips), ", ".join(ips) or "none")
    if path.zone_group or path.external:
        yield _records_match(path, state, ips, observed)
    for wanted in path.links:
        yield _linked(wanted, observed)
    if not path.named:
        seen = "the endpoint reported no name that determines its zone"
        yield Check("zone known", subject, holds=False, seen=seen)


def _peered(wanted: Peering, observed: Observed) -> Check:
    network = observed.present(wanted.local)
    half = peering_to(network, wanted.remote) if network else None
    seen = f"{state_of(half)} {sync_level(half)}".strip() if half else "none"
    subject = f"{wanted.local.name} -> {wanted.remote.name}"
    return Check("networks peered", subject, half is not None and connected(half), seen)


def _records_match(path: GroupPath, state: PathState, ips: tuple[str, ...], observed: Observed) -> Check:
    """Names exist, are in the desired zones, and point to exactly the endpoint's addresses.

    What the zone itself holds counts for more than what the zone group reports.
    """
    wanted = {zone.id for zone in path.zones}
    ours = [record for record in state.records if path.external or record.zone in wanted]
    held = [(record.fqdn, _held(record, observed)) for record in ours if _in_zone(record)]
    recorded = {ip for _, addresses in held for ip in addresses}
    seen = ", ".join(f"{name} -> {'/'.join(found) or 'nothing'}" for name, found in held) or "no record"
    name = EXTERNAL_RECORDS if path.external else "records match addresses"
    return Check(name, state.endpoint.name, bool(ips) and recorded == set(ips), seen)


def _held(record: ReportedRecord, observed: Observed) -> tuple[str, ...]:
    """The addresses in the zone where the record was read alone, else what the zone group reports."""
    match observed.objects.get(record_id(record)):
        case None | Unread():
            return record.addresses
        case Present(value=found):
            return tuple(sorted(pointed_to(found)))
        case _:
            return ()


def _in_zone(record: ReportedRecord) -> bool:
    zone = record.zone.name.lower()
    return record.fqdn == zone or record.fqdn.endswith(f".{zone}")


def _missing_clients(desired: Desired, observed: Observed) -> Iterator[Check]:
    """Client networks that do not exist: only a person knows which ones were meant."""
    for network in dict.fromkeys((*desired.missing, *desired.clients, *desired.resolvers)):
        if observed.absent(network):
            missing = network_not_found(network)
            yield Check(
                "client network exists", network.name, False, missing.reason, missing.code, missing.remedy
            )


def _external_links(desired: Desired, observed: Observed) -> Iterator[Check]:
    """A zone that cannot be read is a finding; a network with custom DNS servers asks no zone."""
    for zone in desired.external_zones(observed):
        if observed.refused(zone, link.COLLECTION):
            continue
        for network in desired.resolvers:
            if not observed.absent(network) and not custom_servers(network, observed):
                done, state = _link_to(zone, network, observed)
                yield Check(EXTERNAL_LINKS, f"{network.name}: {zone.text}", done, state)


def _linked(wanted: Link, observed: Observed) -> Check:
    done, state = _link_to(wanted.zone, wanted.network, observed)
    subject = f"{wanted.network.name}: {wanted.zone.name}"
    return Check("network resolves the zone", subject, done, state)


def _link_to(zone: ResourceId, network: ResourceId, observed: Observed) -> tuple[bool, str]:
    """Whether a link of any name lets the network resolve the zone, and its state."""
    links = observed.members(zone, link.COLLECTION)
    found = link.link_to(links.value, network) if isinstance(links, Present) else None
    if found is None:
        return False, "no link"
    return link.completed(found), str(found.properties.get("virtualNetworkLinkState") or found.state)
