"""Obsolete rules: a client that the policy no longer names loses its access."""

from tests.builders.client_networks import NEW, a_world_with_two_networks, change, ip_of, reached
from tests.builders.security_rules import DENY, ENSURE, covered, recorded_rules, rules_of
from tests.builders.sql_server import SERVER, a_sql_world, allowed, set_policy, sql_reached
from tests.builders.world import ENDPOINTS, HUB, SPOKE, World


async def rules_for(world: World, ip: str) -> list[str]:
    """The rules that include an address, by access and sources."""
    found = [rule for rule in (await rules_of(world)).values() if covered(rule, ip)]
    return sorted(
        f"{rule['access']} {','.join(rule.get('sourceAddressPrefixes') or ['*'])}" for rule in found
    )


async def test_a_client_that_the_policy_dropped_loses_access_and_the_new_one_gets_it() -> None:
    world = await a_world_with_two_networks()
    at = await world.create_account()
    ip = ip_of(await world.reconcile(at))
    assert reached(world, SPOKE)
    change(world)
    state = await world.reconcile(at, "drift")
    assert (state["result"], recorded_rules(state)) == ("Connected", 2)
    assert await rules_for(world, ip) == ["Allow 10.3.0.0/16", "Deny *"]
    assert len(await rules_of(world)) == 2
    assert reached(world, NEW)
    assert not reached(world, SPOKE)
    world.sent()
    await world.reconcile(at, "drift")
    assert world.writes() == []


async def test_nothing_is_withdrawn_before_the_new_path_is_proven() -> None:
    world = await a_world_with_two_networks()
    at = await world.create_account()
    ip = ip_of(await world.reconcile(at))
    change(world)
    world.deny("Microsoft.Network/virtualNetworks/virtualNetworkPeerings/write")
    assert (await world.reconcile(at, "drift"))["result"] == "Blocked"
    assert "Allow 10.1.0.0/16" in await rules_for(world, ip)
    assert reached(world, SPOKE)


async def test_withdrawing_one_target_from_a_rule_keeps_the_others() -> None:
    world = await a_world_with_two_networks()
    first, second = await world.create_account("first"), await world.create_account("second")
    one, two = ip_of(await world.reconcile(first)), ip_of(await world.reconcile(second))
    change(world)
    await world.reconcile(first, "drift")
    assert await rules_for(world, one) == ["Allow 10.3.0.0/16", "Deny *"]
    assert await rules_for(world, two) == ["Allow 10.1.0.0/16", "Deny *"]
    assert reached(world, SPOKE, "second.blob.core.windows.net")
    assert not reached(world, SPOKE, "first.blob.core.windows.net")


async def test_a_default_deny_that_is_no_longer_desired_is_deleted() -> None:
    world = await a_world_with_two_networks()
    at = await world.create_account()
    ip = ip_of(await world.reconcile(at))
    change(world, SPOKE, ENSURE)
    world.sent()
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    ((method, path),) = world.writes()
    assert (method, "/securityRules/causeway-deny-" in path) == ("DELETE", True)
    assert await rules_for(world, ip) == ["Allow 10.1.0.0/16"]


async def test_another_range_of_priorities_creates_new_rules_and_deletes_the_old_ones() -> None:
    world = await a_world_with_two_networks()
    at = await world.create_account()
    await world.reconcile(at)
    change(world, SPOKE, {**DENY, "priorities": [2000, 2009]})
    state = await world.reconcile(at, "drift")
    assert (state["result"], recorded_rules(state)) == ("Connected", 2)
    found = [(rule["access"], rule["priority"]) for rule in (await rules_of(world)).values()]
    assert sorted(found) == [("Allow", 2000), ("Deny", 2009)]
    world.sent()
    await world.reconcile(at, "drift")
    assert world.writes() == []


async def test_an_old_deny_rule_is_deleted_before_its_allow_rule() -> None:
    world = await a_world_with_two_networks()
    at = await world.create_account()
    await world.reconcile(at)
    change(world, SPOKE, {**DENY, "priorities": [2000, 2009]})
    refused = {"status": 409, "code": "ScopeLocked", "message": "no"}
    match = {"method": "DELETE", "path": "causeway-deny-"}
    world.azure.faults.add({"match": match, "answer": refused, "times": 100})
    assert (await world.reconcile(at, "drift"))["result"] == "Blocked"
    assert reached(world, SPOKE)


async def test_without_ensured_rules_nothing_is_written_and_a_later_removal_still_withdraws() -> None:
    for mode, result in (("require", "Blocked"), ("ignore", "Connected")):
        world = await a_world_with_two_networks()
        at = await world.create_account()
        before = (await world.reconcile(at), await rules_of(world))
        change(world, SPOKE if mode == "ignore" else NEW, {"mode": mode})
        world.sent()
        state = await world.reconcile(at, "drift")
        assert (state["result"], recorded_rules(state)) == (result, 2)
        assert await rules_of(world) == before[1]
        assert not [path for _, path in world.writes() if "/securityRules/" in path]
        await world.send("DELETE", at)
        await world.sleep(60)
        state = await world.reconcile(at)
        assert (state["result"], state["owned"], await rules_of(world)) == ("Removed", [], {})


async def test_under_require_a_working_path_keeps_its_managed_rule_recorded() -> None:
    world = await a_world_with_two_networks(ENSURE)
    at = await world.create_account()
    await world.reconcile(at)
    change(world, SPOKE, {"mode": "require", "default_deny": False})
    state = await world.reconcile(at, "drift")
    assert (state["result"], recorded_rules(state)) == ("Connected", 1)


async def test_an_endpoint_in_another_subnet_withdraws_its_old_address_from_the_rule() -> None:
    world = await a_world_with_two_networks()
    at = await world.create_account()
    old = ip_of(await world.reconcile(at))
    other = f"{HUB}/subnets/other"
    group = (await world.send("GET", ENDPOINTS))["properties"]["networkSecurityGroup"]
    body = {"addressPrefix": "10.0.7.0/24", "networkSecurityGroup": group}
    await world.send("PUT", other, {"properties": body})
    await world.sleep(61)
    change(world, SPOKE, subnets={"westeurope": [other]})
    state = await world.reconcile(at, "drift")
    assert state["result"] == "Connected"
    assert await rules_for(world, ip_of(state)) == ["Allow 10.1.0.0/16", "Deny *"]
    assert await rules_for(world, old) == []
    assert reached(world, SPOKE)


async def test_a_rule_that_could_not_be_withdrawn_is_withdrawn_later() -> None:
    world = await a_world_with_two_networks()
    at = await world.create_account()
    ip = ip_of(await world.reconcile(at))
    change(world)
    world.deny("Microsoft.Network/networkSecurityGroups/securityRules/delete")
    state = await world.reconcile(at, "drift")
    assert (state["result"], state["code"]) == ("Blocked", "AuthorizationFailed")
    world.allow_all()
    state = await world.reconcile(at, "manual")
    assert (state["result"], recorded_rules(state)) == ("Connected", 2)
    assert await rules_for(world, ip) == ["Allow 10.3.0.0/16", "Deny *"]


async def test_an_endpoint_is_deleted_only_after_its_addresses_are_withdrawn_from_every_rule() -> None:
    world = await a_world_with_two_networks({**ENSURE})
    at = await world.create_account()
    await world.reconcile(at)
    await world.send("DELETE", at)
    await world.sleep(60)
    world.deny("Microsoft.Network/networkSecurityGroups/securityRules/delete")
    state = await world.reconcile(at)
    assert (state["result"], len(await world.endpoints())) == ("Blocked", 1)
    world.allow_all()
    state = await world.reconcile(at, "manual")
    assert (state["result"], state["owned"], await rules_of(world)) == ("Removed", [], {})
    assert await world.endpoints() == []


async def test_an_obsolete_rule_that_a_user_changed_is_kept() -> None:
    world = await a_world_with_two_networks(ENSURE)
    at = await world.create_account()
    await world.reconcile(at)
    ((name, rule),) = (await rules_of(world)).items()
    group = (await world.send("GET", ENDPOINTS))["properties"]["networkSecurityGroup"]["id"]
    mine = {**rule, "description": "mine now"}
    await world.send("PUT", f"{group}/securityRules/{name}", {"properties": mine})
    await world.sleep(30)
    change(world, nsg=ENSURE)
    assert (await world.reconcile(at, "drift"))["result"] == "Connected"
    assert (await rules_of(world))[name]["description"] == "mine now"


async def test_a_group_that_was_attached_since_the_last_read_keeps_its_rules() -> None:
    world = await a_world_with_two_networks(ENSURE)
    at = await world.create_account()
    group = (await world.send("GET", ENDPOINTS))["properties"]["networkSecurityGroup"]
    body = {"addressPrefix": "10.0.1.0/24"}
    await world.send("PUT", ENDPOINTS, {"properties": body})
    await world.sleep(61)
    late = world.worker()
    for _ in range(2):  # the second pass writes nothing and caches the network for a minute
        await world.reconcile(at, flow=late)
    await world.send("PUT", ENDPOINTS, {"properties": {**body, "networkSecurityGroup": group}})
    await world.sleep(20)
    state = await world.reconcile(at, "manual")
    assert recorded_rules(state) == 1
    state = await world.reconcile(at, flow=late)
    assert (state["result"], recorded_rules(state)) == ("Connected", 1)
    assert len(await rules_of(world)) == 1


async def test_setting_a_server_to_proxy_removes_the_redirect_range() -> None:
    world = await a_sql_world("Redirect")
    await world.reconcile(SERVER)
    assert sql_reached(world, 11_000)
    await set_policy(world, "Proxy")
    assert (await world.reconcile(SERVER, "drift"))["result"] == "Connected"
    assert await allowed(world) == [["1433"]]
    assert sql_reached(world, 1433)
    assert not sql_reached(world, 11_000)
    await set_policy(world, "Redirect")
    assert (await world.reconcile(SERVER, "drift"))["result"] == "Connected"
    assert await allowed(world) == [["1433-65535"]]
    assert sql_reached(world, 11_000)


async def test_an_old_deny_rule_before_the_new_rules_is_withdrawn_before_the_proof() -> None:
    world = await a_world_with_two_networks()
    at = await world.create_account()
    await world.reconcile(at)
    change(world, NEW, {**DENY, "priorities": [2000, 2009]})
    state = await world.reconcile(at, "drift")
    assert (state["result"], recorded_rules(state)) == ("Connected", 2)
    assert reached(world, NEW)
    assert not reached(world, SPOKE)


async def test_deleting_an_endpoint_withdraws_its_address_even_if_rules_are_no_longer_ensured() -> None:
    for mode in ("ignore", "require"):
        world = await a_world_with_two_networks(ENSURE)
        at = await world.create_account()
        old = ip_of(await world.reconcile(at))
        other = f"{HUB}/subnets/other"
        await world.send("PUT", other, {"properties": {"addressPrefix": "10.0.7.0/24"}})
        await world.sleep(61)
        change(world, SPOKE, {"mode": mode}, subnets={"westeurope": [other]})
        assert (await world.reconcile(at, "drift"))["result"] == "Connected"
        assert await rules_for(world, old) == []
