"""Objects that ARM lists inside their parent's own body: subnets, peerings and security rules.

One network, or one security group, has one reading: its children are always taken from it, and the answer of
a write to a child goes back into it. (Microsoft Learn, REST references "Virtual Networks - Get" and "Network
Security Groups - Get".)
"""

from collections.abc import Iterator

from shared.core.base.bodies import Json, Seen, child_id, mapping, reference, sequence
from shared.core.base.ids import ResourceId
from shared.core.readings.reading import Members

EMBEDDED = frozenset(
    {
        "microsoft.network/virtualnetworks/subnets",
        "microsoft.network/virtualnetworks/virtualnetworkpeerings",
        "microsoft.network/networksecuritygroups/securityrules",
    }
)


def is_embedded(kind: str) -> bool:
    """Objects of this type are listed in their parent's body."""
    return kind in EMBEDDED or kind.lower() in EMBEDDED


def subnets_of(network: Seen) -> Members:
    """The subnets that a virtual network lists."""
    return network.parsed(_subnets)


def peerings_of(network: Seen) -> Members:
    """The peerings that a virtual network lists."""
    return network.parsed(_peerings)


def rules_of_group(group: Seen) -> Members:
    """The security rules that a network security group lists, default rules aside."""
    return group.parsed(_rules)


def embedded(parent: Seen, collection: str) -> Members:
    """The members of one of the collections above. KeyError for any other."""
    return _BY_NAME[collection.lower()](parent)


def with_child(parent: Seen, child: ResourceId, seen: Seen | None) -> Seen:
    """The parent with a newer reading of one child in its body; None takes the child out.

    What answers a need may have another name than `child`: it takes the place of both.
    """
    wanted = child.collection.lower()
    key = next((name for name in parent.properties if name.lower() == wanted), child.collection)
    names = {child.name.lower(), seen.id.name.lower()} if seen else {child.name.lower()}
    entries = [mapping(entry) for entry in sequence(parent.properties.get(key))]
    kept: list[Json] = [entry for entry in entries if _name(entry) not in names]
    if seen is not None:
        old = next((entry for entry in entries if _name(entry) == seen.id.name.lower()), {})
        kept.append({**old, "id": seen.id.text, "name": seen.id.name, **seen.body})
    return Seen(parent.id, {**parent.body, "properties": {**parent.properties, key: kept}})


def _name(entry: Json) -> str:
    return str(entry.get("name") or "").lower()


def _listed(parent: Seen, collection: str) -> Members:
    return Members(tuple(_children(parent, collection)))


def _children(parent: Seen, collection: str) -> Iterator[Seen]:
    for entry in map(mapping, sequence(parent.properties.get(collection))):
        at = reference(entry) or child_id(parent.id, collection, entry.get("name"))
        if at is not None:
            yield Seen(at, entry)


def _subnets(network: Seen) -> Members:
    return _listed(network, "subnets")


def _peerings(network: Seen) -> Members:
    return _listed(network, "virtualNetworkPeerings")


def _rules(group: Seen) -> Members:
    return _listed(group, "securityRules")


_BY_NAME = {
    "subnets": subnets_of,
    "virtualnetworkpeerings": peerings_of,
    "securityrules": rules_of_group,
}
