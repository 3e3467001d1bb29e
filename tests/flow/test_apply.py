"""Carrying out a plan: what is sent again, what is read again afterwards, and what several passes share."""

import asyncio
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.errors import (
    BlockedError,
    CausewayError,
    NotAttempted,
    PermanentError,
    StillRunning,
    TransientError,
)
from shared.core.base.ids import ResourceId
from shared.core.kinds.endpoint import Endpoint, endpoint_id
from shared.core.kinds.peering import Peering, peering_id
from shared.core.kinds.rule import Rule, rule_id
from shared.core.kinds.zone import Zone
from shared.core.plan.actions import (
    Action,
    Block,
    Create,
    Delete,
    Keep,
    Replace,
    Unknown,
    Update,
    Wait,
    Withdraw,
)
from shared.core.plan.plan import Plan
from shared.core.readings.reading import Read
from shared.flow.apply import TRIES, Applied, Applier
from shared.flow.cached_reads import CachedReads
from shared.flow.reader import Reader
from tests.builders import bodies
from tests.builders.bodies import ACCOUNT, HUB, SPOKE, SUBNET, ZONE
from tests.builders.doubles import StubArm, StubLeases, StubMemory, a_pass
from tests.builders.networks import GROUP, OUR_RULE, group, half, other, our_rule, vnet, want
from tests.builders.world import LoopClock

AT = endpoint_id(SUBNET.group, ACCOUNT, "blob", SUBNET)
ENDPOINT = Endpoint(AT, "westeurope", SUBNET, ACCOUNT, "blob")
DENIAL = want(
    id=rule_id(GROUP, "spoke-a", "Deny"), sources=("*",), ports=("*",), access="Deny", behind=(OUR_RULE,)
)


class Scene:
    """An applier over a few resources, and what it did with them."""

    def __init__(self, *seen: Seen) -> None:
        self.arm = StubArm(*(one.body for one in seen))
        self.memory, self.leases, clock = StubMemory(), StubLeases(), LoopClock()
        self.cached = CachedReads(self.arm, clock)
        self.applier = Applier(
            self.arm, self.cached, Reader(self.arm, self.cached, clock), self.leases, clock
        )

    async def apply(self, *actions: Action, seconds: float = 480.0) -> Applied:
        return await self.applier.apply(Plan(actions), a_pass(self.memory, seconds=seconds))

    def fail(self, method: str, at: ResourceId, *errors: CausewayError) -> None:
        self.arm.fails[method, at].extend(errors)

    async def reads_again(self, at: ResourceId) -> bool:
        """Whether the next pass that needs this shared object asks Azure for it."""
        before = len(self.arm.sent)
        await self.cached.resource(Read(at, shared=True))
        return len(self.arm.sent) > before


def ended(applied: Applied) -> list[str]:
    return [step.ended for step in applied.done]


def destinations(scene: Scene, at: ResourceId = OUR_RULE) -> list[str]:
    found: list[str] = scene.arm.bodies[at]["properties"]["destinationAddressPrefixes"]
    return found


# Sending again


async def test_what_passes_by_itself_is_sent_again() -> None:
    scene = Scene()
    scene.fail("PUT", AT, TransientError("busy"), TransientError("busy"))
    assert ended(await scene.apply(Create(ENDPOINT))) == ["done"]
    assert scene.arm.writes() == [("PUT", AT)] * 3


async def test_it_is_sent_five_times_at_most() -> None:
    scene = Scene()
    scene.fail("PUT", AT, *[TransientError("busy")] * 20)
    assert ended(await scene.apply(Create(ENDPOINT))) == ["failed"]
    assert scene.arm.writes() == [("PUT", AT)] * TRIES


@pytest.mark.parametrize("error", [BlockedError("No", "no", "ask"), PermanentError("Bad", "bad")])
async def test_what_does_not_pass_by_itself_is_sent_once(error: CausewayError) -> None:
    scene = Scene()
    scene.fail("PUT", AT, error)
    applied = await scene.apply(Create(ENDPOINT))
    assert applied.errors == {AT: error}
    assert scene.arm.writes() == [("PUT", AT)]


async def test_an_operation_that_still_runs_is_not_started_twice() -> None:
    scene = Scene()
    scene.fail("PUT", AT, StillRunning("later", retry_after=1.0))
    assert ended(await scene.apply(Create(ENDPOINT))) == ["failed"]
    assert scene.arm.writes() == [("PUT", AT)]


async def test_azure_says_how_long_to_wait() -> None:
    scene, loop = Scene(), asyncio.get_running_loop()
    scene.fail("PUT", AT, TransientError("busy", retry_after=77.0))
    before = loop.time()
    await scene.apply(Create(ENDPOINT))
    assert 77.0 <= loop.time() - before < 78.0


async def test_a_wait_of_no_time_is_no_wait() -> None:
    scene, loop = Scene(), asyncio.get_running_loop()
    scene.fail("PUT", AT, TransientError("busy", retry_after=0.0))
    before = loop.time()
    await scene.apply(Create(ENDPOINT))
    assert loop.time() - before < 1.0


@pytest.mark.parametrize(("seconds", "sent"), [(59.0, 1), (60.0, 2)])
async def test_nothing_is_sent_after_the_end_of_the_pass(seconds: float, sent: int) -> None:
    scene = Scene()
    scene.fail("PUT", AT, TransientError("busy", retry_after=60.0))
    await scene.apply(Create(ENDPOINT), seconds=seconds)
    assert len(scene.arm.writes()) == sent


# Reading again


async def test_an_address_that_joins_an_allow_rule_keeps_the_cached_group() -> None:
    """It cannot make a cached copy unsafe, and a hundred passes rely on that copy."""
    scene = Scene(group(), our_rule("10.0.9.9"))
    await scene.reads_again(GROUP)
    await scene.apply(Update(want(), our_rule("10.0.9.9"), ("addresses are missing",)))
    assert not await scene.reads_again(GROUP)


async def test_a_new_denial_makes_the_next_pass_read_the_group() -> None:
    scene = Scene(group())
    await scene.reads_again(GROUP)
    await scene.apply(Create(DENIAL))
    assert await scene.reads_again(GROUP)


async def test_addresses_that_leave_a_rule_make_the_next_pass_read_the_group() -> None:
    have = our_rule("10.0.1.4", "10.0.9.9")
    scene = Scene(group(), have)
    await scene.reads_again(GROUP)
    await scene.apply(Withdraw(have, GROUP.key, ("10.0.1.4",), "gone"))
    assert destinations(scene) == ["10.0.9.9"]
    assert await scene.reads_again(GROUP)


async def test_a_new_half_of_a_peering_makes_the_next_pass_read_both_networks() -> None:
    scene = Scene(vnet(HUB, "10.0.0.0/16"), vnet(SPOKE, "10.1.0.0/16"))
    for network in (HUB, SPOKE):
        await scene.reads_again(network)
    await scene.apply(Create(Peering(peering_id(HUB, SPOKE), HUB, SPOKE)))
    assert [await scene.reads_again(HUB), await scene.reads_again(SPOKE)] == [True, True]


async def test_a_shared_object_that_turns_out_to_be_right_is_kept_and_reported() -> None:
    scene = Scene(bodies.zone())
    applied = await scene.apply(Create(Zone(ZONE, write=True)))
    assert scene.arm.writes() == []
    assert applied.objects == {ZONE: bodies.zone()}


# Under a lease


async def test_a_shared_object_is_decided_again_by_what_exists_under_the_lease() -> None:
    scene = Scene(group(other("lockdown", 100, access="Deny", protocol="*")))
    applied = await scene.apply(Create(want()))
    assert isinstance(applied.errors[OUR_RULE], BlockedError)
    assert scene.arm.writes() == []
    assert scene.leases.held == [(GROUP.key,)]


async def test_a_shared_object_that_is_being_written_is_awaited_and_decided_again() -> None:
    busy = bodies.zone()
    running = {**busy.body, "properties": {"provisioningState": "Updating"}}
    scene = Scene(Seen(ZONE, running))
    settle = scene.arm.settle

    async def settled(at: ResourceId, *, deadline: float) -> dict[str, Any] | None:
        scene.arm.bodies[at] = dict(busy.body)
        return await settle(at, deadline=deadline)

    scene.arm.settle = settled  # type: ignore[method-assign]
    applied = await scene.apply(Create(Zone(ZONE, write=True)))
    assert ended(applied) == ["done"]
    assert [method for method, _ in scene.arm.sent] == ["GET", "SETTLE", "GET"]


@pytest.mark.parametrize("remote", [SPOKE, HUB])
async def test_a_shared_object_is_replaced_only_if_it_still_has_to_be(remote: ResourceId) -> None:
    """Another target may have replaced it while this one waited for the lease."""
    desired_half = Peering(peering_id(HUB, SPOKE), HUB, SPOKE)
    stale = half(peeringState="Disconnected")
    exists = half() if remote == SPOKE else stale
    scene = Scene(vnet(HUB, "10.0.0.0/16", halves=(exists,)), vnet(SPOKE, "10.1.0.0/16"))
    await scene.apply(Replace(desired_half, stale, "it is Disconnected"))
    expected = [] if remote == SPOKE else [("DELETE", desired_half.id), ("PUT", desired_half.id)]
    assert scene.arm.writes() == expected
    assert len(scene.memory.remembered) == 1


async def test_what_is_replaced_only_under_the_lease_is_recorded_before_its_deletion() -> None:
    desired_half = Peering(peering_id(HUB, SPOKE), HUB, SPOKE)
    stale = half(peeringState="Disconnected")
    scene = Scene(vnet(HUB, "10.0.0.0/16", halves=(stale,)), vnet(SPOKE, "10.1.0.0/16"))
    await scene.apply(Create(desired_half))
    ((recorded,),) = scene.memory.remembered
    assert (recorded.action, recorded.id) == ("Replace", desired_half.id)
    assert scene.arm.writes() == [("DELETE", desired_half.id), ("PUT", desired_half.id)]


async def test_a_rule_that_loses_its_last_address_is_deleted() -> None:
    have = our_rule("10.0.1.4")
    scene = Scene(group(), have)
    await scene.apply(Withdraw(have, GROUP.key, ("10.0.1.4",), "gone"))
    assert scene.arm.writes() == [("DELETE", OUR_RULE)]
    assert scene.leases.held == [(GROUP.key,)]


async def test_addresses_leave_what_the_rule_holds_now() -> None:
    """Others may have joined it since it was read."""
    scene = Scene(group(), our_rule("10.0.1.4", "10.0.9.9"))
    await scene.apply(Withdraw(our_rule("10.0.1.4"), GROUP.key, ("10.0.1.4",), "gone"))
    assert scene.arm.writes() == [("PUT", OUR_RULE)]


async def test_a_rule_that_is_gone_already_is_left_alone() -> None:
    scene = Scene(group())
    assert ended(await scene.apply(Withdraw(our_rule(), GROUP.key, ("10.0.1.4",), "gone"))) == ["done"]
    assert scene.arm.writes() == []


async def test_an_address_joins_those_that_the_rule_holds_now() -> None:
    scene = Scene(group(our_rule("10.0.9.9")))
    await scene.apply(Update(want(), our_rule("10.0.7.7"), ("addresses are missing",)))
    assert scene.arm.writes() == [("PUT", OUR_RULE)]
    assert destinations(scene) == ["10.0.1.4", "10.0.9.9"]


async def test_a_rule_that_meets_the_need_by_now_is_not_written() -> None:
    scene = Scene(group(our_rule("10.0.1.4")))
    applied = await scene.apply(Update(want(), our_rule("10.0.7.7"), ("addresses are missing",)))
    assert scene.arm.writes() == []
    assert applied.objects[OUR_RULE] is not None


# Several passes and one rule


def a_rule_for(*addresses: str) -> Rule:
    return want(destinations=addresses)


async def test_one_write_takes_the_addresses_of_all_that_wait_to_join() -> None:
    scene = Scene(group())
    with scene.applier.join(a_rule_for("10.0.1.5")), scene.applier.join(a_rule_for("10.0.1.9")):
        await scene.apply(Create(a_rule_for("10.0.1.4")))
    assert destinations(scene) == ["10.0.1.4/31", "10.0.1.9"]


async def test_addresses_that_no_longer_wait_do_not_join() -> None:
    scene = Scene(group())
    with scene.applier.join(a_rule_for("10.0.1.9")):
        pass
    await scene.apply(Create(a_rule_for("10.0.1.4")))
    assert destinations(scene) == ["10.0.1.4"]
    assert scene.applier.joining == {}


async def test_addresses_go_on_waiting_while_a_neighbour_gives_up() -> None:
    scene = Scene(group())
    with scene.applier.join(a_rule_for("10.0.1.5")):
        with scene.applier.join(a_rule_for("10.0.1.9")):
            pass
        assert scene.applier.joining == {OUR_RULE: {"10.0.1.5"}}


async def test_a_failed_write_leaves_nothing_waiting() -> None:
    scene = Scene(group())
    scene.fail("PUT", OUR_RULE, PermanentError("Bad", "bad"))
    await scene.apply(Create(a_rule_for("10.0.1.4")))
    assert scene.applier.joining == {}


# Order, and what is recorded


async def test_what_needs_a_failed_object_is_skipped_and_says_so() -> None:
    scene, rule = Scene(group()), a_rule_for("10.0.1.4")
    scene.fail("PUT", OUR_RULE, PermanentError("Bad", "bad"))
    applied = await scene.apply(Create(rule), Create(DENIAL))
    assert ended(applied) == ["failed", "skipped"]
    assert isinstance(applied.errors[DENIAL.id], NotAttempted)
    assert scene.arm.writes() == [("PUT", OUR_RULE)]


async def test_an_action_waits_for_those_that_it_comes_after() -> None:
    one, two = bodies.endpoint(AT), bodies.endpoint(AT.group.resource(AT.type, "two"))
    scene = Scene(one, two)
    scene.fail("DELETE", two.id, TransientError("busy", retry_after=5.0))
    await scene.apply(Delete(one, "gone", after=(two.id,)), Delete(two, "gone"))
    assert [at for _, at in scene.arm.writes()] == [two.id, two.id, one.id]


@pytest.mark.parametrize(
    "action", [Block(AT, AT, "No", "no", "ask"), Unknown(AT, "refused")], ids=["block", "unknown"]
)
async def test_what_is_blocked_or_unknown_is_skipped_with_an_error(action: Action) -> None:
    scene = Scene()
    applied = await scene.apply(action)
    assert ended(applied) == ["skipped"]
    assert isinstance(applied.errors[AT], BlockedError)
    assert scene.arm.sent == []


async def test_what_is_kept_costs_no_request() -> None:
    scene = Scene()
    assert ended(await scene.apply(Keep(AT, AT, "meets the need"))) == ["done"]
    assert scene.arm.sent == []


async def test_an_object_is_recorded_before_it_is_made_unless_others_share_it() -> None:
    scene = Scene(vnet(HUB, "10.0.0.0/16"), vnet(SPOKE, "10.1.0.0/16"))
    scene.fail("PUT", AT, PermanentError("Bad", "bad"))
    await scene.apply(Create(ENDPOINT), Create(Peering(peering_id(HUB, SPOKE), HUB, SPOKE)))
    assert scene.memory.owned == (AT,)


async def test_nothing_is_deleted_that_could_not_be_recorded_and_the_rest_is_done() -> None:
    old = bodies.endpoint(AT.group.resource(AT.type, "old"))
    scene = Scene(old)
    scene.memory.fails = TransientError("storage fails")
    applied = await scene.apply(Delete(old, "gone"), Create(ENDPOINT))
    assert ended(applied) == ["failed", "done"]
    assert scene.arm.writes() == [("PUT", AT)]


async def test_a_plan_that_deletes_nothing_leaves_no_deletion_record() -> None:
    scene = Scene()
    await scene.apply(Create(ENDPOINT))
    assert scene.memory.remembered == []


async def test_what_is_deleted_along_with_a_replaced_endpoint_is_known_to_be_absent() -> None:
    old = bodies.endpoint(AT, status="Disconnected")
    below = bodies.zone_group(AT.child("privateDnsZoneGroups", "causeway"))
    scene = Scene(old)
    applied = await scene.apply(Replace(ENDPOINT, old, "it is Disconnected", (below,)))
    assert applied.objects[below.id] is None
    assert scene.arm.writes() == [("DELETE", AT), ("PUT", AT)]


@pytest.mark.parametrize("exists", [True, False])
async def test_an_operation_that_was_awaited_answers_what_it_left(exists: bool) -> None:
    have = bodies.endpoint(AT, state="Updating")
    scene = Scene(*([have] if exists else []))
    applied = await scene.apply(Wait(ENDPOINT, have))
    assert applied.objects == {AT: have if exists else None}


async def test_only_objects_that_were_sent_whole_count_as_written() -> None:
    have, old = our_rule("10.0.1.4"), bodies.endpoint(AT.group.resource(AT.type, "old"))
    scene = Scene(group(), have, old)
    leaving = (Withdraw(have, GROUP.key, ("10.0.1.4",), "gone"), Delete(old, "gone"))
    applied = await scene.apply(*leaving, Create(ENDPOINT), Keep(ZONE, ZONE, "meets the need"))
    assert applied.written == (Create(ENDPOINT),)
    assert applied.objects[old.id] is None
