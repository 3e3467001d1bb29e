"""ARM ids as values. An id that exists is well formed, so code that builds a path from it checks nothing
again.

Azure returns one resource's id in several spellings (`resourcegroups` on creation, `resourceGroups` on
deletion: docs/azure/resource-manager.md, ARM-01), so two ids are equal when their lower-case texts are. An id
is parsed once: its text and key are stored, and ids derived from it (parent, child, group) check only what is
new.
"""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass, field
from typing import Self

from shared.core.base.errors import InvalidId

MAX_LENGTH = 2048  # characters; Azure's own limit is far below (Microsoft Learn: resource naming rules)
KEY_LENGTH = 32  # hex characters of a SHA-256: 128 bits, and a legal table key
CACHED = 65_536  # parsed ids that are kept: those of the networks, zones and endpoints come again and again

_SUBSCRIPTION = re.compile(r"[0-9A-Za-z{}-]{1,64}")
_NAMESPACE = re.compile(r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*")
_TYPE = re.compile(r"[0-9A-Za-z_.-]+")
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
        raise InvalidId(whole, "the subscription id is not valid")
    _check(whole, "resource group", group)


def _check_types(whole: str, namespace: str, types: list[str], names: tuple[str, ...]) -> None:
    if not _NAMESPACE.fullmatch(namespace):
        raise InvalidId(whole, "the provider namespace is not valid")
    if not types or len(types) != len(names):
        raise InvalidId(whole, "it needs one name for each part of its type")
    for part, name in zip(types, names, strict=True):
        _check_pair(whole, part, name)


def _check_pair(whole: str, part: str, name: str) -> None:
    """One level of a type with its name."""
    if part.lower() == "providers":
        raise InvalidId(whole, "it is an extension of another resource")
    if not _TYPE.fullmatch(part):
        raise InvalidId(whole, "the resource type is not valid")
    _check(whole, "name", name.removeprefix("*.") if part.upper() == "A" else name)


def _check_length(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise InvalidId(text, f"it has more than {MAX_LENGTH} characters")


@dataclass(frozen=True, slots=True, eq=False)
class GroupId:
    """A resource group. `text` is the canonical path, `key` its lower case. Raises InvalidId."""

    subscription: str
    name: str
    text: str = field(init=False, repr=False)
    key: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        text = f"/subscriptions/{self.subscription}/resourceGroups/{self.name}"
        _check_group(text, self.subscription, self.name)
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "key", text.lower())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `/subscriptions/{id}/resourceGroups/{name}`, the fixed words in any case. Raises InvalidId."""
        match _segments(text):
            case [subscription, group]:
                return cls(subscription, group)
            case _:
                raise InvalidId(text, "it is not a resource group's id")

    def resource(self, kind: str, *names: str) -> ResourceId:
        """A resource in this group; `kind` is its full type, one name for each part after the namespace."""
        namespace, *types = kind.split("/")
        pairs = "".join(f"/{part}/{name}" for part, name in zip(types, names, strict=False))
        text = f"{self.text}/providers/{namespace}{pairs}"
        _check_types(text, namespace, types, names)
        return _derived(self.subscription, self.name, kind, names, text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupId) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, eq=False)
class ResourceId:
    """A resource in a resource group. Nested types are joined: `Microsoft.Network/virtualNetworks/subnets`.

    `text` is the canonical path: fixed words as Azure documents them, types and names as they were given.
    `key` is its lower case. Extension resources (a second `/providers/`) and resources outside a group are
    not covered. Raises InvalidId where a part is malformed.
    """

    subscription: str
    resource_group: str
    type: str
    names: tuple[str, ...]
    text: str = field(init=False, repr=False)
    key: str = field(init=False, repr=False)
    _hash: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        namespace, *types = self.type.split("/")
        pairs = "".join(f"/{part}/{name}" for part, name in zip(types, self.names, strict=False))
        group = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        text = f"{group}/providers/{namespace}{pairs}"
        _check_group(text, self.subscription, self.resource_group)
        _check_types(text, namespace, types, self.names)
        _check_length(text)
        key = text.lower()
        object.__setattr__(self, "text", text)
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "_hash", hash(key))

    @staticmethod
    def parse(text: str) -> ResourceId:
        """Read `/subscriptions/../resourceGroups/../providers/..`, the fixed words in any case.

        Raises InvalidId naming the value (shortened, cleaned) and the rule it breaks.
        """
        return _parsed(text)

    @property
    def name(self) -> str:
        """The last name, which is the resource's own."""
        return self.names[-1]

    @property
    def group(self) -> GroupId:
        """The resource group it is in."""
        return _group_of(self.subscription, self.resource_group)

    @property
    def parent(self) -> ResourceId | None:
        """The resource it is nested in (a subnet's is its network); None for a top-level resource."""
        return _parent(self) if len(self.names) > 1 else None

    @property
    def collection(self) -> str:
        """The last part of its type: `subnets`."""
        return self.type.rpartition("/")[2]

    def child(self, kind: str, name: str) -> ResourceId:
        """A resource nested in this one: `vnet.child("subnets", "endpoints")`."""
        text = f"{self.text}/{kind}/{name}"
        _check_pair(text, kind, name)
        return _derived(
            self.subscription, self.resource_group, f"{self.type}/{kind}", (*self.names, name), text
        )

    def is_type(self, kind: str) -> bool:
        """It is of this very type, written in any case; a child's type is another type."""
        return self.type == kind or self.type.lower() == kind.lower()

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, ResourceId) and self.key == other.key)

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return self.text


def target_key(target: ResourceId) -> str:
    """The target's row key and its name in HTTP paths: ids hold `/`, which neither may."""
    return digest(target.key, KEY_LENGTH)


@functools.lru_cache(maxsize=CACHED)
def digest(text: str, length: int = 8) -> str:
    """So many hex characters of the text's SHA-256: the part of a name that keeps two names apart."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _derived(subscription: str, group: str, kind: str, names: tuple[str, ...], text: str) -> ResourceId:
    """An id whose parts are checked already."""
    _check_length(text)
    made, key, put = object.__new__(ResourceId), text.lower(), object.__setattr__
    put(made, "subscription", subscription)
    put(made, "resource_group", group)
    put(made, "type", kind)
    put(made, "names", names)
    put(made, "text", text)
    put(made, "key", key)
    put(made, "_hash", hash(key))
    return made


@functools.lru_cache(maxsize=CACHED)
def _parsed(text: str) -> ResourceId:
    match _segments(text):
        case [subscription, group, providers, namespace, *rest] if providers.lower() == "providers":
            types, names = rest[::2], rest[1::2]
            return ResourceId(subscription, group, "/".join((namespace, *types)), tuple(names))
        case _:
            raise InvalidId(text, "it is not the id of a resource in a resource group")


@functools.lru_cache(maxsize=CACHED)
def _parent(at: ResourceId) -> ResourceId:
    kind, text = at.type.rpartition("/")[0], at.text.rsplit("/", 2)[0]
    return _derived(at.subscription, at.resource_group, kind, at.names[:-1], text)


@functools.lru_cache(maxsize=CACHED)
def _group_of(subscription: str, name: str) -> GroupId:
    return GroupId(subscription, name)


def _segments(text: str) -> list[str]:
    """Subscription, group and what follows, of a path that begins as every id in a group does."""
    _check_length(text)
    match text.split("/"):
        case ["", subscriptions, subscription, groups, group, *rest] if (
            subscriptions.lower() == "subscriptions" and groups.lower() == "resourcegroups"
        ):
            return [subscription, group, *rest]
        case _:
            raise InvalidId(text, "it does not begin with /subscriptions/{id}/resourceGroups/{name}")
