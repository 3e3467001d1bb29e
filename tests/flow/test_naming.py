"""Names and tags by the policy's templates: what is made has them, and what exists keeps its own."""

from typing import Any

from tests.builders.policies import a_policy
from tests.builders.security_rules import GROUP, a_filtered_world
from tests.builders.user_actions import TAG
from tests.builders.world import ENDPOINTS, HUB, SPOKE, SUB, ZONES, World

NAMING = {
    "endpoint": "pep-{name}-{group}-{region}-{hash}",
    "network_interface": "nic-{endpoint}",
    "zone_group": "default",
    "link": "to_{network}",
    "peering": "peer-{spoke}-to-{hub}",
    "rule": "allow-{name}-{group}-{hash}",
    "regions": {"westeurope": "weu"},
}
TAGS = {"cost-centre": "{tag:cost-centre|unassigned}", "owner": "network"}
BLOB = f"{ZONES}/privatelink.blob.core.windows.net"
RULES = {"mode": "ensure", "priorities": [1000, 1099]}


def named(*, tags: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    top = {"naming": {**NAMING, **more}, "tags": TAGS if tags is None else tags}
    return {"top": top, "peering": "ensure", "nsg": RULES}


def operate(world: World, **policy: Any) -> None:
    """The operator's new policy, in a process that was started with it."""
    world.policy = a_policy(**policy)
    world.flow = world.worker()


async def a_named_world(**policy: Any) -> World:
    world = await a_filtered_world()
    operate(world, **named(**policy))
    return world


async def endpoint_of(world: World, state: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await world.send("GET", state["paths"][0]["endpoint"])
    return found


async def test_everything_that_is_made_has_the_name_of_its_template() -> None:
    world = await a_named_world()
    at = await world.create_account(tags={TAG: "enabled", "Cost-Centre": "4711"})
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state["reason"]
    endpoint = await endpoint_of(world, state)
    assert endpoint["name"].startswith("pep-orders-blob-weu-")
    assert endpoint["tags"]["cost-centre"] == "4711"
    assert endpoint["tags"]["owner"] == "network"
    nic = endpoint["properties"]["networkInterfaces"][0]["id"]
    assert nic.rpartition("/")[2] == f"nic-{endpoint['name']}"
    groups = await world.send("GET", f"{endpoint['id']}/privateDnsZoneGroups")
    assert [one["name"] for one in groups["value"]] == ["default"]
    links = await world.send("GET", f"{BLOB}/virtualNetworkLinks")
    assert [one["name"] for one in links["value"]] == ["to_spoke-a"]
    assert (await world.send("GET", BLOB))["tags"]["cost-centre"] == "unassigned"
    for network in (HUB, SPOKE):
        halves = (await world.send("GET", network))["properties"]["virtualNetworkPeerings"]
        assert [one["name"] for one in halves] == ["peer-spoke-a-to-hub-we"]
    rules = (await world.send("GET", GROUP))["properties"]["securityRules"]
    assert [one["name"].rpartition("-")[0] for one in rules] == ["allow-orders-blob"]


async def test_a_second_pass_and_a_sweep_write_nothing() -> None:
    world = await a_named_world()
    at = await world.create_account()
    await world.reconcile(at)
    world.sent()
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"
    assert world.writes() == []


async def test_a_changed_template_renames_nothing_and_names_what_is_made_later() -> None:
    world = await a_filtered_world()
    operate(world, peering="ensure", nsg=RULES)
    first = await world.create_account("first")
    before = await world.reconcile(first)
    operate(world, **named(tags={}))
    world.sent()
    after = await world.reconcile(first, "manual")
    assert after["result"] == "Connected", after["reason"]
    assert after["owned"] == before["owned"]
    assert world.writes() == []
    operate(world, **named(endpoint="{name}-{group}-private-endpoint", tags={}))
    assert (await world.reconcile(first, "manual"))["owned"] == before["owned"]
    second = await world.reconcile(await world.create_account("second"))
    assert (await endpoint_of(world, second))["name"] == "second-blob-private-endpoint"


async def test_tags_are_added_to_an_existing_endpoint_and_others_tags_stay() -> None:
    world = await a_filtered_world()
    operate(world, peering="ensure", nsg=RULES)
    at = await world.create_account()
    endpoint = await endpoint_of(world, await world.reconcile(at))
    await world.send("PUT", endpoint["id"], {**endpoint, "tags": {**endpoint["tags"], "Team": "blue"}})
    await world.sleep(60)
    operate(world, peering="ensure", nsg=RULES, top={"tags": TAGS})
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    tags = (await world.send("GET", endpoint["id"]))["tags"]
    assert tags == {**endpoint["tags"], "Team": "blue", "cost-centre": "unassigned", "owner": "network"}


async def test_an_endpoint_by_a_template_is_found_repaired_and_removed_like_any_other() -> None:
    world = await a_named_world(endpoint="{name}-{group}-private-endpoint")
    operate(world, **named(endpoint="{name}-{group}-private-endpoint"), on_opt_out="remove")
    at = await world.create_account(tags={TAG: "enabled"})
    endpoint = await endpoint_of(world, await world.reconcile(at))
    await world.send("DELETE", endpoint["id"])
    await world.sleep(120)
    state = await world.reconcile(at, "drift")
    assert (state["result"], (await endpoint_of(world, state))["name"]) == ("Connected", endpoint["name"])
    await world.send("PATCH", at, {"tags": {TAG: "disabled"}})
    await world.sleep(60)
    assert (await world.reconcile(at))["result"] == "Removed"
    assert await world.send("GET", endpoint["id"]) is None


async def test_networks_of_one_name_get_links_and_peerings_under_different_names() -> None:
    other = SPOKE.replace("resourceGroups/rg-network", "resourceGroups/rg-other")
    world = await a_filtered_world()
    group = other.partition("/providers")[0]
    await world.send("PUT", group, {"location": "westeurope"})
    space = {"addressSpace": {"addressPrefixes": ["10.77.0.0/16"]}}
    await world.send("PUT", other, {"location": "westeurope", "properties": space})
    await world.sleep(60)
    operate(world, **named(), clients=[SPOKE, other])
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Connected", state["reason"]
    links = await world.send("GET", f"{BLOB}/virtualNetworkLinks")
    assert len({one["name"] for one in links["value"]}) == 2
    world.sent()
    assert (await world.reconcile(at, "manual"))["result"] == "Connected"
    assert world.writes() == []


async def test_a_zone_group_of_azure_policy_with_the_template_s_name_is_not_taken_for_ours() -> None:
    world = await a_named_world()
    at = await world.create_account()
    endpoint = await endpoint_of(world, await world.reconcile(at))
    group = f"{endpoint['id']}/privateDnsZoneGroups/default"
    other = BLOB.replace("privatelink.blob", "privatelink.file")
    await world.send("PUT", other, {"location": "global"})
    config = {"name": "storageBlob", "properties": {"privateDnsZoneId": other}}
    await world.send("PUT", group, {"properties": {"privateDnsZoneConfigs": [config]}})
    await world.sleep(60)
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "ZoneGroupOfSomeoneElse")


async def test_endpoints_in_the_subnet_are_never_written_over_by_their_name() -> None:
    world = await a_named_world(endpoint="{name}-{group}-private-endpoint")
    subnet = ENDPOINTS
    home = subnet.partition("/providers")[0]
    at = f"{home}/providers/Microsoft.Network/privateEndpoints/orders-blob-private-endpoint"
    other = await world.create_account("other")
    link = {"privateLinkServiceId": other, "groupIds": ["file"]}
    body = {"subnet": {"id": subnet}, "privateLinkServiceConnections": [{"name": "c", "properties": link}]}
    await world.send("PUT", at, {"location": "westeurope", "properties": body})
    await world.sleep(90)
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NotOurs")
    assert (await world.send("GET", at))["properties"]["privateLinkServiceConnections"][0]["name"] == "c"


async def test_a_name_that_another_resource_s_endpoint_has_is_explained_and_the_remedy_cures_it() -> None:
    world = await a_filtered_world()
    operate(world, top={"naming": {"endpoint": "pe-{name:6}-{group}"}})
    first, second = await world.create_account("orders1"), await world.create_account("orders2")
    assert (await world.reconcile(first))["result"] == "Connected"
    state = await world.reconcile(second)
    assert (state["result"], state["code"]) == ("Blocked", "NotOurs")
    assert f"pe-orders-blob is the endpoint that Causeway made for {first}" in state["reason"]
    assert "add {hash} to naming.endpoint" in state["remedy"]
    operate(world, top={"naming": {"endpoint": "pe-{name:6}-{group}-{hash}"}})
    world.sent()
    assert (await world.reconcile(first, "drift"))["result"] == "Connected"
    assert world.writes() == []
    assert (await world.reconcile(second))["result"] == "Connected"


async def test_a_resource_s_own_tag_comes_before_its_group_s_in_whatever_case() -> None:
    world = await a_named_world()
    await world.send("PATCH", f"{SUB}/resourceGroups/rg-app", {"tags": {"Cost-Centre": "of the group"}})
    state = await world.reconcile(await world.create_account(tags={"cost-centre": "4711"}))
    assert (await endpoint_of(world, state))["tags"]["cost-centre"] == "4711"


async def test_a_write_that_was_refused_for_a_missing_tag_is_sent_again_once_the_policy_has_the_tag() -> None:
    world = await a_filtered_world()
    match = {"method": "PUT", "path": "/privateEndpoints/[^/]*$", "principal": "app"}
    answer = {"status": 400, "code": "TagMissing", "message": "the tag owner is missing"}
    world.azure.faults.add({"match": match, "answer": answer})
    at = await world.create_account()
    assert (await world.reconcile(at))["code"] == "TagMissing"
    world.azure.faults.clear()
    operate(world, peering="ensure", nsg=RULES, top={"tags": {"owner": "network"}})
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
