"""What a new endpoint does to the names of networks that the profile does not list.

From its approval on, public DNS leads the target's name to the zone's name, so every network that is linked
to a zone of that name asks this zone (docs/azure/dns.md, DNS-26): those of our zone get the private address,
those of another zone "no such name" where that zone has no record.
"""

from collections.abc import Iterable, Iterator

from shared.core.base.ids import ResourceId
from shared.core.kinds.link import COLLECTION, links_of
from shared.core.plan.actions import Create, Replace
from shared.core.plan.desired import Desired
from shared.core.plan.group_path import GroupPath
from shared.core.plan.plan import Plan
from shared.core.readings.observed import Observed
from shared.core.readings.other_zones import LinkedElsewhere
from shared.core.readings.reading import Present

SHOWN = 10  # ids in one finding; the rest is counted


def outside(desired: Desired, plan: Plan, observed: Observed) -> tuple[str, ...]:
    """One finding for each zone and effect, before the endpoint is created."""
    created = {action.id for action in plan.actions if isinstance(action, Create | Replace)}
    paths = [path for path in desired.paths if path.endpoint.id in created]
    zones = dict.fromkeys(zone.id for path in paths for zone in path.zones)
    served = frozenset((*desired.resolvers, *desired.linked))
    return (
        *(text for zone in zones for text in _in_zone(zone, served, desired, observed)),
        *(
            text
            for name in dict.fromkeys(name for path in paths for name in path.kept_names)
            for text in _in_kept(name, desired, observed)
        ),
        *_for_all(desired.paths, created),
    )


def _in_zone(
    zone: ResourceId, served: frozenset[ResourceId], desired: Desired, observed: Observed
) -> Iterator[str]:
    name = desired.target.id.name
    listed = observed.members(zone, COLLECTION)
    ours = links_of(listed.value) if isinstance(listed, Present) else ()
    if others := [one.network for one in ours if one.network not in served]:
        yield (
            f"networks outside the profile that are linked to {zone.text} get the private address of {name} "
            f"too, and need a path to it: {_some(others)}"
        )
    elsewhere = observed.elsewhere.get(zone.name.lower(), LinkedElsewhere())
    connected = any(one.status.lower() == "approved" for one in desired.target.connections)
    lost = [one for one in elsewhere.links if one.network not in served and not one.fallback]
    if lost and not connected:
        zones = ", ".join(dict.fromkeys(one.zone.text for one in lost))
        yield (
            f"networks outside the profile that ask another {zone.name} ({zones}) no longer resolve {name}, "
            f"unless that zone has a record for it: {_some(one.network for one in lost)}"
        )
    if elsewhere.unread:
        yield (
            f"whether other networks ask another zone named {zone.name} is not known for "
            f"{'; '.join(elsewhere.unread)}"
        )


def _in_kept(zone: str, desired: Desired, observed: Observed) -> Iterator[str]:
    """Zones that someone else keeps hide the name from every network that asks them, clients included."""
    found = observed.elsewhere.get(zone.lower(), LinkedElsewhere())
    lost = [one for one in found.links if not one.fallback]
    if lost and not any(one.status.lower() == "approved" for one in desired.target.connections):
        zones = ", ".join(dict.fromkeys(one.zone.text for one in lost))
        yield (
            f"networks that ask {zones} no longer resolve {desired.target.id.name} until that zone has a "
            f"record for it, which is not written here: {_some(one.network for one in lost)}"
        )


def _for_all(paths: Iterable[GroupPath], created: Iterable[ResourceId]) -> Iterator[str]:
    made = set(created)
    links = {link.id: link for path in paths for link in path.links if link.for_all and link.id in made}
    for zone in dict.fromkeys(link.zone for link in links.values()):
        networks = [link.network for link in links.values() if link.zone == zone]
        yield (
            f"{_some(networks)}: from now on asks {zone.name} alone for all resources of this service, "
            "whether the endpoint serves them or not (allowed by dns.shared_names)"
        )


def _some(networks: Iterable[ResourceId]) -> str:
    texts = list(dict.fromkeys(at.text for at in networks))
    rest = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return f"{', '.join(texts[:SHOWN])}{rest}"
