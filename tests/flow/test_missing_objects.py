"""Objects that the policy names and that do not exist: the outcome says what is missing."""

from typing import Any

import pytest

from tests.builders.policies import a_policy
from tests.builders.security_rules import ENSURE, a_filtered_world
from tests.builders.world import NETWORKS, SPOKE, SUB, World

MISSING_GROUP = f"{SUB}/resourceGroups/nowhere"
MISSING_NETWORK = f"{NETWORKS}/virtualNetworks/nowhere"


@pytest.mark.parametrize(
    "profile",
    [
        {"endpoints_resource_group": MISSING_GROUP},
        {"dns": {"mode": "manage", "zones_resource_group": MISSING_GROUP}},
    ],
    ids=["of endpoints", "of zones"],
)
async def test_a_resource_group_that_is_missing_is_named(profile: dict[str, Any]) -> None:
    world = World(a_policy(**profile))
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "ResourceGroupNotFound")
    assert "'nowhere'" in state["reason"]
    assert state["remedy"].startswith("create the resource group")


@pytest.mark.parametrize(
    "profile",
    [
        {},
        {"peering": "ensure"},
        {"peering": "require"},
        {"nsg": ENSURE},
        {"nsg": {"mode": "require"}},
        {"nsg": ENSURE, "dns": {"mode": "none"}},
        {"dns": {"mode": "external"}},
    ],
    ids=["links", "peering", "required peering", "rules", "required rules", "rules alone", "external names"],
)
async def test_a_client_network_that_is_missing_is_named(profile: dict[str, Any]) -> None:
    world = await a_filtered_world()
    world.policy = a_policy(clients=[SPOKE, MISSING_NETWORK], **profile)
    world.flow = world.worker()
    state = await world.reconcile(await world.create_account())
    assert (state["result"], state["code"]) == ("Blocked", "NetworkNotFound")
    assert MISSING_NETWORK in state["reason"]
    assert state["remedy"] == "correct the policy, or create the network"


async def test_a_missing_client_network_does_not_block_where_nothing_is_created_for_clients() -> None:
    world = World(a_policy(clients=[MISSING_NETWORK], dns={"mode": "none"}))
    assert (await world.reconcile(await world.create_account()))["result"] == "Connected"
