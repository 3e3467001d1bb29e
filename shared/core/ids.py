"""ARM ids: parsed strictly, compared without case, built without string formatting elsewhere.

Place in the data's way: everywhere. Azure returns one id in several casings (`resourcegroups`,
upper-cased names in error texts), so equality and hashing use the lower-cased text, and what is shown or
sent keeps the casing it came with.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from shared.core.errors import InvalidId

MAX_ID = 2_048
_SEGMENT = re.compile(r"[^/\x00-\x1f\x7f-\x9f?#%\\<>&\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_SUBSCRIPTION = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FORM = "use /subscriptions/<guid>/resourceGroups/<name>/providers/<namespace>/<type>/<name>"


@dataclass(frozen=True, slots=True, eq=False)
class GroupId:
    """A resource group: subscription and name."""

    subscription: str
    name: str

    @classmethod
    def parse(cls, text: str) -> GroupId:
        """Raises InvalidId unless the text is a resource group's id."""
        parts = _segments(text)
        if len(parts) != 4 or parts[0].lower() != "subscriptions" or parts[2].lower() != "resourcegroups":
            raise InvalidId("resource group id", text, "use /subscriptions/<guid>/resourceGroups/<name>")
        return cls(_subscription(parts[1], text), parts[3])

    @property
    def text(self) -> str:
        """The id as ARM writes it."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.name}"

    @property
    def key(self) -> str:
        """The id for comparing: lower case."""
        return self.text.lower()

    def resource(self, kind: str, *names: str) -> ResourceId:
        """The id of a resource of this type (`Microsoft.Network/virtualNetworks`) in this group."""
        return ResourceId(self.subscription, self.name, kind, names)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupId) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, eq=False)
class ResourceId:
    """A resource in a resource group. `type` joins nested types: `Microsoft.Network/virtualNetworks/subnets`."""

    subscription: str
    resource_group: str
    type: str
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """Raises InvalidId for anything that is not exactly one resource in a resource group."""
        parts = _segments(text)
        fixed = [part.lower() for part in parts[0:6:2]]
        if len(parts) < 8 or len(parts) % 2 or fixed != ["subscriptions", "resourcegroups", "providers"]:
            raise InvalidId("resource id", text, _FORM)
        if any(part.lower() == "providers" for part in parts[6::2]):
            raise InvalidId("resource id", text, "name the resource itself, not an extension of it")
        kind = "/".join([parts[5], *parts[6::2]])
        return cls(_subscription(parts[1], text), parts[3], kind, tuple(parts[7::2]))

    @property
    def text(self) -> str:
        """The id as ARM writes it, names and types in the casing they came with."""
        namespace, *kinds = self.type.split("/")
        pairs = "/".join(f"{kind}/{name}" for kind, name in zip(kinds, self.names, strict=True))
        return f"{self.group.text}/providers/{namespace}/{pairs}"

    @property
    def key(self) -> str:
        """The id for comparing: lower case."""
        return self.text.lower()

    @property
    def name(self) -> str:
        """The last name: a subnet's, not its network's."""
        return self.names[-1]

    @property
    def group(self) -> GroupId:
        """The resource group that holds it."""
        return GroupId(self.subscription, self.resource_group)

    @property
    def parent(self) -> ResourceId | None:
        """The resource it is a child of (a subnet's network), None for a top-level one."""
        if len(self.names) == 1:
            return None
        return ResourceId(
            self.subscription, self.resource_group, self.type.rpartition("/")[0], self.names[:-1]
        )

    def child(self, kind: str, name: str) -> ResourceId:
        """The id of a child of this resource, such as a network's subnet."""
        return ResourceId(
            self.subscription, self.resource_group, f"{self.type}/{kind}", (*self.names, name)
        )

    def is_type(self, kind: str) -> bool:
        """Compares types as Azure does, without case."""
        return self.type.lower() == kind.lower()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text


def target_key(target: ResourceId) -> str:
    """32 hex characters that stand for a target where an id cannot: table keys, tags and URLs."""
    return hashlib.sha256(target.key.encode()).hexdigest()[:32]


def _segments(text: str) -> list[str]:
    if not isinstance(text, str) or not text.startswith("/") or len(text) > MAX_ID:
        raise InvalidId("resource id", text, _FORM)
    parts = text[1:].split("/")
    for part in parts:
        if not _SEGMENT.fullmatch(part) or part.strip() != part or part in (".", ".."):
            raise InvalidId("resource id", text, f"the part '{part[:40]}' cannot be in an ARM id")
    return parts


def _subscription(part: str, text: str) -> str:
    if not _SUBSCRIPTION.fullmatch(part):
        raise InvalidId("resource id", text, f"'{part[:40]}' is not a subscription id")
    return part
