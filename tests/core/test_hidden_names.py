"""Names that a network can no longer resolve once it is linked to a zone without their records."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import load
from shared.core.kinds.link import Link, link_id
from shared.core.names.hidden import (
    ConnectedResource,
    HiddenNames,
    finding,
    hidden_names,
    naming,
    new_links,
    open_questions,
)
from shared.core.plan.actions import Action, Block, Create, Keep, Replace
from shared.core.plan.plan import Plan
from tests.builders import bodies
from tests.builders.requests import wanted

BLOB = bodies.ZONE.name
GROUP = bodies.ACCOUNT.group
SERVERS = "Microsoft.Sql/servers"
SQL_ZONE = "privatelink.database.windows.net"


def pe(name: str = "foreign") -> ResourceId:
    return GROUP.resource("Microsoft.Network/privateEndpoints", name)


def connection(
    name: str = "foreign", status: str = "Approved", groups: list[str] | None = None, at: str | None = None
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "privateEndpoint": {"id": at or pe(name).text},
        "privateLinkServiceConnectionState": {"status": status},
    }
    return {"name": name, "properties": properties | ({"groupIds": groups} if groups else {})}


def resource(
    kind: str = "Microsoft.Storage/storageAccounts",
    *connections: dict[str, Any],
    name: str = "accounts",
    **properties: Any,
) -> ConnectedResource:
    """A connected resource of another owner."""
    listed = list(connections or [connection()])
    body = {
        "id": GROUP.resource(kind, name).text,
        "location": "westeurope",
        "properties": {"privateEndpointConnections": listed, **properties},
    }
    found = ConnectedResource.parse(body)
    assert found is not None
    return found


def evaluate(one: ConnectedResource, *endpoints: Seen, zone: str = BLOB) -> str:
    named = naming(zone, "AzureCloud", load())
    found = hidden_names([one], named, {endpoint.id: endpoint for endpoint in endpoints})
    return "lost" if found.lost else "perhaps" if found.perhaps else "safe"


def asked(one: ConnectedResource, zone: str = BLOB) -> tuple[ResourceId, ...]:
    return open_questions([one], naming(zone, "AzureCloud", load()))


@pytest.mark.parametrize("status", ["Pending", "Rejected", "Disconnected", ""])
def test_a_resource_without_an_approved_connection_is_not_concerned(status: str) -> None:
    assert ConnectedResource.parse(bodies.account(connections=[connection(status=status)])) is None


@pytest.mark.parametrize(
    ("group", "managed", "verdict"),
    [("blob", False, "lost"), ("file", False, "safe"), ("blob", True, "safe"), ("BLOB", False, "lost")],
)
def test_the_endpoint_decides_the_group_and_the_owner(group: str, managed: bool, verdict: str) -> None:
    endpoint = bodies.endpoint(pe(), group=group, managed=managed)
    assert evaluate(resource(), endpoint) == verdict


def test_an_endpoint_that_could_not_be_read_makes_it_uncertain() -> None:
    assert evaluate(resource()) == "perhaps"
    elsewhere = connection(at="/subscriptions/of-another-tenant")
    assert evaluate(resource("Microsoft.Storage/storageAccounts", elsewhere)) == "perhaps"


def test_one_foreign_endpoint_is_enough_beside_a_managed_one() -> None:
    one = resource("Microsoft.Storage/storageAccounts", connection("managed"), connection("foreign"))
    managed, foreign = bodies.endpoint(pe("managed")), bodies.endpoint(pe(), managed=False)
    assert evaluate(one, managed, foreign) == "lost"
    assert evaluate(one, managed) == "perhaps"


def test_an_endpoint_is_not_read_where_the_resource_reports_a_group_that_is_named_elsewhere() -> None:
    one = resource(SERVERS, connection(groups=["sqlServer"]))
    assert asked(one, SQL_ZONE) == (pe(),)
    assert asked(one, BLOB) == ()
    assert evaluate(one, zone=BLOB) == "safe"
    assert evaluate(one, bodies.endpoint(pe(), group="sqlServer", managed=False), zone=SQL_ZONE) == "lost"


def test_a_zone_that_depends_on_the_resources_own_names_is_chosen_by_them() -> None:
    kind = "Microsoft.CognitiveServices/accounts"
    endpoint = bodies.endpoint(pe(), group="account", managed=False)
    named = resource(kind, endpoint="https://accounts.openai.azure.com/")
    assert evaluate(named, endpoint, zone="privatelink.openai.azure.com") == "lost"
    assert evaluate(named, endpoint, zone="privatelink.cognitiveservices.azure.com") == "safe"
    assert evaluate(resource(kind), endpoint, zone="privatelink.openai.azure.com") == "perhaps"


def test_a_regional_zone_concerns_the_resources_of_its_region() -> None:
    endpoint = bodies.endpoint(pe(), group="cluster", managed=False)
    one = resource("Microsoft.Kusto/clusters")
    assert evaluate(one, endpoint, zone="privatelink.westeurope.kusto.windows.net") == "lost"
    assert evaluate(one, endpoint, zone="privatelink.northeurope.kusto.windows.net") == "safe"


@pytest.mark.parametrize(
    ("properties", "zone", "records"),
    [
        ({}, BLOB, {"accounts"}),
        ({"primaryEndpoints": {"blob": "https://accounts.z7.blob.core.windows.net/"}}, BLOB, {"accounts.z7"}),
        ({"primaryEndpoints": {"file": "https://accounts.file.core.windows.net/"}}, BLOB, {"accounts"}),
        ({"hosts": [{"host": "ACCOUNTS.database.windows.net:1433"}]}, SQL_ZONE, {"accounts"}),
        ({"vaultUri": "https://other.vault.azure.net"}, "privatelink.vaultcore.azure.net", {"accounts"}),
        ({"note": "/subscriptions/x.blob.core.windows.net"}, BLOB, {"accounts"}),
    ],
)
def test_records_are_the_names_in_the_body_or_else_the_resources_own_name(
    properties: dict[str, Any], zone: str, records: set[str]
) -> None:
    assert resource(name="Accounts", **properties).records(zone) == records


def link(network: ResourceId = bodies.SPOKE, *, fallback: bool = False) -> Link:
    return Link(link_id(bodies.ZONE, network), bodies.ZONE, network, fallback)


def linked(*actions: Action, links: tuple[Link, ...] = ()) -> dict[ResourceId, tuple[ResourceId, ...]]:
    """What the plan would link, where these links are desired for one endpoint."""
    desired = wanted()
    path = replace(desired.paths[0], links=links)
    return dict(new_links(replace(desired, paths=(path,)), Plan(actions)))


def test_only_links_that_the_plan_creates_without_fallback_count() -> None:
    spoke, hub, falls_back = link(), link(bodies.HUB), link(fallback=True)
    created = linked(Create(spoke), Create(hub), links=(spoke, hub))
    assert created == {bodies.ZONE: (bodies.SPOKE, bodies.HUB)}
    elsewhere = bodies.zone_link(spoke.id, network=bodies.HUB)
    assert linked(Replace(spoke, elsewhere, "it links another"), links=(spoke,)) == {
        bodies.ZONE: (bodies.SPOKE,)
    }
    assert linked(Create(falls_back), links=(falls_back,)) == {}
    assert linked(Keep(spoke.id, spoke.id, "meets the need"), links=(spoke,)) == {}


def test_a_link_that_two_paths_share_counts_once() -> None:
    desired, one = wanted(), link()
    path = replace(desired.paths[0], links=(one,))
    found = new_links(replace(desired, paths=(path, path)), Plan((Create(one),)))
    assert found == {bodies.ZONE: (bodies.SPOKE,)}


def test_a_link_to_a_zone_that_may_not_be_created_does_not_count() -> None:
    block = Block(bodies.ZONE, bodies.ZONE, "ZoneNotFound", "it does not exist", "create it")
    assert linked(block, Create(link()), links=(link(),)) == {}


def test_the_target_itself_is_left_out() -> None:
    found = HiddenNames((bodies.ACCOUNT, pe()), (bodies.ACCOUNT,), ("a list",)).beside(bodies.ACCOUNT)
    assert found == HiddenNames((pe(),), (), ("a list",))


def test_without_a_hidden_name_there_is_no_finding() -> None:
    assert finding(bodies.ZONE, [bodies.SPOKE], HiddenNames()) is None


def test_a_finding_names_ten_and_counts_the_rest() -> None:
    ids = tuple(pe(f"n{number:02}") for number in range(13))
    text = (
        finding(bodies.ZONE, [bodies.SPOKE, bodies.HUB], HiddenNames(ids, (bodies.ACCOUNT,), ("a list",)))
        or ""
    )
    assert ids[9].text in text
    assert ids[10].text not in text
    assert "and 3 more" in text
    for part in (BLOB, "spoke-a, hub-we", f"perhaps concerned: {bodies.ACCOUNT.text}", "a list", "fallback"):
        assert part in text
