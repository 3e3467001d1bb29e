"""What a removal deletes, which addresses leave shared rules, and what the ledger then forgets."""

import pytest

from shared.adapters.sweeps import TableSweeps
from shared.core.base.bodies import Seen
from shared.core.base.errors import PermanentError, TransientError
from shared.core.base.ids import ResourceId
from shared.core.kinds import zone_group
from shared.core.kinds.endpoint import endpoint_id
from shared.core.kinds.rule import rule_id
from shared.core.outcome.outcome import Done
from shared.core.plan.actions import Delete, Withdraw
from shared.core.plan.obsolete import Obsolete
from shared.flow.apply import Applier
from shared.flow.cached_reads import CachedReads
from shared.flow.limits import DeleteLimit
from shared.flow.reader import Reader
from shared.flow.removal import Remover
from tests.builders import bodies
from tests.builders.bodies import ACCOUNT, SUBNET
from tests.builders.doubles import StubArm, StubLeases, StubMemory, a_pass
from tests.builders.memory import MemoryTable
from tests.builders.networks import GROUP, OUR_RULE, our_rule
from tests.builders.policies import a_policy
from tests.builders.world import LoopClock

AT = endpoint_id(SUBNET.group, ACCOUNT, "blob", SUBNET)
BELOW = AT.child(zone_group.COLLECTION, zone_group.NAME)
SECOND = rule_id(GROUP, "spoke-b|443", "Allow")


class Scene:
    """An endpoint at 10.0.1.4 with its zone group, and what else a test adds."""

    def __init__(self, *more: Seen) -> None:
        whole = (bodies.endpoint(AT), bodies.nic(AT, "10.0.1.4"), bodies.zone_group(BELOW, "10.0.1.4"), *more)
        self.arm = StubArm(*(one.body for one in whole))
        self.memory, clock = StubMemory(), LoopClock()
        cached = CachedReads(self.arm, clock)
        reader = Reader(self.arm, cached, clock)
        applier = Applier(self.arm, cached, reader, StubLeases(), clock)
        limit = DeleteLimit(a_policy(), TableSweeps(MemoryTable()))
        self.remover = Remover(reader, applier, limit, clock)

    async def remove(self, found: Obsolete) -> tuple[Done, ...]:
        done, self.errors = await self.remover.remove(found, "gone", a_pass(self.memory))
        return done

    def holds(self, at: ResourceId = OUR_RULE) -> list[str] | None:
        """The destinations of a rule; None where it was deleted."""
        body = self.arm.bodies.get(at)
        return list(body["properties"]["destinationAddressPrefixes"]) if body else None

    @property
    def forgotten(self) -> tuple[set[ResourceId], set[str]]:
        """The objects and the addresses that the ledger forgets."""
        ((gone, addresses),) = self.memory.disowned
        return set(gone), set(addresses)


async def test_an_endpoint_is_deleted_with_its_zone_group_and_both_are_forgotten() -> None:
    scene = Scene()
    (step,) = await scene.remove(Obsolete((AT, BELOW)))
    assert (step.verb, step.id, step.ended) == ("Delete", AT, "done")
    assert scene.arm.writes() == [("DELETE", AT)]
    ((endpoint, group),) = scene.memory.remembered
    assert (endpoint.id, group.id) == (AT, BELOW)
    assert scene.forgotten == ({AT, BELOW}, {"10.0.1.4"})


async def test_only_what_is_below_the_deleted_endpoint_is_recorded_with_it() -> None:
    other = AT.group.resource(AT.type, "other")
    beside = bodies.zone_group(other.child(zone_group.COLLECTION, "g"), "10.0.1.9")
    scene = Scene(bodies.endpoint(other), beside)
    await scene.remove(Obsolete((AT,)))
    ((endpoint, group),) = scene.memory.remembered
    assert (endpoint.id, group.id) == (AT, BELOW)


async def test_the_address_of_a_deleted_endpoint_leaves_the_rules_first() -> None:
    scene = Scene(our_rule("10.0.1.4", "10.0.9.9"))
    await scene.remove(Obsolete((AT, OUR_RULE)))
    assert scene.arm.writes() == [("PUT", OUR_RULE), ("DELETE", AT)]
    assert scene.holds() == ["10.0.9.9"]


async def test_while_an_address_cannot_leave_a_rule_its_endpoint_stays_and_nothing_is_forgotten() -> None:
    """Azure gives the address of a deleted endpoint to the next one, which would inherit the rule."""
    scene = Scene(our_rule("10.0.1.4", "10.0.9.9"))
    scene.arm.fails["PUT", OUR_RULE].append(PermanentError("Bad", "bad"))
    done = await scene.remove(Obsolete((AT, BELOW, OUR_RULE)))
    assert [step.ended for step in done] == ["failed", "skipped"]
    assert scene.forgotten == (set(), set())
    assert len(scene.errors) == 2


async def test_a_failed_deletion_keeps_the_endpoint_and_what_is_below_it_recorded() -> None:
    scene = Scene(our_rule("10.0.1.4", "10.0.9.9"))
    scene.arm.fails["DELETE", AT].append(PermanentError("Bad", "bad"))
    await scene.remove(Obsolete((AT, BELOW, OUR_RULE)))
    assert scene.forgotten == ({OUR_RULE}, {"10.0.1.4"})


async def test_a_shared_rule_that_the_target_goes_on_using_loses_only_freed_addresses() -> None:
    scene = Scene(our_rule("10.0.1.4", "10.0.1.5", "10.0.9.9"))
    await scene.remove(Obsolete((AT,), addresses=("10.0.1.5",), kept=(OUR_RULE,)))
    assert scene.holds() == ["10.0.1.5", "10.0.9.9"]
    assert scene.forgotten == ({AT}, {"10.0.1.4"})


async def test_addresses_of_present_endpoints_leave_a_rule_that_is_not_desired_any_more() -> None:
    scene = Scene(our_rule("10.0.1.5", "10.0.9.9"))
    await scene.remove(Obsolete((OUR_RULE,), addresses=("10.0.1.5",)))
    assert scene.holds() == ["10.0.9.9"]
    assert scene.forgotten == ({OUR_RULE}, set())


async def test_each_shared_rule_loses_its_own_addresses() -> None:
    second = our_rule("10.0.1.5", "10.0.9.9", at=SECOND)
    scene = Scene(our_rule("10.0.1.4", "10.0.1.5"), second)
    await scene.remove(Obsolete((AT, SECOND), addresses=("10.0.1.5",), kept=(OUR_RULE,)))
    assert (scene.holds(), scene.holds(SECOND)) == (["10.0.1.5"], ["10.0.9.9"])


async def test_stale_addresses_leave_the_rules_and_are_forgotten() -> None:
    scene = Scene(our_rule("10.0.1.7", "10.0.9.9"))
    await scene.remove(Obsolete((), kept=(OUR_RULE,), stale=("10.0.1.7",)))
    assert scene.holds() == ["10.0.9.9"]
    assert scene.forgotten == (set(), {"10.0.1.7"})


@pytest.mark.parametrize(("others", "left"), [((OUR_RULE,), True), ((), False)], ids=["in use", "free"])
async def test_an_address_that_another_target_has_by_now_stays_in_its_rules(
    others: tuple[ResourceId, ...], left: bool
) -> None:
    scene = Scene(our_rule("10.0.1.7", "10.0.9.9"), our_rule("10.0.1.7", "10.0.9.9", at=SECOND))
    scene.memory.others = {"10.0.1.7": frozenset(others)}
    await scene.remove(Obsolete((), kept=(OUR_RULE, SECOND), stale=("10.0.1.7",)))
    assert ("10.0.1.7" in (scene.holds() or [])) is left
    assert scene.holds(SECOND) == ["10.0.9.9"]


async def test_the_address_of_an_endpoint_that_exists_is_its_own_whatever_others_record() -> None:
    scene = Scene(our_rule("10.0.1.4", "10.0.9.9"))
    scene.memory.others = {"10.0.1.4": frozenset({OUR_RULE})}
    await scene.remove(Obsolete((AT, OUR_RULE), stale=("10.0.1.4",)))
    assert scene.holds() == ["10.0.9.9"]


async def test_where_more_rules_may_hold_an_address_it_stays_recorded() -> None:
    scene = Scene(our_rule("10.0.1.4", "10.0.9.9"))
    await scene.remove(Obsolete((AT, OUR_RULE), partial=True))
    assert scene.forgotten == ({AT, OUR_RULE}, set())


async def test_what_is_gone_already_is_forgotten_without_a_write() -> None:
    scene = Scene()
    scene.arm.bodies.clear()
    assert await scene.remove(Obsolete((AT, BELOW, OUR_RULE))) == ()
    assert scene.arm.writes() == []
    assert scene.forgotten == ({AT, BELOW, OUR_RULE}, set())


async def test_what_lost_our_mark_is_kept_and_forgotten() -> None:
    scene = Scene()
    scene.arm.bodies[AT]["tags"] = {}
    (step,) = await scene.remove(Obsolete((AT,)))
    assert step.verb == "Keep"
    assert scene.arm.writes() == []
    assert scene.forgotten[0] == {AT}


async def test_a_removal_that_is_only_planned_writes_and_forgets_nothing() -> None:
    scene = Scene(our_rule("10.0.1.4", "10.0.9.9"))
    steps = (await scene.remover.planned(ACCOUNT, Obsolete((AT, OUR_RULE)), "gone")).actions
    assert [(type(step), step.id) for step in steps] == [(Withdraw, OUR_RULE), (Delete, AT)]
    assert scene.arm.writes() == []
    assert scene.memory.disowned == []


async def test_an_object_that_cannot_be_read_ends_the_removal_before_any_write() -> None:
    scene = Scene(our_rule("10.0.1.4"))
    scene.arm.fails["GET", OUR_RULE].append(TransientError("busy"))
    with pytest.raises(TransientError):
        await scene.remove(Obsolete((AT, OUR_RULE)))
    assert scene.arm.writes() == []
    assert scene.memory.disowned == []
