"""Several endpoints of one resource, each with its own network, zones and clients."""

from typing import Any

import pytest

from shared.core.policy.policy import Policy
from tests.builders.dns_servers import use_servers
from tests.builders.policies import a_policy
from tests.builders.user_actions import TAG, retag
from tests.builders.world import ENDPOINTS, HUB, NETWORKS, SPOKE, SUB, ZONES, World

HUB_NE = f"{NETWORKS}/virtualNetworks/hub-ne"
ENDPOINTS_NE = f"{HUB_NE}/subnets/endpoints"
OTHER_SUB = SUB.replace("0001", "0002")
SPOKE_NE = f"{OTHER_SUB}/resourceGroups/rg-spoke/providers/Microsoft.Network/virtualNetworks/spoke-b"
DNS_NE = f"{SUB}/resourceGroups/rg-data"
ZONE = "privatelink.blob.core.windows.net"
NAME = "orders.blob.core.windows.net"
JOIN = "Microsoft.Network/privateDnsZones/join/action"

type State = dict[str, Any]


def place(subnet: str, region: str, zones: str, *clients: str, **more: Any) -> dict[str, Any]:
    dns = {"zones_resource_group": zones, "link": list(clients)}
    return {"subnets": {region: [subnet]}, "fallback_region": region, "dns": dns, **more}


def two(we: dict[str, Any] | None = None, ne: dict[str, Any] | None = None, **profile: Any) -> Policy:
    """Two placements: each region has its own hub, zones and client network."""
    places = {
        "we": place(ENDPOINTS, "westeurope", f"{SUB}/resourceGroups/rg-dns", SPOKE) | (we or {}),
        "ne": place(ENDPOINTS_NE, "northeurope", DNS_NE, SPOKE_NE) | (ne or {}),
    }
    return a_policy(
        subnets={}, clients=[SPOKE, SPOKE_NE], placements=places, **{"dns": {"mode": "manage"}, **profile}
    )


def paths(state: State) -> dict[str, State]:
    return {path["placement"]: path for path in state["paths"]}


def ip(path: State) -> str:
    return str(path["addresses"][0]["ip"])


async def connected(**policy: Any) -> tuple[World, str, State]:
    world = World(two(**policy))
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Connected", (state["code"], state["reason"])
    return world, at, state


def with_policy(world: World, policy: Policy) -> World:
    world.policy = policy
    world.flow = world.worker()
    return world


async def test_each_client_resolves_the_endpoint_of_its_own_placement() -> None:
    world, _, state = await connected()
    we, ne = paths(state)["we"], paths(state)["ne"]
    assert await world.resolve(SPOKE, NAME) == [ip(we)]
    assert await world.resolve(SPOKE_NE, NAME) == [ip(ne)]
    assert ip(we) != ip(ne)


async def test_a_second_pass_writes_nothing() -> None:
    world, at, _ = await connected(peering="ensure", nsg={"mode": "ensure", "create_group": True})
    world.sent()
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert world.writes() == []


async def test_clients_are_peered_with_the_network_of_their_own_placement_alone() -> None:
    world, _, _ = await connected(peering="ensure")
    listed = {hub: await world.send("GET", f"{hub}/virtualNetworkPeerings") for hub in (HUB, HUB_NE)}
    remotes = {
        hub: [one["properties"]["remoteVirtualNetwork"]["id"] for one in found["value"]]
        for hub, found in listed.items()
    }
    assert remotes == {HUB: [SPOKE], HUB_NE: [SPOKE_NE]}


async def test_rules_let_in_the_clients_of_a_placement_alone() -> None:
    world, _, state = await connected(
        peering="ensure", nsg={"mode": "ensure", "create_group": True, "default_deny": True}
    )
    assert state["result"] == "Connected"
    for subnet, source in ((ENDPOINTS, "10.1.0.0/16"), (ENDPOINTS_NE, "10.2.0.0/16")):
        body = await world.send("GET", subnet)
        group = await world.send("GET", body["properties"]["networkSecurityGroup"]["id"])
        rules = [one["properties"] for one in group["properties"]["securityRules"]]
        allowed = [one for one in rules if one["access"] == "Allow"]
        found = [one.get("sourceAddressPrefix") or one["sourceAddressPrefixes"] for one in allowed]
        assert found in ([source], [[source]])


async def test_two_placements_in_one_subnet_have_endpoints_of_different_names() -> None:
    same = place(ENDPOINTS, "westeurope", DNS_NE, SPOKE_NE)
    world, at, state = await connected(ne=same, nsg={"mode": "ensure", "create_group": True})
    names = [path["endpoint"] for path in state["paths"]]
    assert len(set(names)) == 2
    assert sorted(await world.endpoints()) == sorted(names)
    world.sent()
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert world.writes() == []


async def test_what_is_left_out_of_a_placement_s_dns_is_as_the_profile_says() -> None:
    dns = {"mode": "manage", "link": [SPOKE], "create_zones": True}
    zones = {"zones_resource_group": f"{SUB}/resourceGroups/rg-dns"}
    world, _, state = await connected(we={"dns": zones}, dns=dns)
    assert await world.resolve(SPOKE, NAME) == [ip(paths(state)["we"])]


async def test_single_zones_that_a_placement_does_not_name_are_where_the_profile_says() -> None:
    own = {"zones_resource_group": f"{SUB}/resourceGroups/rg-app", "link": [SPOKE]}
    we = {"dns": own | {"zones": {"privatelink.file.core.windows.net": f"{SUB}/resourceGroups/rg-network"}}}
    ne = {"dns": {"zones_resource_group": DNS_NE, "link": [SPOKE_NE], "zones": {ZONE: DNS_NE}}}
    apart = {"mode": "manage", "zones": {ZONE: f"{SUB}/resourceGroups/rg-dns"}}
    world, _, state = await connected(we=we, ne=ne, dns=apart)
    assert await world.resolve(SPOKE, NAME) == [ip(paths(state)["we"])]
    assert await world.send("GET", f"{ZONES}/{ZONE}")
    assert await world.resolve(SPOKE_NE, NAME) == [ip(paths(state)["ne"])]


# One placement that fails


@pytest.mark.parametrize("failing", ["we", "ne"])
async def test_a_placement_without_a_place_does_not_keep_the_other_one_from_its_path(failing: str) -> None:
    gone = f"{HUB}/subnets/gone"
    world = World(two(**{failing: {"subnets": {"westeurope": [gone]}, "fallback_region": None}}))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "SubnetNotFound")
    assert f"placement {failing}: " in state["reason"]
    other = {"we": SPOKE_NE, "ne": SPOKE}[failing]
    (path,) = state["paths"]
    assert await world.resolve(other, NAME) == [ip(path)]


async def test_two_placements_without_a_place_are_both_named() -> None:
    gone = {"subnets": {"westeurope": [f"{HUB}/subnets/gone"]}, "fallback_region": None}
    world = World(two(we=gone, ne=gone))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "SubnetNotFound")
    assert "placement we: " in state["reason"]
    assert "placement ne: " in state["reason"]


async def test_an_endpoint_stays_while_its_placement_has_no_place_any_more() -> None:
    world, at, before = await connected()
    gone = {"subnets": {"northeurope": [f"{HUB}/subnets/gone"]}}
    with_policy(world, two(ne=gone))
    world.sent()
    assert [one["action"] for one in (await world.plan(at))["actions"]].count("Delete") == 0
    state = await world.reconcile(at)
    assert state["result"] == "Blocked"
    assert [path for method, path in world.writes() if method == "DELETE"] == []
    assert await world.resolve(SPOKE_NE, NAME) == [ip(paths(before)["ne"])]


async def test_a_write_that_is_refused_in_one_placement_leaves_the_other_s_path_whole() -> None:
    nsg = {"mode": "ensure", "create_group": True}
    world = World(two(peering="ensure", nsg=nsg))
    answer = {"status": 403, "code": "RequestDisallowedByPolicy", "message": "no"}
    match = {"method": "PUT", "path": "/rg-data/.*/privateDnsZones/", "principal": "app"}
    world.azure.faults.add({"match": match, "answer": answer})
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "RequestDisallowedByPolicy")
    assert state["reason"].startswith("placement ne: ")
    assert await world.resolve(SPOKE, NAME) == [ip(paths(state)["we"])]
    body = await world.send("GET", ENDPOINTS)
    group = await world.send("GET", body["properties"]["networkSecurityGroup"]["id"])
    assert [one["properties"]["access"] for one in group["properties"]["securityRules"]] == ["Allow"]
    assert len(await world.endpoints()) == 1


async def test_a_right_that_lacks_for_one_placement_does_not_stop_the_other() -> None:
    world = World(two())
    world.azure.access.roles["app"].remove([JOIN], DNS_NE)
    at = await world.create_account()
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "AuthorizationFailed")
    assert state["reason"].startswith("placement ne: ")
    (made,) = await world.endpoints()
    assert made == paths(state)["we"]["endpoint"]
    assert await world.resolve(SPOKE, NAME) == [ip(paths(state)["we"])]


@pytest.mark.parametrize("peering", ["ensure", "ignore"])
async def test_a_placement_whose_clients_are_gone_does_not_stop_the_other(peering: str) -> None:
    world = World(two(peering=peering))
    await world.send("DELETE", SPOKE_NE)
    await world.sleep(60)
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NetworkNotFound")
    assert await world.resolve(SPOKE, NAME) == [ip(paths(state)["we"])]


async def test_placements_find_their_own_networks_by_region() -> None:
    we = {"find": {"network": "hub-*", "subnet": "endpoints"}, "subnets": {}}
    ne = {"find": {"network": "hub-ne", "subnet": "endpoints"}, "subnets": {}}
    world = World(two(we=we, ne=ne))
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Connected", (state["code"], state["reason"])
    assert ip(paths(state)["we"]).startswith("10.0.")
    assert ip(paths(state)["ne"]).startswith("10.16.")


# Drift and removal


async def test_a_deleted_endpoint_is_made_again_for_its_own_placement() -> None:
    world, at, before = await connected()
    await world.send("DELETE", paths(before)["ne"]["endpoint"])
    await world.sleep(120)
    assert await world.resolve(SPOKE_NE, NAME) == []
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected", state
    assert paths(state)["ne"]["endpoint"] == paths(before)["ne"]["endpoint"]
    assert await world.resolve(SPOKE_NE, NAME) == [ip(paths(state)["ne"])]
    assert await world.resolve(SPOKE, NAME) == [ip(paths(before)["we"])]


async def test_a_placement_that_the_policy_gives_up_loses_its_endpoint_alone() -> None:
    world, at, before = await connected(peering="ensure", nsg={"mode": "ensure", "create_group": True})
    only = {"we": place(ENDPOINTS, "westeurope", f"{SUB}/resourceGroups/rg-dns", SPOKE)}
    policy = a_policy(
        subnets={},
        clients=[SPOKE],
        placements=only,
        dns={"mode": "manage"},
        peering="ensure",
        nsg={"mode": "ensure", "create_group": True},
    )
    state = await with_policy(world, policy).reconcile(at)
    assert state["result"] == "Connected", state
    assert await world.endpoints() == [paths(before)["we"]["endpoint"]]
    assert await world.resolve(SPOKE, NAME) == [ip(paths(before)["we"])]
    assert paths(before)["ne"]["endpoint"] not in state["owned"]


async def test_an_opted_out_resource_loses_the_endpoints_of_all_placements() -> None:
    world, at, _ = await connected(on_opt_out="remove")
    await retag(world, at, {TAG: "disabled"})
    assert (await world.reconcile(at))["result"] == "Removed"
    assert await world.endpoints() == []
    assert (await world.state(at))["owned"] == []


async def test_one_endpoint_becomes_two_without_a_client_losing_its_name() -> None:
    world = World()
    at = await world.create_account()
    before = await world.reconcile(at)
    state = await with_policy(world, two()).reconcile(at)
    assert state["result"] == "Connected", state
    assert len(await world.endpoints()) == 2
    assert before["paths"][0]["endpoint"] not in await world.endpoints()
    assert await world.resolve(SPOKE, NAME) == [ip(paths(state)["we"])]


async def test_the_dry_run_shows_the_objects_of_all_placements_and_writes_nothing() -> None:
    world = World(two())
    at = await world.create_account()
    world.sent()
    found = await world.plan(at)
    created = [one["id"] for one in found["actions"] if one["action"] == "Create"]
    assert sum("/privateEndpoints/" in one and "ZoneGroups" not in one for one in created) == 2
    assert f"{ZONES}/{ZONE}" in created
    assert world.writes() == []


async def test_a_profile_without_placements_reports_none() -> None:
    world = World()
    state = await world.reconcile(await world.create_account())
    assert "placement" not in state["paths"][0]
    endpoint = await world.send("GET", state["paths"][0]["endpoint"])
    assert set(endpoint["tags"]) == {"managed-by", "causeway-target"}


async def test_a_placement_that_is_renamed_gets_a_new_endpoint_and_no_client_loses_its_name() -> None:
    world, at, before = await connected()
    places = {
        "west": place(ENDPOINTS, "westeurope", f"{SUB}/resourceGroups/rg-dns", SPOKE),
        "ne": place(ENDPOINTS_NE, "northeurope", DNS_NE, SPOKE_NE),
    }
    policy = a_policy(subnets={}, clients=[SPOKE, SPOKE_NE], placements=places, dns={"mode": "manage"})
    state = await with_policy(world, policy).reconcile(at)
    assert state["result"] == "Connected", state
    assert paths(state)["ne"]["endpoint"] == paths(before)["ne"]["endpoint"]
    assert len(await world.endpoints()) == 2
    assert await world.resolve(SPOKE, NAME) == [ip(paths(state)["west"])]


async def test_an_endpoint_whose_name_is_refused_is_taken_back_and_the_other_placement_is_kept() -> None:
    world = World(two())
    answer = {"status": 403, "code": "RequestDisallowedByPolicy", "message": "no"}
    at = await world.create_account()
    created = [one["id"] for one in (await world.plan(at))["actions"]]
    ne = next(one for one in created if "privateDnsZoneGroups" in one and "/privateEndpoints/" in one)
    world.azure.faults.add(
        {"match": {"method": "PUT", "path": f"{ne}$", "principal": "app"}, "answer": answer}
    )
    state = await world.reconcile(at)
    assert (state["result"], state["code"]) == ("Blocked", "RequestDisallowedByPolicy")
    (left,) = await world.endpoints()
    assert left not in ne
    (kept,) = (path for path in state["paths"] if path["endpoint"] == left)
    client = {"we": SPOKE, "ne": SPOKE_NE}[kept["placement"]]
    assert await world.resolve(client, NAME) == [ip(kept)]


async def test_public_access_is_disabled_once_the_paths_of_all_placements_are_proven() -> None:
    gone = {"subnets": {"northeurope": [f"{HUB_NE}/subnets/gone"]}}
    others = {"Microsoft.Storage/storageAccounts": ["queue", "table", "web", "dfs", "file"]}
    disable = {"public_access": "disable", "may_lose_access": others, "peering": "ensure"}
    world = World(two(ne=gone, **disable))
    world.grant("Microsoft.Storage/storageAccounts/write")
    at = await world.create_account()
    assert (await world.reconcile(at))["result"] == "Blocked"
    assert (await world.send("GET", at))["properties"].get("publicNetworkAccess") != "Disabled"
    state = await with_policy(world, two(**disable)).reconcile(at)
    assert state["result"] == "Connected", state
    assert (await world.send("GET", at))["properties"]["publicNetworkAccess"] == "Disabled"


async def test_an_endpoint_of_one_placement_that_waits_for_approval_leaves_the_state_pending() -> None:
    world = World(two(approval='request ("please")'))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Pending", "AwaitingApproval")
    assert {path["status"] for path in state["paths"]} == {"Pending"}


# Clients that ask DNS servers


async def a_resolver(world: World, hub: str, subnet: str, prefix: str, location: str) -> str:
    """A private resolver in a hub; the address of its inbound endpoint."""
    network, name = f"{NETWORKS}/dnsResolvers", hub.rpartition("/")[2]
    version = "2022-07-01"
    delegation = {"name": "d", "properties": {"serviceName": "Microsoft.Network/dnsResolvers"}}
    properties = {"addressPrefix": prefix, "delegations": [delegation]}
    await world.send("PUT", f"{hub}/subnets/{subnet}", {"properties": properties})
    await world.sleep(120)
    body = {"location": location, "properties": {"virtualNetwork": {"id": hub}}}
    await world.send("PUT", f"{network}/{name}", body, version)
    await world.sleep(600)
    address = {"subnet": {"id": f"{hub}/subnets/{subnet}"}, "privateIpAllocationMethod": "Dynamic"}
    inbound = {"location": location, "properties": {"ipConfigurations": [address]}}
    await world.send("PUT", f"{network}/{name}/inboundEndpoints/in", inbound, version)
    await world.sleep(600)
    made = await world.send("GET", f"{network}/{name}/inboundEndpoints/in", version=version)
    return str(made["properties"]["ipConfigurations"][0]["privateIpAddress"])


async def test_a_client_belongs_to_the_placement_whose_hub_s_resolver_it_asks() -> None:
    we = place(ENDPOINTS, "westeurope", f"{SUB}/resourceGroups/rg-dns", HUB)
    ne = place(ENDPOINTS_NE, "northeurope", DNS_NE, HUB_NE)
    world = World(two(we=we, ne=ne, peering="ensure"))
    for hub, spoke, prefix, region in (
        (HUB, SPOKE, "10.0.8.0/28", "westeurope"),
        (HUB_NE, SPOKE_NE, "10.16.8.0/28", "northeurope"),
    ):
        await use_servers(world, spoke, await a_resolver(world, hub, "dns-in", prefix, region))
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Connected", (state["code"], state["reason"])
    assert await world.resolve(SPOKE, NAME) == [ip(paths(state)["we"])]
    assert await world.resolve(SPOKE_NE, NAME) == [ip(paths(state)["ne"])]
    listed = await world.send("GET", f"{HUB}/virtualNetworkPeerings")
    assert [one["properties"]["remoteVirtualNetwork"]["id"] for one in listed["value"]] == [SPOKE]


async def test_a_client_that_resolves_no_placement_s_zones_is_named() -> None:
    world = World(two(we=place(ENDPOINTS, "westeurope", f"{SUB}/resourceGroups/rg-dns", HUB)))
    state = await world.reconcile(await world.create_account())
    assert state["result"] != "Connected"
    assert any(
        check["holds"] is False and check["subject"].startswith("spoke-a") for check in state["checks"]
    )
