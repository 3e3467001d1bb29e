"""Checks and findings about security rules and routes: whether clients can reach the endpoints by them."""

from collections.abc import Iterable, Iterator

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.endpoint import Endpoint, addresses_of
from shared.core.kinds.rule import Rule
from shared.core.kinds.rule_effect import in_force, without_denial
from shared.core.outcome.check import Check, not_provable
from shared.core.plan.desired import Desired
from shared.core.plan.desired_rules import used_ports
from shared.core.plan.group_path import GroupPath
from shared.core.policy.intent import Connect
from shared.core.readings.networks import POLICIES, enforced, group_of, policies_of
from shared.core.readings.observed import Observed
from shared.core.rules import egress, routes
from shared.core.rules.egress import Egress
from shared.core.rules.path_ends import Destination
from shared.core.rules.verdict import Verdict

DENIED = "others are denied"
OUTBOUND = (  # name, code, and what is seen where it holds
    ("rules let clients out", egress.CODE, "allowed"),
    ("routes let clients out", routes.CODE, "not dropped"),
)


def rule_checks(desired: Desired, observed: Observed) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """Checks that rules let clients in, and rules and routes let them out, and what cannot be decided."""
    if not desired.rules and not desired.clients and not desired.denies:
        return (), ()
    inbound = tuple(_verdicts(desired, observed))
    ends = [_destination(path, observed) for path in desired.paths]
    outbound = egress.egress(desired.clients, ends, observed, desired.parts)
    checks = (
        *_denied(desired, observed),
        *(_let_in(rule, verdict) for rule, verdict in inbound),
        *(check for network in outbound for check in _let_out(network)),
    )
    undecided = (
        *(_undecided(rule, verdict) for rule, verdict in inbound if verdict and verdict.allowed is None),
        *(text for network in outbound for text in network.findings),
    )
    return checks, undecided


def rule_findings(connect: Connect, endpoints: Iterable[Endpoint], observed: Observed) -> tuple[str, ...]:
    """What an operator should know though it is no failure: where rules do not filter what they seem to."""
    if connect.profile.nsg.mode == "ignore":
        return ()
    found: list[str] = []
    for endpoint in {endpoint.subnet: endpoint for endpoint in endpoints}.values():
        name, subnet = endpoint.subnet.name, observed.present(endpoint.subnet)
        if subnet is None:
            continue
        if group_of(subnet) is None:
            bare = f"subnet {name} has no network security group: nothing filters its endpoints"
            found.append(bare + _advice(connect, endpoint))
        elif not enforced(subnet):
            found.append(f"network policies are off in subnet {name}: rules do not apply to endpoints")
    return tuple(found)


def _advice(connect: Connect, endpoint: Endpoint) -> str:
    """How the endpoint's subnet gets a group, where Causeway is not to attach one."""
    nsg = connect.profile.nsg
    if nsg.create_group:
        return "; attach one by hand: the endpoint is someone else's" if endpoint.adopted else ""
    ensure = "" if nsg.mode == "ensure" else "nsg.mode: ensure and "
    return f"; attach one, or set {ensure}nsg.create_group: true to have it made"


def _applies(subnet: Seen | None) -> bool:
    """Rules apply to the subnet's endpoints: it has a group, and network policies on."""
    return subnet is not None and enforced(subnet) and group_of(subnet) is not None


def _verdicts(desired: Desired, observed: Observed) -> Iterator[tuple[Rule, Verdict | None]]:
    """What blocks the traffic of each allow rule, where rules apply to the endpoints at all."""
    if any(_applies(observed.present(path.endpoint.subnet)) for path in desired.paths):
        for rule in desired.rules:
            if rule.access == "Allow":
                yield rule, in_force(rule.traffic, observed)


def _let_in(rule: Rule, verdict: Verdict | None) -> Check:
    """Rules let the clients through. A doubt is a finding: only a person can decide it."""
    name, traffic = "rules let clients through", _traffic(rule)
    if verdict is None:
        return Check(name, traffic, holds=True, seen="allowed")
    if verdict.allowed is None:
        return not_provable(name, traffic, f"it depends on {verdict.by}")
    return Check(name, traffic, holds=False, seen=f"denied by {verdict.by}")


def _denied(desired: Desired, observed: Observed) -> Iterator[Check]:
    """A denial that the policy asks for is in force in each subnet that holds an endpoint."""
    if desired.denies:
        for at in dict.fromkeys(path.endpoint.subnet for path in desired.paths):
            yield _denied_in(at, desired, observed)


def _denied_in(at: ResourceId, desired: Desired, observed: Observed) -> Check:
    subnet = observed.present(at)
    if subnet is None:
        return not_provable(DENIED, at.name, f"the subnet {at.text} was not read")
    group = group_of(subnet)
    if group is None:
        seen = f"subnet {at.name} has no network security group: nothing denies others"
        return _not_in_force(
            at, seen, "attach a group to it, or set nsg.create_group: true with nsg.mode: ensure"
        )
    if not enforced(subnet):
        seen = f"network policies are off in subnet {at.name} ({policies_of(subnet)}): nothing denies others"
        return _not_in_force(at, seen, f"turn {POLICIES} on in it, or set nsg.enforce_on_endpoints: true")
    if observed.present(group) is None:
        return not_provable(DENIED, at.name, f"the group {group.text} was not read")
    denials = [rule for rule in desired.rules if rule.nsg == group and rule.access == "Deny"]
    open_to = next(filter(None, (without_denial(rule.traffic, observed) for rule in denials)), None)
    if open_to:
        return Check(DENIED, at.name, holds=False, seen=f"no rule of {group.name} denies others at {open_to}")
    if not denials and desired.addressed:
        return Check(DENIED, at.name, holds=False, seen=f"{group.name} has no rule for the endpoint")
    return Check(DENIED, at.name, bool(denials), "denied")


def _not_in_force(at: ResourceId, seen: str, remedy: str) -> Check:
    leave = "or set nsg.default_deny: false in the profile"
    return Check(DENIED, at.name, False, seen, "DenialNotInForce", f"{remedy}, {leave}")


def _undecided(rule: Rule, verdict: Verdict) -> str:
    return (
        f"whether clients reach {_traffic(rule)} cannot be decided: it depends on the rule {verdict.by} of "
        f"{rule.nsg.name}"
    )


def _traffic(rule: Rule) -> str:
    return f"{', '.join(rule.destinations)} port {', '.join(rule.ports)}"


def _destination(path: GroupPath, observed: Observed) -> Destination:
    endpoint = observed.present(path.endpoint.id)
    addresses = addresses_of(endpoint, observed) if endpoint else ()
    return Destination(path.endpoint.subnet, tuple(one.ip for one in addresses), used_ports(path.group))


def _let_out(network: Egress) -> Iterator[Check]:
    """Some client gets out of a client network, by the rules and by the routes on its own subnets."""
    for name, code, fine in OUTBOUND:
        stops = [stop for stop in network.blocked if stop.code == code]
        unread = [why for of, why in network.unread if of == code]
        if not stops and unread:
            yield not_provable(name, network.network.name, "; ".join(unread))
            continue
        if not stops:
            yield Check(name, network.network.name, holds=True, seen=fine)
            continue
        seen = "; ".join(map(str, stops))
        yield Check(name, network.network.name, holds=False, seen=seen, code=code, remedy=stops[0].remedy)
