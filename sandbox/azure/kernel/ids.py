"""ARM ids: written in any case, compared without case."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

GROUP_TYPE = "Microsoft.Resources/resourceGroups"
SUBSCRIPTION_TYPE = "Microsoft.Resources/subscriptions"
MANAGEMENT_GROUP_TYPE = "Microsoft.Management/managementGroups"


# Without slots: ids are compared all the time, and what is cached needs a place.
@dataclass(frozen=True, eq=False)
class ArmId:
    """Id of a resource, a resource group (type GROUP_TYPE), a subscription (type SUBSCRIPTION_TYPE) or a
    management group (type MANAGEMENT_GROUP_TYPE, without a subscription).

    `type` holds nested types joined ("Microsoft.Network/virtualNetworks/subnets"); `names` has one name per
    type segment (none for groups and subscriptions). Two ids are equal when their texts are equal without
    case, as ARM treats them (source: docs/azure/resource-manager.md, ARM-01).
    """

    subscription: str
    group: str = ""
    type: str = SUBSCRIPTION_TYPE
    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> ArmId:
        """Read an id in any case. Raises ValueError for anything that is not an id of one of the four
        kinds.
        """
        parts = text.strip("/").split("/")
        low = [part.lower() for part in parts]
        if low[:-1] == ["providers", *MANAGEMENT_GROUP_TYPE.lower().split("/")] and parts[-1]:
            return cls("", "", MANAGEMENT_GROUP_TYPE, (parts[-1],))
        if len(parts) < 2 or low[0] != "subscriptions" or not all(parts):
            raise ValueError(f"not an ARM id: {text!r}")
        if len(parts) == 2:
            return cls(parts[1])
        if len(parts) < 4 or low[2] != "resourcegroups":
            raise ValueError(f"not an ARM id: {text!r}")
        if len(parts) == 4:
            return cls(parts[1], parts[3], GROUP_TYPE)
        if len(parts) < 8 or len(parts) % 2 or low[4] != "providers":
            raise ValueError(f"not an ARM id: {text!r}")
        return cls(parts[1], parts[3], "/".join([parts[5], *parts[6::2]]), tuple(parts[7::2]))

    @cached_property
    def text(self) -> str:
        """The path: `/subscriptions/../resourceGroups/../providers/..`."""
        if self.type == SUBSCRIPTION_TYPE:
            return f"/subscriptions/{self.subscription}"
        if self.type == MANAGEMENT_GROUP_TYPE:
            return f"/providers/{self.type}/{self.name}"
        group = f"/subscriptions/{self.subscription}"
        if self.group:
            group += f"/resourceGroups/{self.group}"
        if not self.names:
            return group
        namespace, *kinds = self.type.split("/")
        pairs = "".join(f"/{kind}/{name}" for kind, name in zip(kinds, self.names, strict=True))
        return f"{group}/providers/{namespace}{pairs}"

    @cached_property
    def key(self) -> str:
        """The text in lower case, as dictionaries and comparisons use it."""
        return self.text.lower()

    @property
    def name(self) -> str:
        """Last name; the group's or subscription's own name for those."""
        return self.names[-1] if self.names else (self.group or self.subscription)

    @property
    def namespace(self) -> str:
        """`Microsoft.Network`."""
        return self.type.split("/", 1)[0]

    @cached_property
    def parent(self) -> ArmId | None:
        """The resource a child resource belongs to (a subnet's network); None for everything top-level."""
        if len(self.names) < 2:
            return None
        return ArmId(self.subscription, self.group, self.type.rsplit("/", 1)[0], self.names[:-1])

    @property
    def root(self) -> ArmId:
        """The top-level resource of this one (itself when it is top-level)."""
        return self if self.parent is None else self.parent.root

    @cached_property
    def group_id(self) -> ArmId:
        """The resource group that holds this resource."""
        return ArmId(self.subscription, self.group, GROUP_TYPE)

    def child(self, kind: str, name: str) -> ArmId:
        """Id of a child resource: `network.child("subnets", "endpoints")`."""
        return ArmId(self.subscription, self.group, f"{self.type}/{kind}", (*self.names, name))

    def is_type(self, type_name: str) -> bool:
        """Whether this is of the given type, without case."""
        return self.type.lower() == type_name.lower()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArmId) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return self.text


def replaced(text: str, old: ArmId, new: ArmId) -> str:
    """The text with `new` in place of `old`, if it is that id or one below it (any case); else the text."""
    if not f"{text.lower()}/".startswith(f"{old.key}/"):
        return text
    return new.text + text[len(old.text) :]
