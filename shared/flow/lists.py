"""What a subscription's list shows: which resources the policy may connect, and endpoints that we made.

A list lacks facts, such as the SKU of some types. What depends on these is undecided, and its pass decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.core.base.bodies import Json, Seen, mapping, resource_id
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Catalogue
from shared.core.kinds.kind import target_of_mark
from shared.core.kinds.registry import kind_of
from shared.core.policy.choice import Choice, LeftOut, Undecided, choose, leaves_managed_alone
from shared.core.policy.hierarchy import Names
from shared.core.policy.intent import tag_word, with_inherited
from shared.core.policy.policy import Policy
from shared.core.policy.scope import Scope
from shared.core.policy.selectors import Facts
from shared.flow.cached_reads import CachedReads, ResourceGroup
from shared.ports import ArmReader, Clock


@dataclass(frozen=True, slots=True)
class Listed:
    """Resources that tags, rules or types opt in, those of which the list does not show whether they are, and
    endpoints that bear our tags, by their target's key.
    """

    opted_in: set[ResourceId] = field(default_factory=set)
    undecided: set[ResourceId] = field(default_factory=set)
    marked: defaultdict[str, set[ResourceId]] = field(default_factory=lambda: defaultdict(set))

    @property
    def due(self) -> set[ResourceId]:
        """What a sweep has to queue."""
        return self.opted_in | self.undecided


@dataclass(frozen=True, slots=True)
class Lister:
    """Lists subscriptions. Raises what reading Azure raises."""

    policy: Policy
    catalogue: Catalogue
    arm: ArmReader
    cached: CachedReads
    clock: Clock

    async def list(self, subscription: str, scope: Scope) -> Listed:
        """What a subscription has. Which profile a tag names is not checked here."""
        groups: Mapping[str, ResourceGroup] = {}
        if self._inherits or leaves_managed_alone(self.policy):
            groups = await self.cached.groups(subscription, self.clock.now().timestamp())
        above = scope.above(subscription)
        found = Listed()
        async for page in self.arm.resources(subscription):
            for resource in page:
                at = resource_id(resource.get("id"))  # None: an extension resource, or outside of a group
                written = mapping(resource.get("tags")).items()
                tags = {name: text for name, text in written if isinstance(text, str)}
                if at and self.catalogue.knows(at.type):
                    group = groups.get(at.resource_group.lower(), ResourceGroup())
                    chosen = self._choice(at, resource, tags, group, above)
                    if isinstance(chosen, Undecided):
                        found.undecided.add(at)
                    elif not isinstance(chosen, LeftOut):
                        found.opted_in.add(at)
                elif at and kind_of(at).HAS_GUID and (key := target_of_mark(Seen(at, {"tags": tags}))):
                    found.marked[key].add(at)
        return found

    def _choice(
        self, at: ResourceId, body: Json, tags: Mapping[str, str], group: ResourceGroup, above: Names | None
    ) -> Choice:
        """What the policy says by what a list shows, which lacks the SKU of some types."""
        word = tag_word(tags, group.tags, self.policy)
        if not self._selects:
            return choose(Facts(type=at.type), word, self.policy)
        inherited = group.tags if self._inherits else {}
        sku = mapping(body.get("sku")).get("name")
        facts = Facts.of(
            at,
            region=str(body.get("location") or "") or None,
            sku=sku if isinstance(sku, str) and sku else None,
            tags=with_inherited(tags, inherited) if group.listed or not self._inherits else None,
            management_groups=above,
            managed_by=group.managed_by if group.listed else None,
        )
        return choose(facts, word, self.policy)

    @property
    def _selects(self) -> bool:
        """The policy asks for more than types and the opt-in tag."""
        return bool(self.policy.exclude or self.policy.rules or leaves_managed_alone(self.policy))

    @property
    def _inherits(self) -> bool:
        return self.policy.opt_in.inherits
