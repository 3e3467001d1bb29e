"""`python -m sandbox up --scenario enterprise`: the app in its host ends the estate as the scenario says."""

import asyncio
from typing import Any

from sandbox.__main__ import arguments
from sandbox.up import Sandbox, policy_of
from sandbox.user import User
from tests.builders import estate
from tests.builders.estate import NOTHING

PATIENCE = 100.0  # real seconds
EXPECTED = {at: each.planned.result for at, each in estate.expected(estate.SCENARIO.read_text()).items()}


async def test_the_estate_that_comes_with_the_sandbox_ends_as_its_comments_say() -> None:
    asked = arguments(["up", "--scenario", "enterprise"])
    box = Sandbox(scenario=asked.scenario, policy=policy_of(asked.scenario), speed=240)
    async with box, User(box.endpoints) as user:
        await user.sweep()
        assert await settled(user) == EXPECTED


async def settled(user: User) -> dict[str, Any]:
    """The results of all resources, once they are those expected or patience has ended."""
    loop = asyncio.get_running_loop()
    end = loop.time() + PATIENCE
    while (found := await results(user)) != EXPECTED and loop.time() < end:
        await asyncio.sleep(1)
    return found


async def results(user: User) -> dict[str, Any]:
    """The result of each resource's last pass, by its id, and NOTHING of those that have none."""
    known = {at.lower(): at for at in EXPECTED}
    states = {known.get(state["resource_id"].lower(), state["resource_id"]): state["result"]
              for state in await user.connections()}  # fmt: skip
    return dict.fromkeys(EXPECTED, NOTHING) | states
