"""Which resources rules and exclusions choose, and what outcomes, dry runs and sweeps say of that."""

from typing import Any

import pytest

from shared.core.policy.hierarchy import APART
from tests.builders import bodies
from tests.builders.policies import a_policy
from tests.builders.world import STORAGE, SUB, World

TAG = "private-connectivity"
ENABLED = {TAG: "enabled"}
VAULTS = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.KeyVault/vaults"
MANAGED = f"{SUB}/resourceGroups/databricks-rg-analytics"
TREE = {
    "management_groups": ["mg-corp", {"name": "mg-prod", "parent": "mg-corp"}, "mg-sandbox"],
    "subscriptions": [{"id": bodies.SUB, "managementGroup": "mg-prod"}],
    "resources": [],
}


def rule(name: str, profile: str = "default", **more: Any) -> dict[str, Any]:
    return {"name": name, "profile": profile, **more}


def a_world(
    *rules: dict[str, Any], exclude: list[dict[str, Any]] | None = None, managed: Any = None, **more: Any
) -> World:
    """A world whose policy connects nothing by type alone."""
    return World(policy(*rules, exclude=exclude, managed=managed, **more))


def policy(
    *rules: dict[str, Any], exclude: list[dict[str, Any]] | None = None, managed: Any = None, **more: Any
) -> Any:
    top: dict[str, Any] = {"rules": list(rules)} if rules else {}
    top |= {"exclude": exclude} if exclude else {}
    top |= {"exclude_managed": managed} if managed is not None else {}
    choices = {"tag_may_choose": more.pop("tag_may_choose", ["default"])} if rules else {}
    return a_policy(top=top, always=more.pop("always", []), **choices, **more)


async def with_policy(world: World, changed: Any) -> World:
    """The same world after the policy was changed and the app was started again."""
    world.policy = changed
    world.flow = world.worker()
    await world.sleep(3600)
    return world


async def swept(world: World) -> Any:
    await world.flow.sweeper.sweep()
    report = await world.ports().sweeps.latest()
    assert report is not None
    return report


# Rules


async def test_the_first_rule_that_matches_counts_and_its_name_is_in_state_plan_and_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = a_world(
        rule("wide sku", match={"sku": "Premium*"}, profile="none"), rule("orders", match={"name": "ord*"})
    )
    at = await world.create_account()
    with caplog.at_level("INFO"):
        state = await world.reconcile(at)
    assert (state["result"], state["rule"], state["profile"]) == ("Connected", "orders", "default")
    assert '"rule": "orders"' in caplog.text
    assert (await world.plan(at))["rule"] == "orders"


async def test_none_is_final_whatever_a_tag_says() -> None:
    world = a_world(rule("legacy", "none", match={"name": "ord*"}), rule("rest"))
    at = await world.create_account(tags=ENABLED)
    assert await world.reconcile(at) == {}
    plan = await world.plan(at)
    assert (plan["result"], plan["rule"], plan["policy_key"]) == ("NotAsked", "legacy", "rules[0]")
    assert "legacy" in plan["reason"]


async def test_a_rule_for_what_is_asked_for_waits_for_the_tag() -> None:
    world = a_world(rule("on request", connect="asked"))
    at = await world.create_account()
    assert await world.reconcile(at) == {}
    await world.send("PATCH", at, {"tags": ENABLED})
    assert (await world.reconcile(at))["rule"] == "on request"


async def test_a_tag_names_no_profile_that_it_may_not_choose() -> None:
    world = a_world(rule("rest"), beside={"other": {}})
    at = await world.create_account(tags={TAG: "other"})
    state = await world.reconcile(at)
    assert (state["result"], state["code"], state["rule"]) == ("Declined", "ProfileNotAllowed", "rest")
    assert await world.endpoints() == []


async def test_what_no_rule_matches_is_connected_where_a_tag_asks() -> None:
    world = a_world(rule("others", "none", match={"name": "x*"}))
    at = await world.create_account()
    assert await world.reconcile(at) == {}
    await world.send("PATCH", at, {"tags": ENABLED})
    state = await world.reconcile(at)
    assert (state["result"], state["rule"]) == ("Connected", "")


# Exclusions


async def test_an_exclusion_is_stronger_than_rules_and_tags_and_is_named() -> None:
    world = a_world(rule("rest"), exclude=[{"name": "x*"}, {"resource_group": "rg-app", "name": "ord*"}])
    at = await world.create_account(tags=ENABLED)
    assert await world.reconcile(at) == {}
    asked = await world.reconcile(at, "manual")
    assert (asked["result"], asked["code"], asked["policy_key"]) == ("Declined", "Excluded", "exclude[1]")
    assert "exclude[1]" in asked["reason"]
    assert "exclude[1]" in asked["remedy"]
    assert (await world.plan(at))["policy_key"] == "exclude[1]"


async def test_a_group_s_tag_excludes_what_is_in_it_where_tags_are_inherited() -> None:
    world = a_world(exclude=[{"tags": {"lifecycle": "temporary"}}])
    at = await world.create_account(tags=ENABLED)
    await world.send("PATCH", f"{SUB}/resourceGroups/rg-app", {"tags": {"lifecycle": "temporary"}})
    assert await world.reconcile(at) == {}


@pytest.mark.parametrize(
    ("opt_out", "result", "left"), [("remove", "Removed", 0), ("keep", "Declined", 1)], ids=["remove", "keep"]
)
async def test_what_a_changed_policy_excludes_follows_on_opt_out(
    opt_out: str, result: str, left: int
) -> None:
    world = a_world(always=[bodies.ACCOUNT.type], on_opt_out=opt_out)
    at = await world.create_account()
    await world.reconcile(at)
    await with_policy(world, policy(exclude=[{"name": "orders"}], on_opt_out=opt_out))
    before = world.flow  # a sweep finds it by the ledger
    assert await before.sweeper.sweep() == 1
    await world.drain()
    state = await world.state(at)
    assert (state["result"], len(await world.endpoints())) == (result, left)
    assert state["policy_key"] == "exclude[0]"


async def test_tags_that_exclude_in_an_older_reading_alone_remove_nothing() -> None:
    excluded = [{"tags": {"lifecycle": "temporary"}}]
    world = a_world(rule("rest"), exclude=excluded, on_opt_out="remove")
    world.azure.faults.add({"match": {"method": "GET", "path": "no such path"}, "stale_seconds": 5000})
    at = await world.create_account(tags={"lifecycle": "temporary"})
    await world.sleep(1000)
    await world.send("PATCH", at, {"tags": {}})
    await world.reconcile(at)
    await world.sleep(100)
    stale = {"method": "GET", "path": "storageAccounts/orders$", "principal": "app"}
    world.azure.faults.add({"match": stale, "times": 50, "stale_seconds": 600})
    await world.work(world.item(at))
    assert (await world.state(at))["code"] == "Unconfirmed"
    assert len(await world.endpoints()) == 1


# Groups that a service manages


async def in_managed_group(world: World, tags: dict[str, str]) -> str:
    await world.send("PUT", MANAGED, {"location": "westeurope", "managedBy": f"{SUB}/x"})
    at = f"{MANAGED}/providers/Microsoft.Storage/storageAccounts/dbstorage1"
    sku = {"name": "Standard_LRS"}
    await world.send("PUT", at, {"location": "westeurope", "kind": "StorageV2", "sku": sku, "tags": tags})
    await world.sleep(120)
    return at


@pytest.mark.parametrize("inherit", ["none", "resource_group"])
@pytest.mark.parametrize("managed", [None, True], ids=["beside rules", "said"])
async def test_a_tag_does_not_connect_what_a_service_manages(managed: bool | None, inherit: str) -> None:
    rules = [] if managed else [rule("rest")]
    world = a_world(*rules, managed=managed, inherit=inherit)
    at = await in_managed_group(world, ENABLED)
    assert await world.reconcile(at) == {}
    plan = await world.plan(at)
    assert (plan["result"], plan["policy_key"]) == ("NotAsked", "exclude_managed")
    assert (await swept(world)).listed == {bodies.SUB: 0}


async def test_what_a_service_manages_is_connected_by_a_rule_where_the_policy_says_so() -> None:
    world = a_world(rule("rest"), managed=False)
    at = await in_managed_group(world, {})
    assert (await world.reconcile(at))["result"] == "Connected"


async def test_what_was_made_in_a_group_that_is_excluded_as_managed_now_is_kept() -> None:
    world = a_world(on_opt_out="remove")
    at = await in_managed_group(world, ENABLED)
    await world.reconcile(at)
    await with_policy(world, policy(managed=True, on_opt_out="remove"))
    state = await world.reconcile(at)
    assert (state["code"], state["policy_key"]) == ("Excluded", "exclude_managed")
    assert len(await world.endpoints()) == 1


# Sweeps


async def test_a_sweep_lists_what_rules_may_choose_and_counts_what_its_list_does_not_show() -> None:
    premium = {"type": ["Microsoft.Storage/*", "Microsoft.KeyVault/*"], "sku": "premium*"}
    world = a_world(rule("premium", match=premium), rule("rest", "none"))
    await world.create_account("standard")
    await world.create_account("fast", sku={"name": "Premium_LRS"}, kind="BlockBlobStorage")
    vault = f"{VAULTS}/keys"
    body = {
        "location": "westeurope",
        "properties": {"tenantId": bodies.SUB, "sku": {"family": "A", "name": "premium"}},
    }
    await world.send("PUT", vault, body)
    await world.sleep(120)
    report = await swept(world)
    assert (report.listed, report.undecided, report.queued) == ({bodies.SUB: 1}, 1, 2)
    await world.drain()
    states = [await world.state(at) for at in (f"{STORAGE}/fast", vault, f"{STORAGE}/standard")]
    assert [one.get("rule") for one in states] == ["premium", "premium", None]


# Management groups in selectors


def under_groups(**more: Any) -> World:
    world = a_world(rule("sandbox", "none", match={"management_group": "mg-sand*"}), rule("rest"), **more)
    world.azure.apply(TREE)
    return world


def move(world: World, group: str) -> None:
    hierarchy = world.azure.world.hierarchy
    hierarchy.place(bodies.SUB, hierarchy.tree.groups[group])


async def test_a_rule_selects_by_any_group_above_also_of_a_subscription_that_is_listed_by_id() -> None:
    world = under_groups()
    at = await world.create_account()
    assert (await world.reconcile(at))["rule"] == "rest"
    other = under_groups()
    move(other, "mg-sandbox")
    at = await other.create_account()
    assert await other.reconcile(at) == {}
    assert (await other.plan(at))["rule"] == "sandbox"


@pytest.mark.parametrize(
    ("status", "code", "result"),
    [(403, "AuthorizationFailed", "Blocked"), (503, "ServiceUnavailable", "Pending")],
)
async def test_a_place_that_cannot_be_read_is_not_a_reason_for_the_next_rule(
    status: int, code: str, result: str
) -> None:
    world = under_groups()
    at = await world.create_account()
    answer = {"status": status, "code": code, "message": "x"}
    world.azure.faults.add({"match": {"path": "getEntities"}, "answer": answer, "times": 99})
    await world.work(world.item(at))
    state = await world.state(at)
    assert (state["result"], state["code"]) == (result, "ManagementGroupUnread")
    assert (await world.plan(at))["code"] == "ManagementGroupUnread"
    report = await swept(world)
    assert (report.listed, report.undecided) == ({bodies.SUB: 0}, 1)


async def test_a_subscription_that_moves_is_where_it_was_until_two_readings_agree() -> None:
    world = under_groups(on_opt_out="remove")
    at = await world.create_account()
    await world.reconcile(at)
    move(world, "mg-sandbox")
    await world.sleep(700)
    assert (await world.reconcile(at))["result"] == "Connected"
    await world.sleep(APART)
    state = await world.reconcile(at)
    assert (state["result"], state["rule"]) == ("Removed", "sandbox")
