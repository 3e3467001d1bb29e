"""Checks of names: records that lead to the endpoint, and client networks that resolve their zones."""

from collections.abc import Iterator
from dataclasses import replace

from shared.core.base.ids import ResourceId
from shared.core.kinds import link
from shared.core.kinds.record import pointed_to, record_id
from shared.core.kinds.zone_configs import COLLECTION, ReportedRecord, zone_ids
from shared.core.names.dns_path import NO_PATH, Answer, Ask, Asker
from shared.core.names.resolution import asker, clients
from shared.core.outcome.check import Check, not_provable
from shared.core.outcome.path_state import PathState
from shared.core.plan.desired import Desired
from shared.core.plan.group_path import GroupPath
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present

RECORDS = "records match addresses"
EXTERNAL_RECORDS = "records that someone else keeps match addresses"
LINKS = "network resolves the zone"
EXTERNAL_GROUPS = "someone else's zone group names the right zones"
WRONG_ZONE = "WrongZone"
LINKED = "network is linked to the zone"
EXTERNAL_LINKS = "network resolves the zone that someone else keeps"


def name_checks(path: GroupPath, state: PathState, desired: Desired, observed: Observed) -> Iterator[Check]:
    """The names of one path: in the desired zones, and resolved by every client network."""
    if path.groups_by_others:
        yield _grouped_by_others(path, observed)
    if path.zone_group or path.external:
        yield _records_match(path, state, observed)
    for zone in path.zones:
        asking = asker(zone.id, desired, observed)
        for network in clients(desired, observed):
            yield _resolves(LINKS, f"{network.name}: {zone.id.name}", asking, network)
    for wanted in path.links:
        if wanted.network not in desired.resolvers:
            subject = f"{wanted.network.name}: {wanted.zone.name}"
            yield _linked(LINKED, subject, wanted.zone, wanted.network, observed)
    if not path.named:
        seen = "the endpoint reported no name that determines its zone"
        yield Check("zone known", state.endpoint.name, holds=False, seen=seen)


def _grouped_by_others(path: GroupPath, observed: Observed) -> Check:
    """A zone group that someone else wrote on our endpoint: there, and for the zones that serve the names."""
    at = path.endpoint.id
    groups = observed.listed(at, COLLECTION)
    if not groups:
        return Check(EXTERNAL_GROUPS, at.name, holds=False, seen="no zone group")
    found = {zone for one in groups for zone in zone_ids(one)}
    names = {zone.name.lower() for zone in found}
    lacking = [zone.text for zone in path.kept_zones if zone not in found]
    lacking += [name for name in path.kept_names if not path.kept_zones and name.lower() not in names]
    seen = ", ".join(sorted(zone.text for zone in found)) or "no zone"
    if not lacking:
        return Check(EXTERNAL_GROUPS, at.name, holds=True, seen=seen)
    return Check(
        EXTERNAL_GROUPS,
        at.name,
        holds=False,
        seen=f"{', '.join(one.id.name for one in groups)} of {at.name} writes to {seen}, and not to "
        f"{', '.join(lacking)}",
        code=WRONG_ZONE,
        remedy=f"let what writes the zone group name {', '.join(lacking)}, or correct the profile's dns",
        patient=True,
    )


def external_links(desired: Desired, observed: Observed) -> Iterator[Check]:
    """Zones that someone else keeps, and the client networks that exist."""
    for zone in desired.external_zones(observed):
        asking = asker(zone, desired, observed)
        for network in clients(desired, observed):
            found = _resolves(EXTERNAL_LINKS, f"{network.name}: {zone.text}", asking, network)
            yield replace(found, code="", remedy="")  # it is awaited: someone else writes the links
        for network in desired.linked:
            if network not in desired.resolvers:
                yield _linked(EXTERNAL_LINKS, f"{network.name}: {zone.text}", zone, network, observed)


def _records_match(path: GroupPath, state: PathState, observed: Observed) -> Check:
    """Names exist, are in the desired zones, and point to exactly the endpoint's addresses.

    The zone itself counts. A zone group goes on reporting what the zone has lost (docs/azure/dns.md, DNS-22),
    so its report proves nothing where the zone could not be read.
    """
    name, ips = EXTERNAL_RECORDS if path.external else RECORDS, state.ips
    wanted = {zone.id for zone in path.zones}
    ours = [record for record in state.records if path.external or record.zone in wanted]
    listed = [record for record in ours if _in_zone(record)]
    held = {record: _held(record, observed) for record in listed}
    shown = [(one.fqdn, one.addresses if found is None else found) for one, found in held.items()]
    seen = ", ".join(f"{fqdn} -> {'/'.join(found) or 'nothing'}" for fqdn, found in shown) or "no record"
    if not ips or {ip for _, found in shown for ip in found} != set(ips):
        return Check(name, state.endpoint.name, holds=False, seen=seen)
    unread = sorted({record.zone.text for record, found in held.items() if found is None})
    if unread:
        why = f"{seen} by the zone group alone, as the records of {', '.join(unread)} were not read"
        return not_provable(name, state.endpoint.name, why)
    return Check(name, state.endpoint.name, holds=True, seen=seen)


def _held(record: ReportedRecord, observed: Observed) -> tuple[str, ...] | None:
    """The addresses in the zone; None where neither the record nor the zone's list was read."""
    match observed.reading(record_id(record)):
        case Present(value=found):
            return tuple(sorted(pointed_to(found)))
        case Absent():
            return ()
        case _:
            return None


def _in_zone(record: ReportedRecord) -> bool:
    zone = record.zone.name.lower()
    return record.fqdn == zone or record.fqdn.endswith(f".{zone}")


def _resolves(name: str, subject: str, asking: Asker, network: ResourceId) -> Check:
    """The network's DNS path leads to the zone."""
    match asking.from_network(network):
        case Ask():
            return Check(
                name, subject, holds=False, seen="the zone's links, or the DNS servers, were not read"
            )
        case Answer(holds=None, seen=seen):
            return not_provable(name, subject, seen)
        case Answer(holds, seen, remedy):
            return Check(name, subject, holds, seen, NO_PATH if remedy else "", remedy)


def _linked(name: str, subject: str, zone: ResourceId, network: ResourceId, observed: Observed) -> Check:
    """A network that the policy links and that is no client, such as that of a resolver."""
    if why := observed.refused(zone, link.COLLECTION):
        return not_provable(name, subject, f"the zone's links could not be read: {why}")
    links = observed.members(zone, link.COLLECTION)
    found = link.link_to(links.value, network) if isinstance(links, Present) else None
    if found is None:
        return Check(name, subject, holds=False, seen="no link")
    return Check(name, subject, link.completed(found), link.state_of(found))
