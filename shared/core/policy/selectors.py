"""Selectors: which resources, or which networks, a part of the policy is about.

The values of one field are alternatives, the fields must all fit, and a selector without fields fits
everything. Case counts in the values of tags alone, as in Azure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import ConfigDict

from shared.core.base.ids import ResourceId
from shared.core.base.regions import region_key
from shared.core.policy.globs import fits, normal
from shared.core.policy.values import (
    NamePatterns,
    Part,
    Patterns,
    RegionPatterns,
    SetName,
    Subscriptions,
    TagName,
    TypePatterns,
)


def said_by(at: ResourceId) -> dict[str, object]:
    """The fields of `Facts` that an id says."""
    return {
        "subscription": at.subscription,
        "resource_group": at.resource_group,
        "name": at.name,
        "type": at.type,
    }


@dataclass(frozen=True, slots=True)
class Facts:
    """What selectors ask of a resource or a network; None: it is not known.

    `management_groups`: the names of all groups above its subscription, in any order. `tags`: its own, and
    its resource group's where the policy lets it inherit them. `managed_by`: what manages its resource group;
    empty: nothing does.
    """

    subscription: str | None = None
    resource_group: str | None = None
    name: str | None = None
    type: str | None = None
    region: str | None = None
    sku: str | None = None
    tags: Mapping[str, str] | None = field(default_factory=dict)
    management_groups: tuple[str, ...] | None = None
    managed_by: str | None = ""

    @classmethod
    def of(cls, at: ResourceId, **known: object) -> Facts:
        """What an id says, and what else is known by name."""
        return cls(**(said_by(at) | known))  # type: ignore[arg-type]

    def values(self, name: str) -> tuple[str, ...] | None:
        """The values of one field in the form in which patterns are compared; None: not known."""
        if name.startswith(TAG):
            return self._tag(name.removeprefix(TAG))
        if name == "management_group":
            groups = self.management_groups
            return None if groups is None else tuple(group.lower() for group in groups)
        text: str | None = getattr(self, name)
        if text is None:
            return None
        return (region_key(text) if name == "region" else text.lower(),)

    def _tag(self, name: str) -> tuple[str, ...] | None:
        if self.tags is None:
            return None
        return tuple(value for key, value in self.tags.items() if key.lower() == name)


TAG = "tag:"
_FIELDS = ("management_group", "subscription", "resource_group", "name", "type", "region", "sku")


class Fields(Part):
    """The fields of a selector that resources and networks share."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    management_group: NamePatterns | None = None
    """Names (not display names), or patterns: of any group above the subscription."""
    subscription: Subscriptions | None = None
    """Ids. Display names can be changed by a subscription's owner."""
    resource_group: NamePatterns | None = None
    """Names or patterns."""
    name: NamePatterns | None = None
    """Names or patterns."""
    region: RegionPatterns | None = None
    """Regions, such as westeurope, or patterns."""
    tags: Mapping[TagName, Patterns] = {}
    """Values by the tag's name. In values case counts."""

    @cached_property
    def patterns(self) -> Mapping[str, frozenset[str]]:
        """The patterns by field in the form in which they are compared; a tag's field is `tag:name`."""
        folded = {
            name: frozenset([normal(text.lower()) for text in texts])
            for name in _FIELDS
            if name in self.model_fields_set and (texts := self._texts(name))
        }
        tags = {f"{TAG}{name.lower()}": frozenset(map(normal, texts)) for name, texts in self.tags.items()}
        return folded | tags

    def _texts(self, name: str) -> tuple[str, ...]:
        return getattr(self, name, None) or ()

    def fits(self, facts: Facts) -> bool | None:
        """Whether it selects what these facts are of. None: that cannot be said, as a fact is not known."""
        unknown = False
        for name, patterns in self.patterns.items():
            values = facts.values(name)
            if values is None:
                unknown = True
            elif not any(fits(pattern, value) for value in values for pattern in patterns):
                return False
        return None if unknown else True

    def unknown(self, facts: Facts) -> tuple[str, ...]:
        """The fields that it asks for and that are not known."""
        return tuple(name for name in self.patterns if facts.values(name) is None)


class Selector(Fields):
    """Which resources. An empty selector fits everything."""

    type: TypePatterns | None = None
    """Resource types that have private endpoints, or patterns of these."""
    sku: Patterns | None = None
    """Names of SKUs (`sku.name`), or patterns."""

    def _texts(self, name: str) -> tuple[str, ...]:
        if name == "type":
            return tuple(one for found in self.type or () for one in found)
        return super()._texts(name)


class NetworkSelector(Fields):
    """Which virtual networks. What their owners can change needs a fence that they cannot."""

    peered_with: SetName | None = None
    """A set that lists ids: networks with which one of these is peered, and whose peering is Connected on
    the side of the listed network."""
    but_not: NamePatterns | None = None
    """Names or patterns of networks that are left out."""

    @property
    def fenced(self) -> bool:
        """Someone above the networks' owners decides which networks can be in it."""
        return bool(self.management_group or self.subscription or self.peered_with)

    def excludes(self, name: str) -> bool:
        """A network of this name is left out."""
        return any(fits(normal(pattern.lower()), name.lower()) for pattern in self.but_not or ())
