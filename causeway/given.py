"""What a person said about a resource on the command line: what was not said is not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.core.base.ids import ResourceId
from shared.core.policy.intent import inherited_tags, tag_value, tag_word, with_inherited
from shared.core.policy.policy import Policy
from shared.core.policy.selectors import Facts, said_by


@dataclass(frozen=True, slots=True)
class PartlyKnown(Facts):
    """Facts of a resource of which its own tags may be known and those of its group not."""

    group_tags_known: bool = True

    def _tag(self, name: str) -> tuple[str, ...] | None:
        found = Facts._tag(self, name)
        return found if found or self.group_tags_known else None


@dataclass(frozen=True, slots=True)
class Given:
    """A resource. None: not said. `id`: its ARM id, where all parts of it are known.

    `tags` are all tags of its own, `group_tags` those of its resource group. `managed_by`: what manages its
    resource group; empty: nothing does.
    """

    id: ResourceId | None = None
    subscription: str | None = None
    resource_group: str | None = None
    name: str | None = None
    type: str | None = None
    region: str | None = None
    sku: str | None = None
    tags: Mapping[str, str] | None = None
    group_tags: Mapping[str, str] | None = None
    management_groups: tuple[str, ...] | None = None
    managed_by: str | None = None
    shown: str = field(default="", compare=False)

    @classmethod
    def of(cls, at: ResourceId, **known: object) -> Given:
        """A resource by its id."""
        return cls(id=at, **(said_by(at) | known))  # type: ignore[arg-type]

    def tags_under(self, policy: Policy) -> Mapping[str, str] | None:
        """Its tags, with those of its group that count for it; None: its own are not known."""
        if self.tags is None:
            return None
        return with_inherited(self.tags, inherited_tags(self.group_tags or {}, policy))

    def facts(self, policy: Policy) -> PartlyKnown:
        """What selectors ask, with its group's tags where the policy lets it inherit them."""
        return PartlyKnown(
            subscription=self.subscription,
            resource_group=self.resource_group,
            name=self.name,
            type=self.type,
            region=self.region,
            sku=self.sku,
            tags=self.tags_under(policy),
            management_groups=self.management_groups,
            managed_by=self.managed_by,
            group_tags_known=self.group_tags is not None or not policy.opt_in.inherits,
        )

    def word(self, policy: Policy) -> str | Unsaid | None:
        """The opt-in tag's value that counts; None: it has no such tag."""
        if self.tags is None:
            return Unsaid(("tags",))
        untagged = tag_value(self.tags, policy.opt_in.tag) is None
        if untagged and policy.opt_in.inherits and self.group_tags is None:
            return Unsaid(("tags of its resource group",))
        return tag_word(self.tags, self.group_tags or {}, policy)


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What would have to be known."""

    fields: tuple[str, ...]
