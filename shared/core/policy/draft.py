"""The parts of a policy that can be read, for the checks between them.

An operator wants every fault at once. So a part with a fault of its own does not keep the others from being
checked: it is None here, and nothing follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Catalogue, Cloud
from shared.core.policy.parts import Limits, Naming, NetworkSet, OptIn, Rule
from shared.core.policy.profile import Profile
from shared.core.policy.selectors import NetworkSelector, Selector
from shared.core.policy.values import ManagementGroup, Subscription, TagName

SELECTING = ("exclude", "networks", "rules")  # keys whose parts select resources or networks

type AnySet = tuple[ResourceId, ...] | NetworkSelector

_SUBSCRIPTIONS: TypeAdapter[tuple[str, ...]] = TypeAdapter(tuple[Subscription, ...])
_MANAGEMENT_GROUPS: TypeAdapter[tuple[str, ...]] = TypeAdapter(tuple[ManagementGroup, ...])
_CLOUD: TypeAdapter[Cloud] = TypeAdapter(Cloud)
_OPT_IN, _SELECTOR, _RULE = TypeAdapter(OptIn), TypeAdapter(Selector), TypeAdapter(Rule)
_SET: TypeAdapter[AnySet] = TypeAdapter(NetworkSet)
_PROFILE, _NAMING, _LIMITS = TypeAdapter(Profile), TypeAdapter(Naming), TypeAdapter(Limits)
_TAGS: TypeAdapter[Mapping[str, str]] = TypeAdapter(Mapping[TagName, str])


@dataclass(frozen=True)
class Draft:
    """The policy's parts by the keys that the text has. None: it cannot be read."""

    catalogue: Catalogue
    cloud: Cloud | None
    subscriptions: tuple[str, ...] | None
    management_groups: tuple[str, ...] | None
    opt_in: OptIn | None
    exclude: tuple[Selector | None, ...]
    networks: Mapping[str, AnySet | None]
    rules: tuple[Rule | None, ...]
    profiles: Mapping[str, Profile | None]
    naming: Naming | None
    tags: Mapping[str, str] | None
    limits: Limits | None

    @cached_property
    def watched(self) -> frozenset[str] | None:
        """All watched subscriptions, in lower case; None where management groups watch more than is listed,
        or it cannot be read."""
        if self.subscriptions is None or self.management_groups is None or self.management_groups:
            return None
        return frozenset(one.lower() for one in self.subscriptions)

    @property
    def wide(self) -> bool:
        """Several subscriptions are watched."""
        return self.watched is None or len(self.watched) > 1


def read_draft(document: Mapping[Any, Any], catalogue: Catalogue) -> Draft:
    """The parts of a document in which something has a fault."""

    def part[T](adapter: TypeAdapter[T], key: str, default: object) -> T | None:
        return _read(adapter, document.get(key, default), catalogue)

    def each[T](adapter: TypeAdapter[T], key: str) -> dict[str, T | None]:
        found = document.get(key)
        items = found.items() if isinstance(found, Mapping) else ()
        return {name: _read(adapter, one, catalogue) for name, one in items if isinstance(name, str)}

    def listed[T](adapter: TypeAdapter[T], key: str) -> list[T | None]:
        found = document.get(key)
        return [_read(adapter, one, catalogue) for one in found] if isinstance(found, list) else []

    exclude, rules = listed(_SELECTOR, "exclude"), listed(_RULE, "rules")
    networks, profiles = each(_SET, "networks"), each(_PROFILE, "profiles")
    return Draft(
        catalogue,
        part(_CLOUD, "cloud", "AzureCloud"),
        part(_SUBSCRIPTIONS, "subscriptions", []),
        part(_MANAGEMENT_GROUPS, "management_groups", []),
        part(_OPT_IN, "opt_in", {}),
        tuple(exclude),
        networks,
        tuple(rules),
        profiles,
        part(_NAMING, "naming", {}),
        part(_TAGS, "tags", {}),
        part(_LIMITS, "limits", {}),
    )


def _read[T](adapter: TypeAdapter[T], part: object, catalogue: Catalogue) -> T | None:
    try:
        return adapter.validate_python(part, context=catalogue)
    except ValidationError:
        return None


def without_unknown(document: Mapping[Any, Any], details: list[Any]) -> None:
    """Take the unknown keys out of a document: each is a fault, and no reason to leave its part unread.

    Those of `SELECTING` parts stay, and the part is not read: with one field less it would select more, and
    others would be called unreached because of it. What is below a key that is no text stays too: pydantic
    reports such a key as text.
    """
    for detail in details:
        if detail["type"] == "extra_forbidden" and detail["loc"][0] not in SELECTING:
            *above, key = (part for part in detail["loc"] if part not in ("[ids]", "[selector]"))
            found: Any = document
            for part in above:
                listed = isinstance(found, list) and isinstance(part, int) and part < len(found)
                found = found[part] if listed else found.get(part) if isinstance(found, dict) else None
            if isinstance(found, dict):
                found.pop(key, None)
