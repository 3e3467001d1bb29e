"""ARM ids as values: what every other part of the core speaks of.

Place in the data's way: everywhere. An id that exists here is well formed, so nobody who builds a path
from it has to ask again. Azure returns one resource's id in several spellings (recorded: `resourcegroups`
on creation, `resourceGroups` on deletion); two ids are the same when their lower-case texts are.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Self

from shared.core.base.errors import InvalidId

MAX_LENGTH = 2048  # characters; Azure's own cap is far below (Microsoft Learn: resource naming rules)
KEY_LENGTH = 32  # hex characters of a SHA-256: 128 bits, and a legal table key

_SUBSCRIPTION = re.compile(r"[0-9A-Za-z{}-]{1,64}")
_NAMESPACE = re.compile(r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*")
_KIND = re.compile(r"[0-9A-Za-z_.-]+")
# Azure's front end refuses < > * % & : \ ? in a path; # would end it in a client. Only an address record's
# first label may be a star (Microsoft Learn: "DNS zones and records overview", wildcard records).
_FORBIDDEN = re.compile(r"[<>*%&:\\?#/]")


def _check(whole: str, what: str, text: str) -> None:
    """Refuse a path segment that could mean another path, or nothing. Raises InvalidId."""
    if not text:
        raise InvalidId(whole, f"the {what} is empty")
    if text in (".", ".."):
        raise InvalidId(whole, f"the {what} '{text}' would name another path")
    if text != text.strip():
        raise InvalidId(whole, f"the {what} begins or ends with a space")
    if not text.isprintable():
        raise InvalidId(whole, f"the {what} has an unprintable character")
    if bad := _FORBIDDEN.search(text):
        raise InvalidId(whole, f"the {what} has the character {bad.group()}, which ids cannot have")


def _check_group(whole: str, subscription: str, group: str) -> None:
    if not _SUBSCRIPTION.fullmatch(subscription):
        raise InvalidId(whole, "the subscription id is not one")
    _check(whole, "resource group", group)


@dataclass(frozen=True, slots=True, eq=False)
class GroupId:
    """A resource group. Raises InvalidId where a part is malformed."""

    subscription: str
    name: str
    key: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check_group(self.text, self.subscription, self.name)
        object.__setattr__(self, "key", self.text.lower())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `/subscriptions/{id}/resourceGroups/{name}`, the fixed words in any case. Raises InvalidId."""
        match _segments(text):
            case [subscription, group]:
                return cls(subscription, group)
            case _:
                raise InvalidId(text, "it is not a resource group's id")

    @property
    def text(self) -> str:
        """The canonical path: fixed words as Azure documents them, names as they were given."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.name}"

    def resource(self, kind: str, *names: str) -> ResourceId:
        """A resource in this group; `kind` is its full type, one name for each part after the namespace."""
        return ResourceId(self.subscription, self.name, kind, names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupId) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, eq=False)
class ResourceId:
    """A resource in a resource group. Nested types are joined: `Microsoft.Network/virtualNetworks/subnets`.

    Extension resources (a second `/providers/`) and resources outside a group are none of these.
    Raises InvalidId where a part is malformed.
    """

    subscription: str
    resource_group: str
    type: str
    names: tuple[str, ...]
    key: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        namespace, *kinds = self.type.split("/")
        whole = f"{self.subscription}/{self.resource_group}/{self.type}/{'/'.join(self.names)}"
        _check_group(whole, self.subscription, self.resource_group)
        if not _NAMESPACE.fullmatch(namespace):
            raise InvalidId(whole, "the provider namespace is not one")
        if not kinds or len(kinds) != len(self.names):
            raise InvalidId(whole, "it needs one name for each part of its type")
        for kind, name in zip(kinds, self.names, strict=True):
            if kind.lower() == "providers":
                raise InvalidId(whole, "it is an extension of another resource")
            if not _KIND.fullmatch(kind):
                raise InvalidId(whole, "the resource type is not one")
            _check(whole, "name", name.removeprefix("*.") if kind.upper() == "A" else name)
        if len(self.text) > MAX_LENGTH:
            raise InvalidId(whole, f"it has more than {MAX_LENGTH} characters")
        object.__setattr__(self, "key", self.text.lower())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `/subscriptions/../resourceGroups/../providers/..`, the fixed words in any case.

        Raises InvalidId naming the value (shortened, cleaned) and the rule it breaks.
        """
        match _segments(text):
            case [subscription, group, providers, namespace, *rest] if providers.lower() == "providers":
                kinds, names = rest[::2], rest[1::2]
                return cls(subscription, group, "/".join((namespace, *kinds)), tuple(names))
            case _:
                raise InvalidId(text, "it is not the id of a resource in a resource group")

    @property
    def text(self) -> str:
        """The canonical path: fixed words as Azure documents them, types and names as they were given."""
        namespace, *kinds = self.type.split("/")
        pairs = "".join(f"/{kind}/{name}" for kind, name in zip(kinds, self.names, strict=True))
        return f"{self.group.text}/providers/{namespace}{pairs}"

    @property
    def name(self) -> str:
        """The last name, which is the resource's own."""
        return self.names[-1]

    @property
    def group(self) -> GroupId:
        """The resource group it is in."""
        return GroupId(self.subscription, self.resource_group)

    @property
    def parent(self) -> ResourceId | None:
        """The resource it is nested in (a subnet's is its network); None for a top-level resource."""
        if len(self.names) == 1:
            return None
        outer = self.type.rpartition("/")[0]
        return ResourceId(self.subscription, self.resource_group, outer, self.names[:-1])

    def child(self, kind: str, name: str) -> ResourceId:
        """A resource nested in this one: `vnet.child("subnets", "endpoints")`."""
        return ResourceId(self.subscription, self.resource_group, f"{self.type}/{kind}", (*self.names, name))

    def is_type(self, kind: str) -> bool:
        """It is of this very type, written in any case; a child's type is another type."""
        return self.type.lower() == kind.lower()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text


def target_key(target: ResourceId) -> str:
    """The target's row key and its name in HTTP paths: ids hold `/`, which neither may."""
    return hashlib.sha256(target.key.encode()).hexdigest()[:KEY_LENGTH]


def _segments(text: str) -> list[str]:
    """Subscription, group and what follows, of a path that begins as every id in a group does."""
    if len(text) > MAX_LENGTH:
        raise InvalidId(text, f"it has more than {MAX_LENGTH} characters")
    match text.split("/"):
        case ["", subscriptions, subscription, groups, group, *rest] if (
            subscriptions.lower() == "subscriptions" and groups.lower() == "resourcegroups"
        ):
            return [subscription, group, *rest]
        case _:
            raise InvalidId(text, "it does not begin with /subscriptions/{id}/resourceGroups/{name}")
