"""Disabling a target's public network access after the private path is proven, and reporting a cut-off.

Causeway disables it where the profile says so, records what it was, and never enables it again; a person does
that, with what was recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.core.base.bodies import Json
from shared.core.base.errors import CausewayError, PermanentError, RefusedError, TransientError
from shared.core.base.refusal import Refusal
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds.public_access import current_access, disabling, how_to_enable, is_open
from shared.core.outcome.check import Check
from shared.core.outcome.closing import in_use, own_resource, uncertain, unread
from shared.core.outcome.outcome import Done, Result
from shared.core.outcome.public_users import PublicUser, listed_services, public_users, rules_in
from shared.core.outcome.result import NOTHING, Ending, ending
from shared.core.plan.refusals import RefusedRequest
from shared.core.policy.foundations import Foundations
from shared.core.policy.intent import EXCLUDED, LEFT_ALONE, NOT_ASKED, NOT_WATCHED, Connect
from shared.core.policy.policy import Policy
from shared.flow.reconcile_pass import Pass
from shared.ports import Arm

CHECK = "public access disabled"
# Where types keep rules as children (Microsoft Learn, REST references of these services).
RULES: Mapping[str, tuple[str, ...]] = {
    "microsoft.sql/servers": ("firewallRules", "virtualNetworkRules"),
    "microsoft.dbforpostgresql/servers": ("firewallRules", "virtualNetworkRules"),
    "microsoft.dbforpostgresql/flexibleservers": ("firewallRules",),
    "microsoft.dbformysql/servers": ("firewallRules", "virtualNetworkRules"),
    "microsoft.dbformysql/flexibleservers": ("firewallRules",),
    "microsoft.dbformariadb/servers": ("firewallRules", "virtualNetworkRules"),
    "microsoft.documentdb/mongoclusters": ("firewallRules",),
    "microsoft.cache/redis": ("firewallRules",),
    "microsoft.synapse/workspaces": ("firewallRules",),
    "microsoft.eventhub/namespaces": ("networkRuleSets",),
    "microsoft.servicebus/namespaces": ("networkRuleSets",),
    "microsoft.relay/namespaces": ("networkRuleSets",),
}
# Codes of what is left as it is: opted out, not watched any more, or to be asked for by name.
KEPT = frozenset({NOT_ASKED, NOT_WATCHED, LEFT_ALONE, EXCLUDED})
NOT_SERVED = "InvalidResourceType"  # the version of the type's API has no such children


@dataclass(frozen=True, slots=True)
class PublicAccess:
    """Disables public network access of targets whose profile asks for it."""

    policy: Policy
    catalogue: Catalogue
    arm: Arm
    foundations: Foundations = field(default_factory=Foundations)

    def will_disable(
        self, target: Target, connect: Connect, reached: Ending, served: frozenset[str] = frozenset()
    ) -> bool:
        """`disable` would write now, as far as that is known without reading rules."""
        switch = self.catalogue.public_switch(target.id.type)
        asked = connect.profile.public_access == "disable" and reached.result is Result.CONNECTED
        would = asked and switch is not None and is_open(target, switch)
        return would and self._refused(target, connect, reached, served) is None

    async def disable(
        self,
        target: Target,
        connect: Connect,
        reached: Ending,
        current: Pass,
        served: frozenset[str] = frozenset(),
    ) -> Ending:
        """Disable it if the path holds, and if it is known that all who use the resource have one.

        `served`: further groups of the target that an approved endpoint of someone else serves.
        """
        if connect.profile.public_access != "disable":
            return reached
        switch = self.catalogue.public_switch(target.id.type)
        if switch is None:
            finding = "public access stays as it is: this type has no switch of its own for it"
            return replace(reached, findings=(*reached.findings, finding))
        if reached.result is not Result.CONNECTED:
            return reached
        if not is_open(target, switch):
            return _disabled(reached)
        try:
            rules = await self._rules(target)
        except CausewayError as error:
            return _left(reached, unread(target, error))
        if refused := self._refused(target, connect, reached, served, rules):
            return _left(reached, refused)
        was, before = current_access(target, switch), current.memory.closed
        step = Done("Disable", target.id, str(was))
        if known := current.memory.refusals.in_force(current.state).get(target.id.key):
            return _failed(reached, step, known.error())
        try:
            await current.memory.closing(was)
            version = self.catalogue.api_version(target.id.type)
            body = await self.arm.patch(
                target.id, disabling(switch), api_version=version, deadline=current.deadline
            )
        except CausewayError as error:
            if not isinstance(error, TransientError):
                await current.memory.closing(before)  # Azure refused it: nothing was disabled
            if isinstance(error, RefusedError) and current.state:
                new = RefusedRequest.of(target.id, error)
                await current.memory.refuse(current.memory.refusals.joined(current.state, [new]))
            return _failed(reached, step, error)
        written = replace(reached, done=(*reached.done, step))
        return _pending(written) if is_open(Target.parse(body), switch) else _disabled(written)

    def _refused(
        self,
        target: Target,
        connect: Connect,
        reached: Ending,
        served: frozenset[str],
        rules: tuple[Json, ...] = (),
    ) -> Refusal | None:
        """The app itself, or others whom the profile does not name, would lose access, or might."""
        setting = self.foundations.setting(target)
        if setting and target.id not in self.policy.opt_in.own_resources:
            return own_resource(target, setting)
        if doubt := uncertain(target, reached.proof or NOTHING):
            return doubt
        users = self._users(target, connect, served, rules)
        return in_use(target, users) if users else None

    def _users(
        self, target: Target, connect: Connect, served: frozenset[str], rules: tuple[Json, ...]
    ) -> list[PublicUser]:
        profile = connect.profile
        every = public_users(
            target,
            listed_services(target, self.catalogue.valid_groups(target)),
            served | {group.group_id for group in connect.groups},
            frozenset(connect.reach.clients),
            rules,
        )
        by_type = {at.lower(): names for at, names in profile.may_lose_access.items()}
        allowed = {name.lower() for name in by_type.get(target.id.type.lower(), ())}
        return [user for user in every if user.name.lower() not in allowed]

    async def _rules(self, target: Target) -> tuple[Json, ...]:
        """The rules that the target has as children. Raises what reading them raises."""
        found: list[Json] = []
        version = self.catalogue.api_version(target.id.type)
        for collection in RULES.get(target.id.type.lower(), ()):
            try:
                pages = self.arm.pages(f"{target.id.text}/{collection}", api_version=version)
                found += [one async for page in pages for one in page]
            except PermanentError as error:
                if error.code != NOT_SERVED:
                    raise
        return tuple(rule for one in found for rule in rules_in(one))

    async def warned(self, reached: Ending, current: Pass) -> Ending:
        """The ending, with a warning if public access is disabled and the path does not hold.

        That costs one more read of the target, and is a guess only where that is refused.
        """
        at, memory = current.target, current.memory
        profile = self.policy.profiles.get(reached.profile or memory.profile)
        disables = profile is not None and profile.public_access == "disable"
        if not (disables or memory.closed) or (reached.proof is not None and reached.proof.holds):
            return reached
        switch = self.catalogue.public_switch(at.type) if self.catalogue.knows(at.type) else None
        if switch is None:
            return reached
        try:
            body = await self.arm.get(at, api_version=self.catalogue.api_version(at.type))
            target = Target.parse(body) if body is not None else None
            closed = target is not None and not is_open(target, switch)
            if target and _left_as_it_is(reached, target):
                return reached
        except CausewayError:
            closed = memory.closed is not None  # nothing newer is known
        return _cut_off(reached, how_to_enable(switch, memory.closed)) if closed else reached


def _failed(reached: Ending, step: Done, error: CausewayError) -> Ending:
    failed = replace(step, ended="failed", error=str(error))
    proof = reached.proof or NOTHING
    judged = ending(proof, (*reached.done, failed), (error,), reached.profile)
    return replace(judged, findings=reached.findings)


def _pending(reached: Ending) -> Ending:
    return replace(
        reached,
        result=Result.PENDING,
        code="DisablingPublicAccess",
        reason="Azure accepted the write that disables public access and still shows it enabled",
        remedy="none: it is read again",
        again=True,
    )


def _disabled(reached: Ending) -> Ending:
    proof = reached.proof or NOTHING
    check = Check(CHECK, "public access", holds=True, seen="disabled")
    return replace(reached, proof=replace(proof, checks=(*proof.checks, check)))


def _left_as_it_is(reached: Ending, target: Target) -> bool:
    """It is opted out, and the path that was made is kept: the target itself still reports an endpoint.

    What was declined for another reason, such as its SKU, says nothing about a path.
    """
    kept = reached.result is Result.DECLINED and reached.code in KEPT
    return kept and any(one.status.lower() == "approved" for one in target.connections)


def _left(reached: Ending, why: Refusal) -> Ending:
    """The path holds, and public access stays as it is, though the profile asks to disable it."""
    return replace(reached, result=Result.BLOCKED, code=why.code, reason=why.reason, remedy=why.remedy)


def _cut_off(reached: Ending, undo: str) -> Ending:
    """No client reaches the target at all now: that must not be hidden by the fault that caused it."""
    if reached.result is Result.REMOVED:
        path = "UNREACHABLE: public access is disabled and the private path was removed"
    elif reached.proof is not None and reached.proof.checks:
        path = "UNREACHABLE: public access is disabled and the private path does not hold"
    else:
        path = (
            "UNREACHABLE unless the private path still exists: public access is disabled, nothing was proven"
        )
    first = f"{reached.remedy}; until then, to" if reached.remedy else "to"
    return replace(
        reached, reason=f"{path}; {reached.reason}", remedy=f"{first} enable public access, {undo}"
    )
