"""Checks of one endpoint, from its own side and from the target's.

An endpoint may go on saying Approved after its target was deleted and made again under the same id: the
target's own list is then empty (dolevshor/azure-orphan-resources#69).
"""

from collections.abc import Iterator

from shared.core.base.bodies import Seen
from shared.core.base.target import TargetConnection, listed_connections
from shared.core.kinds.endpoint import connection_of, nic_of, reported_addresses, subnet_of
from shared.core.kinds.nic import addresses_in
from shared.core.outcome.check import Check, not_provable
from shared.core.outcome.path_state import PathState
from shared.core.plan.desired import Desired
from shared.core.plan.group_path import GroupPath
from shared.core.readings.networks import prefixes_in
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Present
from shared.core.rules.traffic import common, ranges, traffic_range

NOT_LISTED = "ConnectionNotListed"


def endpoint_checks(
    path: GroupPath, state: PathState, desired: Desired, observed: Observed
) -> Iterator[Check]:
    """What one endpoint must be: there, of this target and group, approved, in its subnet, with addresses."""
    subject = path.endpoint.id.name
    endpoint = observed.present(path.endpoint.id)
    provisioned = endpoint.state if endpoint else "missing"
    yield Check("endpoint provisioned", subject, provisioned == "succeeded", provisioned)
    yield Check("connection approved", subject, state.status.lower() == "approved", state.status)
    if endpoint is not None:
        yield _connects(path, endpoint)
        yield _in_subnet(path, endpoint)
        yield _listed(path, state, desired, observed)
    yield _has_addresses(state, endpoint, observed)
    if endpoint is not None and state.ips:
        yield _addresses_in_subnet(path, state.ips, observed)


def _connects(path: GroupPath, endpoint: Seen) -> Check:
    want, connection = path.endpoint, connection_of(endpoint)
    if connection is None:
        return Check("endpoint connects to the resource", want.id.name, holds=False, seen="no connection")
    right = connection.target == want.target and connection.group.lower() == want.group.lower()
    seen = f"{connection.group} of {connection.target.text if connection.target else 'another resource'}"
    return Check("endpoint connects to the resource", want.id.name, right, seen)


def _in_subnet(path: GroupPath, endpoint: Seen) -> Check:
    found = subnet_of(endpoint)
    seen = found.text if found else "no subnet"
    return Check("endpoint is in its subnet", path.endpoint.id.name, found == path.endpoint.subnet, seen)


def _listed(path: GroupPath, state: PathState, desired: Desired, observed: Observed) -> Check:
    """The target knows the connection too, as approved."""
    name, at = "resource lists the connection", path.endpoint.id
    connections = _connections(desired, observed)
    if isinstance(connections, str):
        return not_provable(name, at.name, connections)
    found = [one.status or "no status" for one in connections if one.endpoint_id == at]
    if found:
        return Check(name, at.name, any(one.lower() == "approved" for one in found), ", ".join(found))
    if state.status.lower() != "approved":
        return Check(name, at.name, holds=False, seen="not listed")
    return Check(
        name,
        at.name,
        holds=False,
        seen=f"the resource does not list the endpoint {at.text}, which says that it is connected",
        code=NOT_LISTED,
        remedy=f"delete the private endpoint {at.text}, whose connection is to an earlier resource of this "
        "id, then rerun the resource",
        patient=True,
    )


def _connections(desired: Desired, observed: Observed) -> tuple[TargetConnection, ...] | str:
    """The connections as the target's body or its list has them, or why they are not known."""
    if desired.target.lists_connections:
        return desired.target.connections
    if desired.connections is None:
        return "nothing says how the resource's own list of connections is read"
    read = desired.connections
    listed = observed.members(read.at, read.collection)
    if isinstance(listed, Present):
        return listed_connections(one.body for one in listed.value.items)
    why = observed.refused(read.at, read.collection) or "it does not exist"
    return f"the resource's own list of connections could not be read: {why}"


def _has_addresses(state: PathState, endpoint: Seen | None, observed: Observed) -> Check:
    """The network interface has them, and what the endpoint itself reports does not contradict it."""
    name, subject = "endpoint has addresses", state.endpoint.name
    seen = ", ".join(state.ips) or "none"
    nic = nic_of(endpoint) if endpoint else None
    interface = observed.present(nic) if nic else None
    if endpoint is None or interface is None:
        return Check(name, subject, holds=False, seen=f"{seen}; its network interface was not read")
    held = {one.ip for one in addresses_in(interface)}
    other = [one.ip for one in reported_addresses(endpoint) if one.ip not in held]
    if other:
        return Check(name, subject, holds=False, seen=f"{seen}; the endpoint reports {', '.join(other)}")
    return Check(name, subject, bool(held), seen)


def _addresses_in_subnet(path: GroupPath, ips: tuple[str, ...], observed: Observed) -> Check:
    name, at = "addresses are in the subnet", path.endpoint.subnet
    subnet = observed.present(at)
    if subnet is None:
        return not_provable(name, path.endpoint.id.name, f"the subnet {at.text} was not read")
    outside = [ip for ip in ips if not _within(ip, subnet)]
    seen = f"{', '.join(outside)} outside of {at.name}" if outside else at.name
    return Check(name, path.endpoint.id.name, not outside, seen)


def _within(ip: str, subnet: Seen) -> bool:
    return bool(common((traffic_range(ip),), ranges(prefixes_in(subnet.properties))))
