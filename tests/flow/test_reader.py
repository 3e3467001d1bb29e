"""Reads: which are made, which a cached answer serves, and what a failure leaves unknown."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.errors import BlockedError, CausewayError, PermanentError, TransientError
from shared.core.base.ids import ResourceId
from shared.core.base.turn import FIRST, current_turn, taking_turn
from shared.core.kinds import zone_group
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Read, Unread
from shared.flow.cached_reads import CACHED_SECONDS, CachedReads
from shared.flow.reader import MANY, Reader
from tests.builders import bodies
from tests.builders.bodies import HUB, SPOKE, SUBNET, ZONE
from tests.builders.doubles import StubArm
from tests.builders.networks import vnet
from tests.builders.world import LoopClock

AT = SUBNET.group.resource("Microsoft.Network/privateEndpoints", "pe")
BELOW = AT.child(zone_group.COLLECTION, "causeway")
GROUPS = Read(AT, zone_group.COLLECTION)
REFUSAL = BlockedError("AuthorizationFailed", "no right", "grant it")
BUSY = TransientError("busy")


class Scene:
    """A reader over a network, an endpoint and its zone group."""

    def __init__(self) -> None:
        whole = (vnet(HUB, "10.0.0.0/16"), bodies.endpoint(AT), bodies.zone_group(BELOW))
        self.arm = StubArm(*(one.body for one in whole))
        self.clock = LoopClock()
        self.cached = CachedReads(self.arm, self.clock)
        self.reader = Reader(self.arm, self.cached, self.clock)

    async def complete(self, *reads: Read, observed: Observed | None = None) -> Observed:
        return await self.reader.complete(lambda _: reads, observed or Observed())

    def fail(self, method: str, at: ResourceId, error: CausewayError) -> None:
        self.arm.fails[method, at].append(error)

    @property
    def sent(self) -> list[tuple[str, ResourceId]]:
        """The requests since the last look."""
        sent, self.arm.sent = self.arm.sent, []
        return sent


async def test_an_answer_belongs_to_the_object_that_was_asked_for() -> None:
    scene = Scene()
    observed = await scene.complete(Read(SPOKE), Read(HUB), Read(AT), Read(ZONE))
    assert [observed.present(at) is not None for at in (SPOKE, HUB, AT, ZONE)] == [False, True, True, False]
    assert observed.present(AT) == bodies.endpoint(AT)


async def test_what_does_not_exist_is_absent_and_not_unread() -> None:
    observed = await Scene().complete(Read(SPOKE))
    assert isinstance(observed.reading(SPOKE), Absent)


async def test_each_list_belongs_to_its_own_parent() -> None:
    scene, second = Scene(), AT.group.resource(AT.type, "second")
    group = bodies.zone_group(second.child(zone_group.COLLECTION, "g"))
    scene.arm.bodies |= {second: dict(bodies.endpoint(second).body), group.id: dict(group.body)}
    observed = await scene.complete(Read(second, zone_group.COLLECTION), GROUPS)
    assert [one.id for one in observed.listed(AT, zone_group.COLLECTION)] == [BELOW]
    assert [one.id for one in observed.listed(second, zone_group.COLLECTION)] == [group.id]


async def test_an_object_is_read_before_what_is_below_it() -> None:
    scene = Scene()
    await scene.complete(GROUPS, Read(AT))
    assert scene.sent == [("GET", AT), ("LIST", AT)]


async def test_nothing_is_read_below_an_object_that_does_not_exist() -> None:
    scene = Scene()
    del scene.arm.bodies[AT]
    observed = await scene.complete(Read(AT), GROUPS)
    assert scene.sent == [("GET", AT)]
    assert isinstance(observed.members(AT, zone_group.COLLECTION), Absent)


async def test_a_list_is_read_alone_where_the_object_is_not_asked_for() -> None:
    scene = Scene()
    await scene.complete(GROUPS)
    assert scene.sent == [("LIST", AT)]


async def test_a_read_that_is_wanted_twice_is_made_once() -> None:
    scene = Scene()
    await scene.complete(Read(AT), Read(AT), GROUPS, GROUPS)
    assert scene.sent == [("GET", AT), ("LIST", AT)]


async def test_what_is_known_is_not_read_again_and_what_was_refused_is_not_asked_again() -> None:
    scene = Scene()
    scene.fail("GET", HUB, REFUSAL)
    reads = (Read(AT), Read(HUB, tolerate="refusal"))
    observed = await scene.complete(*reads)
    assert len(scene.sent) == 2
    await scene.complete(*reads, observed=observed)
    assert scene.sent == []


async def test_an_answer_may_make_a_further_read_wanted() -> None:
    scene = Scene()

    def wanted(observed: Observed) -> Iterable[Read]:
        yield Read(AT)
        if observed.present(AT):
            yield Read(HUB)

    await scene.reader.complete(wanted, Observed())
    assert scene.sent == [("GET", AT), ("GET", HUB)]


async def test_a_fresh_read_is_made_whatever_is_known_or_cached() -> None:
    scene = Scene()
    observed = await scene.complete(Read(HUB, shared=True))
    scene.arm.bodies[HUB] = dict(vnet(HUB, "10.9.0.0/16").body)
    renewed = await scene.reader.fresh([Read(HUB, shared=True)], observed)
    assert renewed.present(HUB) == Seen(HUB, scene.arm.bodies[HUB])
    assert scene.sent == [("GET", HUB), ("GET", HUB)]


# Failures


@pytest.mark.parametrize(
    ("tolerate", "error", "raises"),
    [
        ("nothing", REFUSAL, True),
        ("nothing", BUSY, True),
        ("refusal", REFUSAL, False),
        ("refusal", BUSY, True),
        ("refusal", PermanentError("Bad", "bad"), True),
        ("failure", REFUSAL, False),
        ("failure", BUSY, False),
    ],
)
@pytest.mark.parametrize("method", ["GET", "LIST"])
async def test_a_failure_ends_the_pass_unless_the_read_tolerates_it(
    tolerate: Any, error: CausewayError, raises: bool, method: str
) -> None:
    scene = Scene()
    scene.fail(method, AT, error)
    read = Read(AT, "" if method == "GET" else zone_group.COLLECTION, tolerate=tolerate)
    if raises:
        with pytest.raises(type(error)):
            await scene.complete(read)
        return
    observed = await scene.complete(read)
    found = observed.reading(AT) if method == "GET" else observed.members(AT, zone_group.COLLECTION)
    assert isinstance(found, Unread)
    assert found.refused


async def test_what_could_not_be_read_is_neither_present_nor_absent() -> None:
    scene = Scene()
    scene.fail("GET", AT, REFUSAL)
    observed = await scene.complete(Read(AT, tolerate="refusal"))
    assert (observed.present(AT), observed.absent(AT), observed.known(AT)) == (None, False, False)
    assert observed.refused(AT) == "no right; grant it"


async def test_a_list_below_an_object_that_could_not_be_read_is_read_all_the_same() -> None:
    scene = Scene()
    scene.fail("GET", AT, REFUSAL)
    observed = await scene.complete(Read(AT, tolerate="refusal"), GROUPS)
    assert [one.id for one in observed.listed(AT, zone_group.COLLECTION)] == [BELOW]


# Cached reads


async def test_a_shared_read_is_made_once_in_a_minute_and_again_after_it() -> None:
    scene = Scene()
    read = Read(HUB, shared=True)
    first = await scene.complete(read)
    await asyncio.sleep(CACHED_SECONDS - 1)
    assert await scene.complete(read) == first
    assert len(scene.sent) == 1
    await asyncio.sleep(1)
    await scene.complete(read)
    assert len(scene.sent) == 1


async def test_a_read_of_one_target_alone_is_never_cached() -> None:
    scene = Scene()
    await scene.complete(Read(AT), GROUPS)
    await scene.complete(Read(AT), GROUPS)
    assert len(scene.sent) == 4


async def test_a_list_that_may_be_older_serves_longer_and_never_shorter() -> None:
    scene = Scene()
    old = Read(AT, zone_group.COLLECTION, shared=True, max_age=300.0)
    short = Read(HUB, shared=True, max_age=1.0)
    await scene.complete(old, short)
    await asyncio.sleep(CACHED_SECONDS - 1)
    await scene.complete(old, short)
    assert len(scene.sent) == 2
    await asyncio.sleep(200)
    await scene.complete(old)
    assert scene.sent == []
    await asyncio.sleep(100)
    await scene.complete(old)
    assert len(scene.sent) == 1


async def test_a_cached_read_from_before_a_change_does_not_serve_after_it() -> None:
    scene, read = Scene(), Read(HUB, shared=True)
    at = (await scene.cached.resource(read)).at
    await scene.cached.resource(read, not_older_than=at)
    assert len(scene.sent) == 1
    await scene.cached.resource(read, not_older_than=at + 0.001)
    assert len(scene.sent) == 1


async def test_many_passes_await_one_request() -> None:
    scene, read = Scene(), Read(HUB, shared=True)
    await asyncio.gather(*(scene.complete(read) for _ in range(20)))
    assert len(scene.sent) == 1


async def test_a_failed_read_is_not_cached() -> None:
    scene, read = Scene(), Read(HUB, shared=True)
    scene.fail("GET", HUB, BUSY)
    with pytest.raises(TransientError):
        await scene.complete(read)
    assert (await scene.complete(read)).present(HUB)


async def test_a_failed_read_does_not_forget_a_newer_one() -> None:
    scene, read = Scene(), Read(HUB, shared=True)
    scene.fail("GET", HUB, BUSY)
    failing = asyncio.ensure_future(scene.cached.resource(read))
    await asyncio.sleep(0)
    scene.cached.forget(HUB)
    await scene.cached.resource(read)
    with pytest.raises(TransientError):
        await failing
    await scene.cached.resource(read)
    assert len(scene.sent) == 2


@pytest.mark.parametrize(
    ("written", "again"),
    [(HUB, True), (HUB.child("subnets", "x"), True), (SPOKE, False), (ZONE, False), (AT, False)],
)
async def test_a_write_at_or_right_below_an_object_makes_its_cached_read_useless(
    written: ResourceId, again: bool
) -> None:
    scene, read = Scene(), Read(HUB, shared=True)
    await scene.cached.resource(read)
    scene.cached.forget(written)
    await scene.cached.resource(read)
    assert len(scene.sent) == (2 if again else 1)


async def test_a_write_below_an_object_makes_the_cached_list_useless_as_well() -> None:
    scene = Scene()
    read = Read(AT, zone_group.COLLECTION, shared=True)
    await scene.cached.members(read)
    scene.cached.forget(BELOW)
    await scene.cached.members(read)
    assert len(scene.sent) == 2


async def test_an_object_and_a_list_below_it_are_cached_apart() -> None:
    scene = Scene()
    await scene.complete(Read(AT, shared=True), Read(AT, zone_group.COLLECTION, shared=True))
    observed = await scene.complete(Read(AT, shared=True), Read(AT, zone_group.COLLECTION, shared=True))
    assert len(scene.sent) == 2
    assert observed.present(AT) == bodies.endpoint(AT)
    assert len(observed.listed(AT, zone_group.COLLECTION)) == 1


async def test_a_read_that_began_before_a_pass_does_not_serve_it_and_the_next_one_serves_all_who_wait() -> (
    None
):
    scene, read = Scene(), Read(HUB, shared=True)
    early = asyncio.ensure_future(scene.cached.resource(read))
    while not scene.arm.sent:
        await asyncio.sleep(0)
    began = scene.clock.now().timestamp()
    late = [scene.cached.resource(read, not_older_than=began) for _ in range(5)]
    first, *others = await asyncio.gather(early, *late)
    assert first.at < began
    assert {one.at >= began for one in others} == {True}
    assert len(scene.sent) == 2


async def test_passes_that_wait_for_a_read_that_fails_make_their_own() -> None:
    scene, read = Scene(), Read(HUB, shared=True)
    scene.fail("GET", HUB, BUSY)
    early = asyncio.ensure_future(scene.cached.resource(read))
    while not scene.arm.sent:
        await asyncio.sleep(0)
    began = scene.clock.now().timestamp()
    assert (await scene.cached.resource(read, not_older_than=began)).value
    with pytest.raises(TransientError):
        await early


class Queued(StubArm):
    """Azure behind a request limit: only what a person waits for is answered at once."""

    async def get(self, at: ResourceId, *, api_version: str | None = None) -> dict[str, Any] | None:
        if current_turn().place > FIRST:
            await asyncio.sleep(30)
        return await super().get(at, api_version=api_version)


async def test_a_person_s_pass_does_not_wait_for_a_read_of_a_sweep_that_waits_for_its_turn() -> None:
    arm = Queued(vnet(HUB, "10.0.0.0/16").body)
    reader = Reader(arm, CachedReads(arm, LoopClock()), LoopClock())
    sweep = asyncio.ensure_future(reader.complete(lambda _: (Read(HUB, shared=True),), Observed()))
    await asyncio.sleep(1)
    began = asyncio.get_running_loop().time()
    with taking_turn(FIRST):
        observed = await reader.complete(lambda _: (Read(HUB, shared=True),), Observed())
    assert observed.present(HUB) is not None
    assert asyncio.get_running_loop().time() == began
    assert (await sweep).present(HUB) is not None


# Lists of a whole subscription

NETWORKS = [SPOKE.group.resource(SPOKE.type, f"spoke-{number}") for number in range(MANY)]


def a_scene_with_networks() -> Scene:
    scene = Scene()
    scene.arm.bodies |= {at: dict(vnet(at, "10.9.0.0/16").body) for at in NETWORKS}
    return scene


async def test_many_networks_of_a_subscription_are_read_by_one_list() -> None:
    scene = a_scene_with_networks()
    observed = await scene.complete(*(Read(at, shared=True) for at in NETWORKS))
    assert len(scene.sent) == 1
    assert all(observed.present(at) is not None for at in NETWORKS)


async def test_a_few_networks_are_read_one_by_one() -> None:
    scene = a_scene_with_networks()
    await scene.complete(*(Read(at, shared=True) for at in NETWORKS[1:]))
    assert scene.sent == [("GET", at) for at in NETWORKS[1:]]


async def test_a_network_that_the_list_lacks_is_read_alone_before_it_counts_as_absent() -> None:
    scene = a_scene_with_networks()
    observed = await scene.complete(*(Read(at, shared=True) for at in (*NETWORKS, SPOKE)))
    assert ("GET", SPOKE) in scene.sent
    assert isinstance(observed.reading(SPOKE), Absent)


async def test_a_write_below_a_network_makes_its_subscription_s_list_useless() -> None:
    scene = a_scene_with_networks()
    await scene.complete(*(Read(at, shared=True) for at in NETWORKS))
    scene.cached.forget(NETWORKS[0].child("virtualNetworkPeerings", "half"))
    assert not scene.cached.has_list(NETWORKS[0].type, NETWORKS[0].subscription, 0.0)


async def test_a_list_that_is_there_serves_a_single_network() -> None:
    scene = a_scene_with_networks()
    await scene.complete(*(Read(at, shared=True) for at in NETWORKS))
    assert scene.sent
    await scene.complete(Read(HUB, shared=True))
    assert scene.sent == []


async def test_a_fresh_read_of_many_networks_takes_a_newer_list() -> None:
    scene = a_scene_with_networks()
    observed = await scene.complete(*(Read(at, shared=True) for at in NETWORKS))
    await asyncio.sleep(1)
    await scene.reader.fresh([Read(at) for at in NETWORKS], observed)
    assert len(scene.sent) == 2


async def test_readings_serve_the_next_policy_and_what_was_computed_from_them_does_not() -> None:
    scene, computed = Scene(), list[str]()

    async def read(policy: str) -> str:
        computed.append(policy)
        return policy

    old, new = scene.cached.for_a_policy(), scene.cached.for_a_policy()
    for cached, policy in ((old, "old"), (new, "new"), (old, "again"), (new, "again")):
        await cached.resource(Read(HUB, shared=True))
        assert await cached.computed("names", lambda policy=policy: read(policy)) in ("old", "new")
    assert scene.sent == [("GET", HUB)]
    assert computed == ["old", "new"]


async def test_a_write_makes_every_policy_read_again() -> None:
    scene = Scene()
    old, new = scene.cached.for_a_policy(), scene.cached.for_a_policy()
    await old.resource(Read(HUB, shared=True))
    new.forget(HUB)
    await old.resource(Read(HUB, shared=True))
    assert len(scene.sent) == 2
