"""Looking at one target: who asks for what, what is wished for, and what Azure has of it.

Place in the data's way: `target -> intent -> sites -> Desired -> Observed`, the reading half of a walk. A dry
run ends here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from shared.core.base.errors import BlockedError, InputError, PermanentError
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds import zone_group
from shared.core.kinds.addresses import addresses_of
from shared.core.kinds.endpoint import Endpoint, endpoint_id, nic_of
from shared.core.kinds.record import as_written
from shared.core.names import resolution
from shared.core.placement.sites import Site, candidates, with_subnet
from shared.core.plan.actions import Block, Replace
from shared.core.plan.desired import Desired, desired, nameless, too_many_zones
from shared.core.plan.obsolete import Leftover, leftover
from shared.core.plan.plan import Plan, plan, restoration
from shared.core.policy.intent import Connect, Declined, NotAsked, intent, watched
from shared.core.policy.policy import Policy
from shared.core.readings.observed import Observed, Surroundings
from shared.core.rules.egress import judged
from shared.core.rules.ingress import findings, shutting
from shared.flow.apply import Applied
from shared.flow.cached_reads import SharedReads
from shared.flow.capacity import RoomReader
from shared.flow.reader import Observer
from shared.ports import Arm, Body


@dataclass(frozen=True, slots=True)
class View:
    """A target with its wish and what Azure has of it.

    `unread`: what the wish had to do without. `shadowed`: what links that are about to be made would take
    from their networks (`core/shadowed.py`).
    """

    target: Target
    connect: Connect
    sites: Mapping[str, Site]
    desired: Desired
    observed: Observed
    unread: tuple[str, ...] = ()
    shadowed: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan:
        return plan(self.desired, self.observed)

    def left_over(self, owned: Iterable[ResourceId], noted: Iterable[str] = ()) -> Leftover:
        """What an earlier wish made, of the objects and addresses that the ledger notes for the target."""
        return leftover(self.desired, self.observed, owned, noted, self.connect.profile)

    def shutting(self, left: Leftover) -> tuple[ResourceId, ...]:
        """Rules of an earlier wish of ours that shut the clients of this one out."""
        return shutting(self.desired.rules, left.goes, self.observed)

    @property
    def restoration(self) -> Plan:
        """Write every zone group of ours again, so that its records stand though another one took them."""
        return restoration(self.desired, self.observed)

    @property
    def findings(self) -> tuple[str, ...]:
        """What is no fault and worth hearing all the same."""
        endpoints = [leg.endpoint for leg in self.desired.legs]
        filtering = findings(self.connect, endpoints, self.observed)
        resolving = resolution.findings(self.desired, self.observed)
        return (
            *self.unread,
            *filtering,
            *nameless(self.desired, self.connect),
            *resolving,
            *self.shadowed,
        )


class Viewer:
    """Reads targets and their surroundings; writes nothing. Raises what reading Azure raises."""

    def __init__(self, policy: Policy, catalogue: Catalogue, arm: Arm, shared: SharedReads) -> None:
        self._policy = policy
        self._catalogue = catalogue
        self._arm = arm
        self._shared = shared
        self._observer = Observer(arm, shared)
        self._room = RoomReader(policy, catalogue, arm, shared)

    def refuse_foreign(self, at: ResourceId) -> None:
        """Raise InputError for a resource that Causeway would never touch, so that a person hears why."""
        if not watched(at.subscription, self._policy):
            known = ", ".join(self._policy.subscriptions)
            raise InputError("resource_id", at.text, f"name a resource in a watched subscription: {known}")
        if not self._catalogue.knows(at.type):
            raise InputError("resource_id", at.text, "name a resource of a type that has private endpoints")

    async def read(self, at: ResourceId) -> Body | None:
        """The target's own body; None if it does not exist."""
        return await self._arm.get(at, api_version=self._catalogue.api_version(at.type))

    async def wish(self, at: ResourceId) -> tuple[Target, Connect] | Declined | NotAsked | None:
        """Who asks for what. None: the target does not exist."""
        if not watched(at.subscription, self._policy):
            return NotAsked("its subscription is not watched")
        if not self._catalogue.knows(at.type):
            return NotAsked("its type has no private endpoint in the catalogue")
        body = await self.read(at)
        if body is None:
            return None
        target = Target.parse(body)
        inherits = self._policy.opt_in.inherit == "resource_group"
        tags = await self._shared.group_tags(at) if inherits else {}
        wish = intent(target, tags, self._policy, self._catalogue)
        return (target, wish) if isinstance(wish, Connect) else wish

    async def view(
        self, target: Target, connect: Connect, owned: Iterable[ResourceId] = ()
    ) -> View | Block | Declined:
        """What is wished for the target, and what Azure has of it.

        `owned`: endpoints that an earlier wish of ours made are no rivals, wherever they stand.
        """
        found = candidates(target, connect.profile)
        if isinstance(found, Declined):
            return found
        region, subnets = found
        homes = {subnet: connect.profile.endpoints_resource_group or subnet.group for subnet in subnets}
        groups = [group.group_id for group in connect.groups]
        ours = [endpoint_id(homes[s], target.id, group, s) for s in subnets for group in groups]
        around, (connect, told) = await asyncio.gather(
            self._observer.around(target, subnets, _clients(connect), (*ours, *owned), judged(connect)),
            self._narrowed(target, connect),
        )
        chosen, around = await self._room.sites(target, connect, region, subnets, around)
        if isinstance(chosen, Block):
            return chosen
        wish = desired(target, connect, chosen, self._catalogue, self._policy.cloud, around, {})
        if crowd := too_many_zones(wish):
            return crowd
        observed = await self._observer.observe(wish, Observed(around=around))
        return await self._reported(View(target, connect, chosen, wish, observed, told))

    async def fresh(
        self, at: ResourceId, owned: Iterable[ResourceId]
    ) -> View | Block | Declined | NotAsked | None:
        """Wish and view by what Azure says from now on alone, for what is done once and never undone."""
        with self._shared.anew():
            wish = await self.wish(at)
            return await self.view(*wish, owned) if isinstance(wish, tuple) else wish

    async def _narrowed(self, target: Target, connect: Connect) -> tuple[Connect, tuple[str, ...]]:
        """The wish with just the ports that a setting of the target calls for, where rules need to know."""
        at = self._catalogue.port_setting(target.id)
        if at is None or connect.profile.nsg.mode == "ignore":
            return connect, ()
        try:
            body = await self._arm.get(at, api_version=self._catalogue.api_version(target.id.type))
        except (BlockedError, PermanentError) as error:
            return connect, (f"rules are for every port that the service may use: {error}",)
        groups = tuple(self._catalogue.with_ports(group, body or {}) for group in connect.groups)
        return replace(connect, groups=groups), ()

    async def after(self, view: View, applied: Applied) -> View:
        """The view with what the writes answered, and what they moved elsewhere read anew."""
        ends = [step for step in applied.written if isinstance(step.want, Endpoint)]
        remade = [step.id for step in ends if isinstance(step, Replace)]
        known = view.observed
        for step in ends:  # a write that mends it may give it addresses and names
            before = known.objects.get(step.want.id)
            if before and (nic := nic_of(before)):
                known = known.forgetting(nic)
        for at in remade:  # its zone group went with it, and its addresses are others now
            known = known.listing(at, zone_group.COLLECTION, ())
        groups = [one for one in applied.objects.values() if one and one.id.is_type(zone_group.TYPE)]
        known = known.having({at: one for group in groups for at, one in as_written(group).items()})
        observed = await self._observer.interfaces(view.desired, known.having(applied.objects))
        observed = await self._observer.refreshed(observed, [step.want for step in applied.written])
        around = _attached(view, applied)
        changed = bool(remade) or around is not view.observed.around
        newer = replace(view, observed=replace(observed, around=around))
        return await (self._rebuilt(newer) if changed else self._reported(newer))

    async def anew(self, view: View) -> View:
        """The view with the wish as it is by what the networks say now."""
        around = await self._observer.renewed(view.observed.around)
        return await self._rebuilt(replace(view, observed=replace(view.observed, around=around)))

    async def without(self, view: View, rules: Iterable[ResourceId]) -> View:
        """The view with the groups of these rules read anew."""
        observed = view.observed
        for group in {at.parent for at in rules if at.parent}:
            observed = observed.forgetting(group)
        with self._shared.anew():
            return replace(view, observed=await self._observer.observe(view.desired, observed))

    async def _reported(self, view: View) -> View:
        """Build the wish again once its endpoints tell what the rest of it depends on.

        Some types tell their zone only by the names of a finished endpoint, and rules need addresses.
        """
        return view if view.desired.complete else await self._rebuilt(view)

    async def _rebuilt(self, view: View) -> View:
        seen = [view.observed.objects.get(leg.endpoint.id) for leg in view.desired.legs]
        reported = {
            endpoint.id: addresses
            for endpoint in seen
            if endpoint and (addresses := addresses_of(endpoint, view.observed))
        }
        around, cloud = view.observed.around, self._policy.cloud
        wish = desired(view.target, view.connect, view.sites, self._catalogue, cloud, around, reported)
        return replace(view, desired=wish, observed=await self._observer.observe(wish, view.observed))


def _attached(view: View, applied: Applied) -> Surroundings:
    """What stands around, with the subnets as they were written: rules belong into the group that filters."""
    around = view.observed.around
    for want in view.desired.subnet_policies:
        if subnet := applied.objects.get(want.id):
            around = replace(around, networks=with_subnet(around.networks, subnet))
    return around


def _clients(connect: Connect) -> tuple[ResourceId, ...]:
    """The client networks, where something about them has to be known."""
    wanted = connect.profile.peering != "ignore" or connect.profile.nsg.mode != "ignore"
    return tuple(connect.profile.clients) if wanted else ()
