"""Allow rules of ours that let more clients to a target's endpoints than its profile names.

Rules for a subnet or an application security group are for all endpoints there, so no target withdraws them:
those of another profile, or of an earlier policy, stay until a person deletes them.
"""

from collections.abc import Iterable, Iterator

from shared.core.base.bodies import Seen, reference, sequence
from shared.core.base.ids import ResourceId
from shared.core.kinds import endpoint as endpoints
from shared.core.kinds import wide_rule
from shared.core.kinds.rule import is_our_rule
from shared.core.plan.desired import Desired
from shared.core.plan.group_path import GroupPath
from shared.core.readings.embedded import rules_of_group
from shared.core.readings.networks import enforced, group_of
from shared.core.readings.observed import Observed
from shared.core.rules.addresses import AddressSet
from shared.core.rules.nsg import parsed_rule


def wider_rules(desired: Desired, observed: Observed) -> tuple[str, ...]:
    """Findings, each once: which rule lets whom in beside the clients."""
    if not desired.rules:
        return ()
    wanted = {rule.id for rule in desired.rules}
    clients = AddressSet(tuple(text for rule in desired.rules for text in rule.sources))
    found = (
        _finding(rule, more)
        for path in desired.paths
        for rule in _over(path, observed)
        if rule.id not in wanted and (more := _more(rule, clients))
    )
    return tuple(dict.fromkeys(found))


def _finding(rule: Seen, more: tuple[str, ...]) -> str:
    group = rule.id.parent.name if rule.id.parent else ""
    return (
        f"the rule {rule.id.name} of {group} lets {', '.join(more)} get to the endpoints too: it is of "
        "another profile or of an earlier policy; delete it if no profile needs it"
    )


def _more(rule: Seen, clients: AddressSet) -> tuple[str, ...]:
    """The prefixes that it lets in and that are no clients'."""
    return tuple(text for text in parsed_rule(rule).sources.texts if not clients.covers(text))


def _over(path: GroupPath, observed: Observed) -> Iterator[Seen]:
    """Our allow rules in the endpoint's security group for its addresses, or for a group that it is in."""
    subnet, have = observed.present(path.endpoint.subnet), observed.present(path.endpoint.id)
    at = group_of(subnet) if subnet and enforced(subnet) else None
    group = observed.present(at) if at else None
    if group is None or have is None:
        return
    addresses = tuple(one.ip for one in endpoints.addresses_of(have, observed))
    memberships = _references(have.properties.get(endpoints.GROUPS))
    for rule in rules_of_group(group).items:
        if is_our_rule(rule) and parsed_rule(rule).allows and _is_for(rule, addresses, memberships):
            yield rule


def _is_for(rule: Seen, addresses: Iterable[str], memberships: frozenset[ResourceId]) -> bool:
    destinations = parsed_rule(rule).destinations
    named = _references(rule.properties.get(wide_rule.GROUPS))
    return bool(named & memberships) or any(map(destinations.overlaps, addresses))


def _references(listed: object) -> frozenset[ResourceId]:
    found = (reference(one) for one in sequence(listed))
    return frozenset(one for one in found if one)
