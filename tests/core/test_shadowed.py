"""What a zone without a record takes from a network that is linked to it."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import load
from shared.core.kinds.link import Link, link_id
from shared.core.names.hidden import Candidate, Shadow, finding, naming, new_links, open_questions, shadow
from shared.core.plan.actions import Action, Block, Create, Keep, Replace
from shared.core.plan.plan import Plan
from tests.core import bodies

BLOB = bodies.ZONE.name
GROUP = bodies.ACCOUNT.group
SERVERS = "Microsoft.Sql/servers"
SQL_ZONE = "privatelink.database.windows.net"


def pe(name: str = "theirs") -> ResourceId:
    return GROUP.resource("Microsoft.Network/privateEndpoints", name)


def connection(
    name: str = "theirs", status: str = "Approved", groups: list[str] | None = None, at: str | None = None
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
) -> Candidate:
    """Somebody's connected resource."""
    listed = list(connections or [connection()])
    body = {
        "id": GROUP.resource(kind, name).text,
        "location": "westeurope",
        "properties": {"privateEndpointConnections": listed, **properties},
    }
    found = Candidate.parse(body)
    assert found is not None
    return found


def judge(one: Candidate, *endpoints: Seen, zone: str = BLOB) -> str:
    named = naming(zone, "AzureCloud", load())
    found = shadow([one], named, {endpoint.id: endpoint for endpoint in endpoints})
    return "lost" if found.lost else "perhaps" if found.perhaps else "safe"


def asked(one: Candidate, zone: str = BLOB) -> tuple[ResourceId, ...]:
    return open_questions([one], naming(zone, "AzureCloud", load()))


@pytest.mark.parametrize("status", ["Pending", "Rejected", "Disconnected", ""])
def test_a_resource_whose_connections_nobody_approved_is_no_candidate(status: str) -> None:
    assert Candidate.parse(bodies.account(connections=[connection(status=status)])) is None


@pytest.mark.parametrize(
    ("group", "ours", "verdict"),
    [("blob", False, "lost"), ("file", False, "safe"), ("blob", True, "safe"), ("BLOB", False, "lost")],
)
def test_the_endpoint_tells_group_and_owner(group: str, ours: bool, verdict: str) -> None:
    endpoint = bodies.endpoint(pe(), group=group, ours=ours)
    assert judge(resource(), endpoint) == verdict


def test_an_endpoint_that_could_not_be_read_leaves_a_doubt() -> None:
    assert judge(resource()) == "perhaps"
    elsewhere = connection(at="/subscriptions/of-another-tenant")
    assert judge(resource("Microsoft.Storage/storageAccounts", elsewhere)) == "perhaps"


def test_one_foreign_endpoint_is_enough_beside_one_of_ours() -> None:
    one = resource("Microsoft.Storage/storageAccounts", connection("ours"), connection("theirs"))
    ours, foreign = bodies.endpoint(pe("ours")), bodies.endpoint(pe(), ours=False)
    assert judge(one, ours, foreign) == "lost"
    assert judge(one, ours) == "perhaps"


def test_a_group_that_the_resource_tells_needs_no_look_where_it_is_named_elsewhere() -> None:
    one = resource(SERVERS, connection(groups=["sqlServer"]))
    assert asked(one, SQL_ZONE) == (pe(),)
    assert asked(one, BLOB) == ()
    assert judge(one, zone=BLOB) == "safe"
    assert judge(one, bodies.endpoint(pe(), group="sqlServer", ours=False), zone=SQL_ZONE) == "lost"


def test_a_zone_that_only_the_resource_s_own_names_choose_is_chosen_by_them() -> None:
    kind = "Microsoft.CognitiveServices/accounts"
    endpoint = bodies.endpoint(pe(), group="account", ours=False)
    told = resource(kind, endpoint="https://accounts.openai.azure.com/")
    assert judge(told, endpoint, zone="privatelink.openai.azure.com") == "lost"
    assert judge(told, endpoint, zone="privatelink.cognitiveservices.azure.com") == "safe"
    assert judge(resource(kind), endpoint, zone="privatelink.openai.azure.com") == "perhaps"


def test_a_regional_zone_concerns_the_resources_of_its_region() -> None:
    endpoint = bodies.endpoint(pe(), group="cluster", ours=False)
    one = resource("Microsoft.Kusto/clusters")
    assert judge(one, endpoint, zone="privatelink.westeurope.kusto.windows.net") == "lost"
    assert judge(one, endpoint, zone="privatelink.northeurope.kusto.windows.net") == "safe"


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
def test_records_are_what_the_body_tells_else_the_resource_s_own_name(
    properties: dict[str, Any], zone: str, records: set[str]
) -> None:
    assert resource(name="Accounts", **properties).records(zone) == records


def link(network: ResourceId = bodies.SPOKE, *, fallback: bool = False) -> Link:
    return Link(link_id(bodies.ZONE, network), bodies.ZONE, network, fallback)


def linked(*actions: Action) -> dict[ResourceId, tuple[ResourceId, ...]]:
    return dict(new_links(Plan(actions)))


def test_only_links_that_the_plan_makes_without_fallback_count() -> None:
    there = link()
    assert linked(Create(link()), Create(link(bodies.HUB))) == {bodies.ZONE: (bodies.SPOKE, bodies.HUB)}
    assert linked(Replace(there, bodies.zone_link(there.id, network=bodies.HUB), "it links another")) == {
        bodies.ZONE: (bodies.SPOKE,)
    }
    assert linked(Create(link(fallback=True))) == {}
    assert linked(Keep(there.id, there.id, "meets the need")) == {}


def test_a_link_to_a_zone_that_may_not_be_made_is_none() -> None:
    block = Block(bodies.ZONE, bodies.ZONE, "ZoneNotFound", "it does not exist", "create it")
    assert linked(block, Create(link())) == {}


def test_the_target_itself_is_left_out() -> None:
    found = Shadow((bodies.ACCOUNT, pe()), (bodies.ACCOUNT,), ("a list",)).beside(bodies.ACCOUNT)
    assert found == Shadow((pe(),), (), ("a list",))


def test_nothing_lost_is_no_finding() -> None:
    assert finding(bodies.ZONE, [bodies.SPOKE], Shadow()) is None


def test_a_finding_names_ten_and_counts_the_rest() -> None:
    ids = tuple(pe(f"n{number:02}") for number in range(13))
    text = finding(bodies.ZONE, [bodies.SPOKE, bodies.HUB], Shadow(ids, (bodies.ACCOUNT,), ("a list",))) or ""
    assert ids[9].text in text
    assert ids[10].text not in text
    assert "and 3 more" in text
    for part in (BLOB, "spoke-a, hub-we", f"perhaps concerned: {bodies.ACCOUNT.text}", "a list", "fallback"):
        assert part in text
