"""The management groups of the tenant: which group is below which, and where each subscription is placed.

A subscription that was never placed is below the tenant root group, whose name is the tenant's id. Names are
compared without case. Sources: docs/azure/management-groups.md, MG-01 and MG-02.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sandbox.azure.kernel.directory import TENANT
from sandbox.azure.kernel.ids import MANAGEMENT_GROUP_TYPE

PREFIX = f"/providers/{MANAGEMENT_GROUP_TYPE}/"
LEVELS = 6  # below the root, without subscriptions (MG-02)


@dataclass(frozen=True, slots=True)
class Group:
    """A management group. parent: the name of its parent, in lower case; empty for the root.

    updated: simulated seconds; by: the object id of the caller that wrote it last.
    """

    name: str
    display_name: str
    parent: str
    version: int = 1
    updated: float = 0.0
    by: str = ""

    @property
    def id(self) -> str:
        return f"{PREFIX}{self.name}"

    @property
    def key(self) -> str:
        return self.name.lower()


ROOT = Group(TENANT, "Tenant Root Group", "")


@dataclass(frozen=True, slots=True)
class Tree:
    """One state of the hierarchy. groups: by name in lower case; placed: a subscription's group, both in
    lower case.
    """

    groups: Mapping[str, Group] = field(default_factory=lambda: {ROOT.key: ROOT})
    placed: Mapping[str, str] = field(default_factory=dict)

    def group(self, name: str) -> Group | None:
        """The group with this name, in any case."""
        return self.groups.get(name.lower())

    def of(self, subscription: str) -> Group:
        """The group that holds a subscription."""
        return self.groups[self.placed.get(subscription.lower(), ROOT.key)]

    def line(self, group: Group) -> list[Group]:
        """The group and all above it; the root is the last."""
        found = [group]
        while found[-1].parent:
            found.append(self.groups[found[-1].parent])
        return found

    def children(self, group: Group) -> list[Group]:
        """The groups right below a group, by name."""
        return sorted((one for one in self.groups.values() if one.parent == group.key), key=lambda g: g.key)

    def depth(self, group: Group) -> int:
        """How many levels of groups are below a group."""
        return max((1 + self.depth(one) for one in self.children(group)), default=0)


class Hierarchy:
    """The tree as it is now. `note` receives a function for each change that undoes it, and does it again at
    its next call.
    """

    def __init__(self, note: Callable[[Callable[[], None]], None]) -> None:
        self.tree, self._note = Tree(), note

    def put(self, group: Group) -> None:
        """Add a group, or replace the one of its name."""
        self._become(replace(self.tree, groups={**self.tree.groups, group.key: group}))

    def remove(self, group: Group) -> None:
        """Delete a group without children."""
        kept = {key: one for key, one in self.tree.groups.items() if key != group.key}
        self._become(replace(self.tree, groups=kept))

    def place(self, subscription: str, group: Group) -> None:
        """Move a subscription below a group."""
        self._become(replace(self.tree, placed={**self.tree.placed, subscription.lower(): group.key}))

    @property
    def is_used(self) -> bool:
        """Whether there is any group beside the root."""
        return len(self.tree.groups) > 1

    def above(self, scope: str) -> list[str]:
        """Ids, in lower case, of the management groups that a scope is in; of a group, it and those above.

        None before the first group is made: until then there is no root group either (MG-02).
        """
        if not self.is_used:
            return []
        return [one.id.lower() for one in self._line(scope.lower().strip("/").split("/"))]

    def _line(self, parts: list[str]) -> Iterator[Group]:
        match parts:
            case ["subscriptions", subscription, *_]:
                yield from self.tree.line(self.tree.of(subscription))
            case ["providers", "microsoft.management", "managementgroups", name, *_]:
                known = self.tree.group(name)
                yield from self.tree.line(known) if known is not None else ()

    def _become(self, tree: Tree) -> None:
        before, self.tree = self.tree, tree
        self._note(_Exchange(self, before))


class _Exchange:
    """Another tree."""

    def __init__(self, hierarchy: Hierarchy, other: Tree) -> None:
        self._hierarchy, self._other = hierarchy, other

    def __call__(self) -> None:
        self._hierarchy.tree, self._other = self._other, self._hierarchy.tree
