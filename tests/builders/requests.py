"""The desired state of one storage account, by the pure core: the start of most plans in these tests."""

from dataclasses import replace
from typing import Any

from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from shared.core.placement.candidates import candidates
from shared.core.placement.site import Candidates
from shared.core.placement.sites import sites
from shared.core.plan.desired import Desired, desired
from shared.core.plan.group_path import Request
from shared.core.policy.intent import Connect, Declined, intent
from shared.core.policy.networks import Networks
from shared.core.readings.observed import Observed
from tests.builders import bodies
from tests.builders.pictures import picture
from tests.builders.policies import a_policy


def wanted(
    observed: Observed | None = None,
    *,
    account: Any = None,
    networks: Networks | None = None,
    **policy: object,
) -> Desired:
    """The desired state with one client network, or these networks, where `observed` has been read."""
    target = Target.parse(account or bodies.account())
    rules = a_policy(**policy)
    connect = intent(target, {}, rules, load())
    assert isinstance(connect, Connect)
    connect = replace(connect, networks=networks)
    found = candidates(target, connect.profile)
    assert isinstance(found, Candidates)
    view = observed or picture({bodies.HUB: bodies.network()})
    chosen = sites(target, connect, found, rules.limits, view)
    assert not isinstance(chosen, Declined | Refusal)
    recorded = frozenset(site.endpoint for site in chosen.values())
    return desired(Request(target, connect, chosen, recorded), view, load())


def listed_by_target(desired: Desired, *statuses: str) -> Desired:
    """The same desired state of a target that lists its endpoint, with each of these statuses."""
    entries = [
        {
            "name": "c",
            "properties": {
                "privateEndpoint": {"id": desired.paths[0].endpoint.id.text},
                "privateLinkServiceConnectionState": {"status": status},
            },
        }
        for status in statuses
    ]
    properties = {**desired.target.properties, "privateEndpointConnections": entries}
    return replace(desired, target=replace(desired.target, properties=properties))
