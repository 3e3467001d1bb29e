"""One walk: make the private path of one target true, and prove it. All of Causeway on one screen.

    target -> intent -> sites -> Desired -> Observed -> Plan -> apply -> Proof -> Ending

The walk decides from what Azure says now and keeps nothing between two walks. Creating, repairing,
rerunning and removing are this one path; a dry run is the same walk without `apply`.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from shared.core.actions import Block
from shared.core.catalogue import Catalogue
from shared.core.desired import Desired, desired
from shared.core.ending import Ending, ending, left_alone, refused, removed
from shared.core.errors import InputError
from shared.core.filtering import findings
from shared.core.ids import ResourceId
from shared.core.intent import Connect, Declined, NotAsked, intent, watched
from shared.core.kinds.endpoint import TYPE as ENDPOINT_TYPE
from shared.core.kinds.endpoint import endpoint_id, nic_of
from shared.core.kinds.kind import Seen
from shared.core.kinds.nic import addresses_in
from shared.core.observed import Observed
from shared.core.outcome import Done
from shared.core.place import Site, candidates, sites
from shared.core.plan import Plan, plan, removal
from shared.core.policy import Policy
from shared.core.proof import addresses_of, prove
from shared.core.target import Target
from shared.flow.apply import Applier
from shared.flow.observe import Observer
from shared.flow.ports import Arm, Json
from shared.flow.reads import SharedReads

ROUNDS = 4  # a wait, a write, what the endpoint then tells about its zones, and one to see it settled


class Memory(Protocol):
    """What the ledger knows of a target: the objects we made for it, and the profile that made them."""

    @property
    def owned(self) -> tuple[ResourceId, ...]:
        """Objects made for it, those of this walk included."""

    @property
    def profile(self) -> str:
        """The profile of the last outcome, empty if there was none."""

    async def own(self, made: ResourceId) -> None:
        """Note an object before it is made, so that a crash right after leaves nothing forgotten."""

    async def disown(self, gone: Iterable[ResourceId]) -> None:
        """These objects do not exist any more."""


@dataclass(frozen=True, slots=True)
class View:
    """A target with its wish and what Azure has of it."""

    target: Target
    connect: Connect
    sites: Mapping[str, Site]
    desired: Desired
    observed: Observed

    @property
    def plan(self) -> Plan:
        return plan(self.desired, self.observed)


class Reconciler:
    """Walks targets. Everything it talks to is passed in; one per process."""

    def __init__(
        self, policy: Policy, catalogue: Catalogue, arm: Arm, shared: SharedReads, applier: Applier
    ) -> None:
        self._policy = policy
        self._catalogue = catalogue
        self._arm = arm
        self._shared = shared
        self._observer = Observer(arm, shared)
        self._applier = applier

    async def reconcile(self, at: ResourceId, memory: Memory, deadline: float) -> Ending | None:
        """Walk one target until `deadline` (clock.monotonic). None: nobody asked, and there is no memory.

        Raises what reading Azure raises.
        """
        wish = await self._wish(at)
        if isinstance(wish, tuple):
            return await self._connect(*wish, memory, deadline)
        return await self._leave(at, wish, memory, deadline)

    async def preview(self, at: ResourceId) -> View | Block | Declined | NotAsked | None:
        """The same walk as far as it goes without writing. None: the target does not exist."""
        wish = await self._wish(at)
        return await self._view(*wish) if isinstance(wish, tuple) else wish

    def refuse_foreign(self, at: ResourceId) -> None:
        """Raise InputError for a resource that Causeway would never touch, so that a person hears why."""
        if not watched(at.subscription, self._policy):
            known = ", ".join(self._policy.subscriptions)
            raise InputError("resource_id", at.text, f"name a resource in a watched subscription: {known}")
        if not self._catalogue.knows(at.type):
            raise InputError("resource_id", at.text, "name a resource of a type that has private endpoints")

    async def _wish(self, at: ResourceId) -> tuple[Target, Connect] | Declined | NotAsked | None:
        if not watched(at.subscription, self._policy):
            return NotAsked("its subscription is not watched")
        if not self._catalogue.knows(at.type):
            return NotAsked("its type has no private endpoint in the catalogue")
        body = await self._read(at)
        if body is None:
            return None
        target = Target.parse(body)
        inherits = self._policy.opt_in.inherit == "resource_group"
        tags = await self._shared.group_tags(at) if inherits else {}
        wish = intent(target, tags, self._policy, self._catalogue)
        return (target, wish) if isinstance(wish, Connect) else wish

    async def _read(self, at: ResourceId) -> Json | None:
        return await self._arm.get(at, api_version=self._catalogue.api_version(at.type))

    async def _view(self, target: Target, connect: Connect) -> View | Block | Declined:
        found = candidates(target, connect.profile)
        if isinstance(found, Declined):
            return found
        region, subnets = found
        homes = {subnet: connect.profile.endpoints_resource_group or subnet.group for subnet in subnets}
        groups = [group.group_id for group in connect.groups]
        ours = [endpoint_id(homes[s], target.id, group, s) for s in subnets for group in groups]
        around = await self._observer.around(target, subnets, _clients(connect), ours)
        chosen = sites(target, connect, region, subnets, around)
        if isinstance(chosen, Block):
            return chosen
        wish = desired(target, connect, chosen, self._catalogue, self._policy.cloud, around, {})
        observed = await self._observer.observe(wish, Observed(around=around))
        return await self._named(View(target, connect, chosen, wish, observed))

    async def _named(self, view: View) -> View:
        """Build the wish again once its endpoints tell the names that choose their zones."""
        if view.desired.complete:
            return view
        seen = [view.observed.objects.get(leg.endpoint.id) for leg in view.desired.legs]
        reported = {
            endpoint.id: addresses
            for endpoint in seen
            if endpoint and (addresses := addresses_of(endpoint, view.observed))
        }
        around, cloud = view.observed.around, self._policy.cloud
        wish = desired(view.target, view.connect, view.sites, self._catalogue, cloud, around, reported)
        return replace(view, desired=wish, observed=await self._observer.observe(wish, view.observed))

    async def _connect(
        self, target: Target, connect: Connect, memory: Memory, deadline: float
    ) -> Ending | None:
        view = await self._view(target, connect)
        if not isinstance(view, View):
            return refused(view)
        done: list[Done] = []
        for _ in range(ROUNDS):
            steps = view.plan
            applied = await self._applier.apply(steps, memory.own, deadline)
            known = {step.id for step in done}
            done += [
                step for step in applied.done if step.verb not in ("Keep", "Adopt") or step.id not in known
            ]
            observed = await self._observer.interfaces(view.desired, view.observed.having(applied.objects))
            observed = await self._observer.refreshed(observed, [step.want for step in applied.written])
            view = await self._named(replace(view, observed=observed))
            if applied.errors or steps.settled:
                break
        if applied.errors and await self._read(target.id) is None:
            return await self._leave(target.id, None, memory, deadline)
        told = findings(connect, [leg.endpoint for leg in view.desired.legs], view.observed)
        errors = tuple(applied.errors.values())
        reached = ending(prove(view.desired, view.observed), tuple(done), errors, connect.profile_name)
        return replace(reached, findings=told)

    async def _leave(
        self, at: ResourceId, why: Declined | NotAsked | None, memory: Memory, deadline: float
    ) -> Ending | None:
        """Nothing is wanted here: the target is gone, or nobody asks, or what is asked cannot be."""
        if isinstance(why, Declined):
            return refused(why)
        if not memory.owned and not memory.profile:
            return None
        if why is not None and not self._removes_on_opt_out(memory.profile):
            return left_alone(why, memory.profile)
        reason = why.reason if why else "the resource is gone"
        return await self._take_away(at, memory.owned, reason, memory, deadline)

    async def _take_away(
        self, at: ResourceId, ids: tuple[ResourceId, ...], reason: str, memory: Memory, deadline: float
    ) -> Ending:
        """Remove what we made for a target, of these objects, after reading each anew."""
        bodies = await asyncio.gather(*(self._arm.get(owned) for owned in ids))
        owned = [Seen(at, body) for at, body in zip(ids, bodies, strict=True) if body is not None]
        nics = [nic for have in owned if have.id.is_type(ENDPOINT_TYPE) and (nic := nic_of(have))]
        found = await asyncio.gather(*(self._arm.get(nic) for nic in nics))
        addresses = tuple(
            address.ip
            for nic, body in zip(nics, found, strict=True)
            if body
            for address in addresses_in(Seen(nic, body))
        )
        applied = await self._applier.apply(removal(owned, at, addresses, reason), memory.own, deadline)
        kept = {step.id for step in applied.done if step.ended != "done"}
        await memory.disown(gone for gone in ids if gone not in kept and gone.parent not in kept)
        return removed(applied.done, tuple(applied.errors.values()), reason, memory.profile)

    def _removes_on_opt_out(self, name: str) -> bool:
        profile = self._policy.profiles.get(name)
        return profile is not None and profile.on_opt_out == "remove"


def _clients(connect: Connect) -> tuple[ResourceId, ...]:
    """The client networks, where something about them has to be known."""
    wanted = connect.profile.peering != "ignore" or connect.profile.nsg.mode != "ignore"
    return tuple(connect.profile.clients) if wanted else ()
