"""Reconcile passes, end to end through the real SDKs and the simulated Azure."""

from shared.core.base.errors import clean
from tests.builders.policies import a_policy
from tests.builders.world import ENDPOINTS, HUB, SPOKE, STORAGE, SUB, ZONES, World

BLOB_ZONE = f"{ZONES}/privatelink.blob.core.windows.net"


async def test_a_new_storage_account_becomes_privately_reachable() -> None:
    world = World()
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Connected"
    assert [a["ip"] for a in state["paths"][0]["addresses"]] == ["10.0.1.4"]
    assert await world.resolve(SPOKE, "orders.blob.core.windows.net") == ["10.0.1.4"]


async def test_a_second_pass_reads_four_objects_and_writes_nothing() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    world.sent()
    state = await world.reconcile(at)
    sent = world.sent()
    networks = ("hub-we", "spoke-a")
    names = ("privatelink.blob.core.windows.net", "virtualNetworkLinks", "/A")
    shared = ("resourcegroups", *networks, *names)
    own = [path for _, path in sent if not path.endswith(shared)]
    assert len(own) <= 4
    assert all(method == "GET" for method, _ in sent)
    assert {action["action"] for action in state["actions"]} == {"Keep"}


async def test_the_interface_of_an_endpoint_that_reports_its_names_is_read_for_the_proof_alone() -> None:
    world = World()
    at = await world.create_account()
    world.sent()
    first = await world.reconcile(at)
    assert len([path for _, path in world.sent() if "networkInterfaces" in path]) == 1
    second = await world.reconcile(at)
    assert len([path for _, path in world.sent() if "networkInterfaces" in path]) == 1
    ips = [[address["ip"] for address in state["paths"][0]["addresses"]] for state in (first, second)]
    assert ips == [["10.0.1.4"], ["10.0.1.4"]]


async def test_a_hierarchical_account_gets_blob_and_dfs() -> None:
    world = World()
    at = await world.create_account(properties={"isHnsEnabled": True})
    state = await world.reconcile(at)
    assert state["result"] == "Connected"
    assert sorted(path["group"] for path in state["paths"]) == ["blob", "dfs"]


async def test_a_deleted_endpoint_is_created_again_by_the_next_sweep() -> None:
    world = World()
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    await world.send("DELETE", endpoint)
    await world.sleep(60)
    await world.flow.sweeper.sweep()
    await world.drain()
    state = await world.state(at)
    assert state["result"] == "Connected"
    assert await world.send("GET", endpoint) is not None


async def test_a_deleted_zone_group_is_created_again() -> None:
    world = World()
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    await world.send("DELETE", f"{endpoint}/privateDnsZoneGroups/causeway")
    await world.sleep(60)
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    assert state["paths"][0]["records"]


async def test_a_forged_event_for_an_untagged_resource_reads_and_writes_nothing() -> None:
    world = World(a_policy(always=[]))
    at = await world.create_account()
    world.sent()
    assert await world.reconcile(at) == {}
    sent = world.sent()
    assert sent
    assert all(method == "GET" for method, _ in sent)
    assert world.tables["connections"].rows == {}


async def test_a_resource_outside_the_watched_subscriptions_is_not_even_read() -> None:
    world = World()
    assert await world.reconcile(STORAGE.replace("0001/", "0009/") + "/orders") == {}
    assert world.sent() == []


async def test_an_unknown_profile_is_declined_with_the_valid_ones() -> None:
    world = World()
    state = await world.reconcile(await world.create_account(tags={"private-connectivity": "gold"}))
    assert (state["result"], state["code"]) == ("Declined", "UnknownProfile")
    assert "default" in state["remedy"]
    assert world.writes() == []


async def test_a_group_that_the_type_lacks_is_declined_with_the_valid_ones() -> None:
    world = World()
    tags = {"private-connectivity-groups": "blob,vault"}
    state = await world.reconcile(await world.create_account(tags=tags))
    assert (state["result"], state["code"]) == ("Declined", "UnknownGroup")
    assert "queue" in state["remedy"]


async def test_a_tag_cannot_smuggle_a_subnet_id() -> None:
    world = World()
    tags = {"private-connectivity": f"{SUB}/resourceGroups/x/providers/Microsoft.Network/virtualNetworks/y"}
    state = await world.reconcile(await world.create_account(tags=tags))
    assert (state["result"], state["code"]) == ("Declined", "UnknownProfile")
    assert world.writes() == []


async def test_a_hostile_tag_is_declined_and_printed_clean() -> None:
    world = World()
    state = await world.reconcile(
        await world.create_account(tags={"private-connectivity": "a\nFAKE \x1b[31m"})
    )
    assert state["result"] == "Declined"
    assert state["reason"] == clean(state["reason"], 1000)
    assert "\n" not in state["reason"]


async def test_a_subnet_that_does_not_exist_blocks_with_its_id() -> None:
    missing = f"{HUB}/subnets/nowhere"
    world = World(a_policy(subnets={"westeurope": [missing]}))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "SubnetNotFound")
    assert missing in state["reason"]


async def test_a_subnet_in_another_region_blocks() -> None:
    other = ENDPOINTS.replace("hub-we", "hub-ne")
    world = World(a_policy(subnets={"westeurope": [other]}))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "SubnetInOtherRegion")


async def test_a_delegated_subnet_blocks() -> None:
    world = World()
    delegation = {"name": "d", "properties": {"serviceName": "Microsoft.Web/serverFarms"}}
    body = {"properties": {"addressPrefix": "10.0.1.0/24", "delegations": [delegation]}}
    await world.send("PUT", ENDPOINTS, body)
    await world.sleep(30)
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "SubnetIsDelegated")
    assert "Microsoft.Web/serverFarms" in state["reason"]


async def test_a_full_subnet_blocks_with_numbers() -> None:
    small = f"{HUB}/subnets/small"
    world = World(a_policy(subnets={"westeurope": [small]}))
    await world.send("PUT", small, {"properties": {"addressPrefix": "10.0.9.0/29"}})
    await world.sleep(30)
    for name in ("one", "two", "three"):
        assert (await world.reconcile(await world.create_account(name)))["result"] == "Connected"
    await world.sleep(61)
    state = await world.reconcile(await world.create_account("four"))
    assert (state["result"], state["code"]) == ("Blocked", "SubnetFull")
    assert "0 free" in state["reason"]


async def test_a_foreign_zone_group_blocks_with_its_name() -> None:
    world = World()
    at = await world.create_account()
    endpoint = (await world.reconcile(at))["paths"][0]["endpoint"]
    await world.send("DELETE", f"{endpoint}/privateDnsZoneGroups/causeway")
    await world.send("PUT", f"{ZONES}/privatelink.example.com", {"location": "global"})
    await world.sleep(200)
    config = {"name": "x", "properties": {"privateDnsZoneId": f"{ZONES}/privatelink.example.com"}}
    foreign = f"{endpoint}/privateDnsZoneGroups/deployedByPolicy"
    await world.send("PUT", foreign, {"properties": {"privateDnsZoneConfigs": [config]}})
    await world.sleep(60)
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "ZoneGroupOfSomeoneElse")
    assert "deployedByPolicy" in state["reason"]


async def test_a_network_already_linked_to_another_zone_of_the_name_blocks() -> None:
    world = World()
    other = BLOB_ZONE.replace("rg-dns", "rg-data")
    await world.send("PUT", other, {"location": "global"})
    await world.sleep(200)
    properties = {"registrationEnabled": False, "virtualNetwork": {"id": SPOKE}}
    await world.send(
        "PUT", f"{other}/virtualNetworkLinks/foreign", {"location": "global", "properties": properties}
    )
    await world.sleep(200)
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    assert "overlapping" in state["reason"].lower()
    assert state["remedy"]


async def test_nothing_is_left_of_a_target_that_is_deleted_during_the_pass() -> None:
    world = World()
    at = await world.create_account()
    refusal = {"status": 400, "code": "InvalidResourceReference", "message": "Resource not found."}
    world.azure.faults.add({"match": {"method": "PUT", "path": "privateEndpoints/[^/]+$"}, "answer": refusal})
    world.later(0, "DELETE", at)
    state = await world.reconcile(at)
    assert state["result"] == "Removed"
    assert await world.endpoints() == []
    assert state["owned"] == []


async def test_a_target_counts_as_deleted_after_a_404_and_its_endpoint_is_removed() -> None:
    world = World()
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("DELETE", at)
    await world.sleep(60)
    state = await world.reconcile(at)
    assert state["result"] == "Removed"
    assert await world.endpoints() == []
    assert state["owned"] == []


async def test_a_missing_right_on_the_target_blocks_and_names_the_action() -> None:
    world = World()
    world.deny("Microsoft.Storage/storageAccounts/PrivateEndpointConnectionsApproval/action")
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    assert "privateendpointconnectionsapproval/action" in state["remedy"].lower()


async def test_a_missing_right_on_the_subnet_blocks_and_names_the_action() -> None:
    world = World()
    world.deny("Microsoft.Network/virtualNetworks/subnets/join/action")
    state = await world.reconcile(await world.create_account())
    assert state["result"] == "Blocked"
    assert "subnets/join/action" in state["remedy"]


async def test_a_missing_right_on_the_zone_blocks_and_a_rerun_completes_the_path() -> None:
    world = World()
    world.deny("Microsoft.Network/privateDnsZones/join/action")
    at = await world.create_account()
    state = await world.reconcile(at)
    assert state["result"] == "Blocked"
    assert "privateDnsZones/join/action" in state["remedy"]
    assert (await world.endpoints(), state["owned"]) == ([], [])
    world.allow_all()
    again = await world.reconcile(at, "manual")
    assert again["result"] == "Connected"
    assert len(await world.endpoints()) == 1


async def test_a_failed_endpoint_that_was_repaired_reports_its_names_at_once() -> None:
    world = World(a_policy())
    at = await world.create_account()
    put = {"method": "PUT", "path": "privateEndpoints/[^/]+$"}
    world.azure.faults.add({"match": put, "times": 1, "lro_failure": {"code": "SomethingStrange"}})
    state = await world.reconcile(at)
    assert [entry["result"] for entry in state["history"]] == ["Connected", "Failed"]
    (address,) = state["paths"][0]["addresses"]
    assert address["fqdns"] == ["orders.blob.core.windows.net"]
