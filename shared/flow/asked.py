"""Who asks for what: the target as it is now, its group's tags, and what the policy says of it."""

from __future__ import annotations

from collections.abc import Mapping

from shared.core.base.bodies import mapping
from shared.core.base.errors import InputError, TransientError, clean
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue
from shared.core.policy.choice import leaves_managed_alone, selecting_tags
from shared.core.policy.foundations import Foundations
from shared.core.policy.intent import (
    NOT_DECIDED,
    Connect,
    Declined,
    Intent,
    NotAsked,
    asked_by_type,
    intent,
    not_watched,
    tag_value,
)
from shared.core.policy.policy import Policy
from shared.flow.cached_reads import CachedReads, ResourceGroup
from shared.flow.scopes import Scopes
from shared.ports import ArmReader, Body

type Asked = tuple[Target, Connect] | Declined | NotAsked | None


def profile_of(asked: Asked) -> str:
    """The name of the profile that was chosen; empty where none was."""
    return asked[1].profile_name if isinstance(asked, tuple) else ""


def rule_of(asked: Asked) -> str:
    """The name of the rule that matched; empty where none did."""
    found = asked[1] if isinstance(asked, tuple) else asked
    return found.rule if found else ""


class Asker:
    """Reads a target and finds what is asked for it; writes nothing. Raises what reading Azure raises."""

    def __init__(
        self,
        policy: Policy,
        catalogue: Catalogue,
        arm: ArmReader,
        cached: CachedReads,
        foundations: Foundations,
        scopes: Scopes,
    ) -> None:
        self._policy = policy
        self._catalogue = catalogue
        self._arm = arm
        self._cached = cached
        self._foundations = foundations
        self._scopes = scopes

    async def refuse_foreign(self, at: ResourceId) -> None:
        """Raise InputError for a resource that Causeway would never touch, so that a person learns why.

        Raises what reading the management groups raised, where that decides it.
        """
        scope = await self._scopes.including(at.subscription)
        watched = scope.watches(at.subscription)
        if watched is None:
            raise scope.failure()
        if not watched:
            raise InputError("resource_id", at.text, f"name a resource in a watched subscription: {scope}")
        if not self._catalogue.knows(at.type):
            raise InputError("resource_id", at.text, "name a resource of a type that has private endpoints")

    async def read(self, at: ResourceId) -> Body | None:
        """The target's own body; None if it does not exist."""
        return await self._arm.get(at, api_version=self._catalogue.api_version(at.type))

    async def asked(self, at: ResourceId, fresh_from: float = 0.0, began: float = 0.0) -> Asked:
        """Who asks for what. None: the target does not exist. Both times are those of the pass.

        Raises TransientError while it is being deleted: no path to it is made any more, or proven. Raises
        what reading the management groups raised, where it depends on them.
        """
        scope = await self._scopes.including(at.subscription)
        watched = scope.watches(at.subscription)
        if watched is None:
            raise scope.failure()
        if not watched:
            return not_watched(self._policy)
        if not self._catalogue.knows(at.type):
            return NotAsked("its type has no private endpoint in the catalogue")
        body = await self.read(at)
        if body is None:
            return None
        target = Target.parse(body)
        if target.leaving:
            raise TransientError("the resource is being deleted", code="BeingDeleted")
        found = await self._intent(target, fresh_from)
        if self._inherits(target) and isinstance(found, NotAsked):
            # An older reading of the group's tags is no reason to leave a resource alone.
            found = await self._intent(target, began)
        return (target, found) if isinstance(found, Connect) else found

    async def still_asked(self, target: Target, connect: Connect, since: float) -> bool:
        """The same is asked for by tags of the group that were read after this moment.

        An older reading of the group's tags is no reason to create anything.
        """
        if not self._inherits(target):
            return True
        return await self._intent(target, since) == connect

    def words(self, tags: Mapping[str, str]) -> tuple[str | None, ...]:
        """The values of the tags that say what is asked for."""
        tag = self._policy.opt_in.tag
        return tuple(tag_value(tags, name) for name in (tag, f"{tag}-groups", *selecting_tags(self._policy)))

    def _inherits(self, target: Target) -> bool:
        """Tags of its group may say what is asked for."""
        opt = self._policy.opt_in
        own = tag_value(target.tags, opt.tag) is not None and not selecting_tags(self._policy)
        return opt.inherits and not own

    async def lists_group_as_it_is(self, at: ResourceId, not_older_than: float) -> bool:
        """The list of groups has the target's own, with the tags that the group itself shows.

        Where no tags are inherited, nothing is read.
        """
        if not self._policy.opt_in.inherits:
            return True
        listed, body = await self._cached.group(at, not_older_than), await self._arm.group(at.group)
        return listed.listed and self.words(mapping((body or {}).get("tags"))) == self.words(listed.tags)

    async def _intent(self, target: Target, fresh_from: float) -> Intent:
        inherits = self._policy.opt_in.inherits
        by_type, strict = asked_by_type(target, self._policy), leaves_managed_alone(self._policy)
        group = ResourceGroup()
        if inherits or by_type or strict:
            group = await self._group(target.id, fresh_from)
        alone = self._left_alone(target, group) if by_type else ""
        scope = await self._scopes.including(target.id.subscription)
        tags = group.tags if inherits else {}
        by = group.managed_by if strict else ""
        found = intent(target, tags, self._policy, self._catalogue, alone, scope, by)
        undecided = isinstance(found, Declined) and found.code == NOT_DECIDED
        if undecided and scope.above(target.id.subscription) is None:
            raise scope.failure()  # it is read again, while what else is not known is not
        return found

    async def _group(self, at: ResourceId, fresh_from: float) -> ResourceGroup:
        """Its group. Where the policy leaves resources out, one that the list lacks is read itself.

        Raises TransientError for one that Azure does not show at all.
        """
        found, policy = await self._cached.group(at, fresh_from), self._policy
        if found.listed or not (policy.exclude or policy.rules or leaves_managed_alone(policy)):
            return found
        body = await self._arm.group(at.group)
        if body is None:
            raise TransientError("Azure shows the resource and not its resource group", code="Unconfirmed")
        return ResourceGroup.of(body)

    def _left_alone(self, target: Target, group: ResourceGroup) -> str:
        """Why the type's `always` does not count for this resource; empty where it does."""
        setting = self._foundations.setting(target)
        if setting and target.id not in self._policy.opt_in.own_resources:
            return (
                f"Causeway itself runs on it (setting {setting}): tag it, or list its id under "
                "opt_in.own_resources"
            )
        if group.managed_by and self._policy.exclude_managed is None:
            return f"its resource group is managed by {clean(group.managed_by, 300)}: tag it to connect it"
        return ""
