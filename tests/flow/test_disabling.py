"""When public network access is disabled, what the outcome then says, and when it warns of a cut-off."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.base.errors import BlockedError, CausewayError, TransientError
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from shared.core.kinds.public_access import PreviousAccess
from shared.core.outcome.check import Check
from shared.core.outcome.outcome import Done, Result
from shared.core.outcome.proof import Proof
from shared.core.outcome.result import Ending
from shared.core.policy.intent import Connect, intent
from shared.flow.public_access import PublicAccess
from tests.builders import bodies
from tests.builders.bodies import ACCOUNT
from tests.builders.doubles import StubArm, StubMemory, a_pass
from tests.builders.policies import a_policy

HOLDS = Check("every path", "orders", holds=True, seen="yes")
FAILS = Check("every path", "orders", holds=False, seen="no")
CONNECTED = Ending(Result.CONNECTED, profile="default", proof=Proof((HOLDS,), ()), findings=("known",))
BROKEN = Ending(Result.FAILED, "ProofFailed", "it broke", profile="default", proof=Proof((FAILS,), ()))
WAS_ENABLED = PreviousAccess("properties.publicNetworkAccess", "Enabled")


def an_account(value: str | None = "Enabled") -> dict[str, Any]:
    body = bodies.account()
    return {**body, "properties": {**body["properties"], "publicNetworkAccess": value}}


class Scene:
    """One account whose profile says `disable`; a test changes one thing."""

    def __init__(self, value: str | None = "Enabled", says: str = "disable") -> None:
        self.policy = a_policy(public_access=says)
        self.account = an_account(value)
        self.arm = StubArm(self.account)
        self.memory = StubMemory()
        self.access = PublicAccess(self.policy, load(), self.arm)

    @property
    def target(self) -> Target:
        return Target.parse(self.account)

    @property
    def connect(self) -> Connect:
        found = intent(self.target, {}, self.policy, load())
        assert isinstance(found, Connect)
        return found

    def will_disable(self, reached: Ending = CONNECTED) -> bool:
        return self.access.will_disable(self.target, self.connect, reached)

    async def disable(self, reached: Ending = CONNECTED) -> Ending:
        return await self.access.disable(self.target, self.connect, reached, a_pass(self.memory))

    async def warned(self, reached: Ending = BROKEN, at: ResourceId = ACCOUNT) -> Ending:
        return await self.access.warned(reached, a_pass(self.memory, at))


def checks(reached: Ending) -> list[str]:
    return [check.name for check in reached.proof.checks] if reached.proof else []


async def test_access_is_disabled_after_it_was_recorded_and_the_proof_says_so() -> None:
    scene = Scene()
    assert scene.will_disable()
    reached = await scene.disable()
    assert scene.arm.bodies[ACCOUNT]["properties"] == {"publicNetworkAccess": "Disabled"}
    assert scene.memory.closed == WAS_ENABLED
    assert reached.done == (Done("Disable", ACCOUNT, str(WAS_ENABLED)),)
    assert checks(reached) == ["every path", "public access disabled"]
    assert (reached.result, reached.findings) == (Result.CONNECTED, ("known",))


async def test_access_that_is_disabled_already_is_not_written_and_the_proof_says_so() -> None:
    scene = Scene("Disabled")
    assert not scene.will_disable()
    reached = await scene.disable()
    assert scene.arm.writes() == []
    assert scene.memory.closed is None
    assert checks(reached) == ["every path", "public access disabled"]


@pytest.mark.parametrize("result", [Result.PENDING, Result.BLOCKED, Result.FAILED])
async def test_access_is_not_disabled_before_the_path_is_proven(result: Result) -> None:
    scene, reached = Scene(), replace(CONNECTED, result=result)
    assert not scene.will_disable(reached)
    assert await scene.disable(reached) == reached
    assert scene.arm.writes() == []


@pytest.mark.parametrize("value", ["Enabled", "Disabled"])
async def test_a_profile_that_leaves_access_alone_leaves_the_outcome_alone(value: str) -> None:
    scene = Scene(value, says="leave")
    assert not scene.will_disable()
    assert await scene.disable() == CONNECTED
    assert scene.arm.writes() == []


@pytest.mark.parametrize("result", [Result.CONNECTED, Result.PENDING])
async def test_a_type_without_a_switch_is_a_finding_beside_the_others(result: Result) -> None:
    scene = Scene()
    typeless = next(kind for kind in sorted(load().types) if load().public_switch(kind) is None)
    at = ACCOUNT.group.resource(typeless, "orders")
    target = Target.parse({"id": at.text, "location": "westeurope", "properties": {}})
    reached = replace(CONNECTED, result=result)
    assert not scene.access.will_disable(target, scene.connect, reached)
    found = await scene.access.disable(target, scene.connect, reached, a_pass(scene.memory))
    known, added = found.findings
    assert (known, found.result) == ("known", result)
    assert "no switch of its own" in added
    assert scene.arm.writes() == []


async def test_access_that_azure_still_shows_enabled_is_pending_and_read_again() -> None:
    scene = Scene()
    scene.arm.patched = {"properties": {"publicNetworkAccess": "Enabled"}}
    reached = await scene.disable()
    assert (reached.result, reached.code) == (Result.PENDING, "DisablingPublicAccess")
    assert reached.again
    assert [step.verb for step in reached.done] == ["Disable"]
    assert checks(reached) == ["every path"]


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (BlockedError("AuthorizationFailed", "no right", "grant it"), Result.BLOCKED),
        (TransientError("busy"), Result.PENDING),
    ],
)
async def test_a_failed_write_is_the_outcome_and_keeps_findings_and_proof(
    error: CausewayError, result: Result
) -> None:
    scene = Scene()
    scene.arm.fails["PATCH", ACCOUNT].append(error)
    reached = await scene.disable()
    (step,) = reached.done
    assert (step.verb, step.ended, step.error) == ("Disable", "failed", str(error))
    assert (reached.result, reached.findings, reached.profile) == (result, ("known",), "default")
    assert checks(reached) == ["every path"]


async def test_what_access_was_is_recorded_even_if_the_write_fails() -> None:
    scene = Scene()
    scene.arm.fails["PATCH", ACCOUNT].append(TransientError("busy"))
    await scene.disable()
    assert scene.memory.closed == WAS_ENABLED


# A path that does not hold while public access is disabled


async def test_a_broken_path_to_a_disabled_resource_is_unreachable_with_the_way_back() -> None:
    reached = await Scene("Disabled").warned()
    assert reached.reason == (
        "UNREACHABLE: public access is disabled and the private path does not hold; it broke"
    )
    assert reached.remedy == "to enable public access, set properties.publicNetworkAccess to Enabled"


async def test_a_remedy_of_the_outcome_comes_before_the_one_for_the_meantime() -> None:
    reached = await Scene("Disabled").warned(replace(BROKEN, remedy="grant the role"))
    assert reached.remedy.startswith("grant the role; until then, to enable public access, ")


async def test_a_broken_path_to_an_enabled_resource_is_no_alarm() -> None:
    assert await Scene("Enabled").warned() == BROKEN


async def test_a_path_that_holds_costs_no_read() -> None:
    scene = Scene("Disabled")
    assert await scene.warned(CONNECTED) == CONNECTED
    assert scene.arm.sent == []


@pytest.mark.parametrize("code", ["NotEligible", "UnknownProfile", "UnknownGroup", "NoGroup", "InvalidTag"])
async def test_what_is_declined_says_nothing_about_a_path_and_does_not_hide_a_cut_off(code: str) -> None:
    reached = await Scene("Disabled").warned(replace(BROKEN, result=Result.DECLINED, code=code, proof=None))
    assert reached.reason.startswith("UNREACHABLE")


@pytest.mark.parametrize(("status", "alarm"), [("Approved", False), ("Pending", True), ("", True)])
async def test_an_opted_out_resource_is_no_alarm_while_it_still_has_an_endpoint(
    status: str, alarm: bool
) -> None:
    scene = Scene("Disabled")
    if status:
        state = {"privateLinkServiceConnectionState": {"status": status}}
        scene.arm.bodies[ACCOUNT]["properties"]["privateEndpointConnections"] = [{"properties": state}]
    kept = replace(BROKEN, result=Result.DECLINED, code="NotAsked", proof=None)
    assert (await scene.warned(kept)).reason.startswith("UNREACHABLE") is alarm


async def test_the_profile_of_the_outcome_says_whether_access_is_a_concern() -> None:
    """Not the last one's, which may have said otherwise."""
    scene = Scene("Disabled", says="leave")
    assert await scene.warned() == BROKEN
    assert scene.arm.sent == []


@pytest.mark.parametrize(("profile", "alarm"), [("default", True), ("gone", False), ("", False)])
async def test_an_outcome_without_a_profile_is_judged_by_the_last_one(profile: str, alarm: bool) -> None:
    scene = Scene("Disabled")
    scene.memory.profile = profile
    reached = await scene.warned(replace(BROKEN, profile=""))
    assert reached.reason.startswith("UNREACHABLE") is alarm


async def test_the_profile_of_this_outcome_counts_more_than_that_of_the_last_one() -> None:
    scene = Scene("Disabled")
    scene.memory.profile = "gone"
    assert (await scene.warned()).reason.startswith("UNREACHABLE")


async def test_what_causeway_disabled_is_a_concern_whatever_the_profile_says_by_now() -> None:
    scene = Scene("Disabled", says="leave")
    scene.memory.closed = WAS_ENABLED
    reached = await scene.warned()
    assert reached.reason.startswith("UNREACHABLE: ")
    assert str(WAS_ENABLED) in reached.remedy


@pytest.mark.parametrize("kind", ["Microsoft.Unheard/of", "a type without a switch"])
async def test_a_type_without_a_switch_or_unknown_by_now_is_no_alarm(kind: str) -> None:
    typeless = next(one for one in sorted(load().types) if load().public_switch(one) is None)
    at = ACCOUNT.group.resource(kind if "/" in kind else typeless, "orders")
    scene = Scene("Disabled")
    scene.memory.closed = WAS_ENABLED
    assert await scene.warned(at=at) == BROKEN
    assert scene.arm.sent == []


async def test_a_resource_that_is_gone_is_no_alarm() -> None:
    scene = Scene("Disabled")
    scene.memory.closed = WAS_ENABLED
    scene.arm.bodies.clear()
    assert await scene.warned() == BROKEN


@pytest.mark.parametrize(("closed", "alarm"), [(WAS_ENABLED, True), (None, False)])
async def test_where_it_cannot_be_read_what_was_recorded_counts(
    closed: PreviousAccess | None, alarm: bool
) -> None:
    scene = Scene("Disabled")
    scene.memory.closed = closed
    scene.arm.fails["GET", ACCOUNT].append(TransientError("busy"))
    reached = await scene.warned()
    assert reached.reason.startswith("UNREACHABLE") is alarm


@pytest.mark.parametrize(
    ("result", "proof", "beginning"),
    [
        (Result.REMOVED, None, "UNREACHABLE: public access is disabled and the private path was removed"),
        (Result.FAILED, BROKEN.proof, "UNREACHABLE: public access is disabled and the private path does not"),
        (Result.BLOCKED, None, "UNREACHABLE unless the private path still exists"),
        (Result.BLOCKED, Proof((), ()), "UNREACHABLE unless the private path still exists"),
    ],
)
async def test_the_alarm_says_how_much_is_known_of_the_path(
    result: Result, proof: Proof | None, beginning: str
) -> None:
    reached = await Scene("Disabled").warned(replace(BROKEN, result=result, proof=proof))
    assert reached.reason.startswith(beginning)
