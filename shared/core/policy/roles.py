"""The roles that a policy needs, each with its actions and the scopes at which it is to be assigned.

Actions come from the table of roles (`core/base/role_table.py`), one request at a time: what the policy does
not let Causeway send needs no right. Objects that a write only refers to (subnets, client networks,
application security groups) are scopes of their own; what Causeway creates needs the resource group.

`python -m shared.core.policy.roles > infra/roles.json` writes every role for templates and the sandbox.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.role_table import (
    APPROVED_TYPES,
    ASG,
    ENDPOINT,
    LINK,
    NAT_GATEWAY,
    NSG,
    PEERING,
    POLICY,
    ROLES,
    ROUTE_TABLE,
    RULE,
    SUBNET,
    TARGET,
    VNET,
    ZONE,
    ZONE_GROUP,
    Role,
    Row,
    actions_of,
    row_of,
)
from shared.core.catalogue.catalogue import Catalogue, load
from shared.core.policy.policy import Policy
from shared.core.policy.profile import Profile
from shared.core.policy.reachable import types_written
from shared.core.policy.selectors import NetworkSelector

MANAGEMENT_GROUPS = "/providers/Microsoft.Management/managementGroups"
READ = "*"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the policy does not say.

    `types`: only resources of these are connected; None: all that the policy can reach. `checked`: types
    whose approval is known to be an action, beside those with a public source. `scopes`: where networks are
    that the policy selects and does not name; empty: in what is watched. `remove`: Causeway may delete.
    """

    types: frozenset[str] | None = None
    checked: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ()
    remove: bool = True


@dataclass(frozen=True, slots=True)
class NeededRole:
    """One role: its actions, and where it is assigned (ids of scopes)."""

    role: Role
    actions: tuple[str, ...]
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Needs:
    """All of them. `unchecked`: types that are to be approved and whose action has no public source."""

    roles: tuple[NeededRole, ...]
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Need:
    """A row of the table that a profile needs at these scopes; `kinds`: in place of `<target>`."""

    row: Row
    scopes: tuple[str, ...]
    kinds: tuple[str, ...] = ("",)


@dataclass(slots=True)
class _Sum:
    """Actions and scopes of one role, each once."""

    actions: dict[str, None] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)

    def add(self, need: _Need) -> None:
        self.actions |= dict.fromkeys(need.row.on(kind) for kind in need.kinds)
        for scope in need.scopes:
            self.scopes.setdefault(scope.lower(), scope)


def needed(policy: Policy, asked: Asked | None = None, catalogue: Catalogue | None = None) -> Needs:
    """The roles that this policy needs, in the order of the table."""
    context = _Context(policy, asked or Asked(), catalogue or load())
    sums = {role.key: _Sum() for role in ROLES}
    for need in context.needs():
        if need.scopes and need.kinds:
            sums[need.row.role].add(need)
    sums["read"].add(_Need(row_of("GET", READ), context.read_scopes(sums)))
    found = ((role, sums[role.key]) for role in ROLES if sums[role.key].actions)
    roles = tuple(NeededRole(role, tuple(one.actions), tuple(one.scopes.values())) for role, one in found)
    return Needs(roles, context.unchecked())


@dataclass(frozen=True, slots=True)
class _Context:
    policy: Policy
    asked: Asked
    catalogue: Catalogue

    @property
    def watched(self) -> tuple[str, ...]:
        groups = (f"{MANAGEMENT_GROUPS}/{name}" for name in self.policy.management_groups)
        return (*(f"/subscriptions/{one}" for one in self.policy.subscriptions), *groups)

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Where networks may be that the policy only selects."""
        return self.asked.scopes or self.watched

    @property
    def writing(self) -> Iterator[tuple[str, Profile]]:
        return ((name, one) for name, one in self.policy.profiles.items() if self.types(name))

    def needs(self) -> Iterator[_Need]:
        for name, profile in self.writing:
            kinds = self.types(name)
            if profile.approval.mode == "auto":
                approved = tuple(kind for kind in kinds if self.is_known(kind))
                yield _Need(row_of("PUT", ENDPOINT, TARGET), self.watched, approved)
            if profile.public_access == "disable":
                switched = tuple(kind for kind in kinds if self.catalogue.public_switch(kind))
                yield _Need(row_of("PATCH", TARGET), self.watched, switched)
            for one in profile.each.values():
                yield from self._of(one)

    def types(self, profile: str) -> tuple[str, ...]:
        found = types_written(profile, self.policy, self.catalogue)
        return tuple(kind for kind in found if self.asked.types is None or kind in self.asked.types)

    def is_known(self, kind: str) -> bool:
        return kind in APPROVED_TYPES or kind in self.asked.checked

    def unchecked(self) -> tuple[str, ...]:
        approving = (name for name, profile in self.writing if profile.approval.mode == "auto")
        found = (kind for name in approving for kind in self.types(name) if not self.is_known(kind))
        return tuple(sorted(set(found)))

    def read_scopes(self, sums: dict[str, _Sum]) -> tuple[str, ...]:
        """What is watched, and each subscription with anything that the policy names."""
        named = [*self._named(), *(scope for one in sums.values() for scope in one.scopes.values())]
        roots = (root_of(scope) for scope in named)
        return (*self.watched, *roots)

    def _named(self) -> Iterator[str]:
        for networks in self._sets().values():
            yield from _texts(networks)
        for profile in self.policy.profiles.values():
            for one in profile.each.values():
                meant = one.meant(self._sets(), ())
                servers = (at for several in meant.servers.values() for at in several)
                yield from _texts((*one.every_subnet, *meant.clients, *meant.hubs, *meant.accepted, *servers))
                yield from (group.text for group in _zone_groups(one))

    def _of(self, one: Profile) -> Iterator[_Need]:
        """What a profile of one placement needs beside rights on the targets themselves."""
        homes = self._homes(one)
        yield _Need(row_of("PUT", ENDPOINT), homes)
        yield _Need(row_of("PUT", ENDPOINT, SUBNET), self._subnets(one))
        yield _Need(row_of("PUT", ENDPOINT, ASG), _texts(one.application_security_groups.values()))
        yield from self._removing(ENDPOINT, homes)
        if one.dns.mode == "manage":
            yield from self._names(one, homes)
        if one.peering.mode == "ensure":
            yield from self._peerings(one)
        if one.nsg.mode == "ensure":
            yield from self._rules(one)

    def _names(self, one: Profile, homes: tuple[str, ...]) -> Iterator[_Need]:
        zones = tuple(group.text for group in _zone_groups(one))
        linked = self._linked(one)
        yield _Need(row_of("PUT", ZONE_GROUP), homes)
        yield _Need(row_of("PUT", ZONE_GROUP, ZONE), zones)
        yield from self._removing(ZONE_GROUP, homes)
        if one.dns.create_zones:
            yield _Need(row_of("PUT", ZONE), zones)
        if linked:
            yield _Need(row_of("PUT", LINK), zones)
            yield _Need(row_of("PUT", LINK, VNET), linked)
            yield from self._removing(LINK, zones)

    def _peerings(self, one: Profile) -> Iterator[_Need]:
        """Also with networks in which an endpoint of someone else counts as ours would."""
        meant = one.meant(self._sets(), ())
        own = (at.parent or at for at in sorted((*one.every_subnet, *meant.accepted), key=str))
        words = (*one.clients, *one.adopt_in, one.peering.through)
        searched = self.elsewhere if one.find or self._unknown(words) else ()
        scopes = (*_texts((*own, *meant.clients, *meant.hubs)), *searched)
        yield _Need(row_of("PUT", PEERING), scopes)
        yield _Need(row_of("PUT", PEERING, VNET), scopes)
        yield from self._removing(PEERING, scopes)

    def _rules(self, one: Profile) -> Iterator[_Need]:
        """A subnet's security group is taken to be in the resource group of its network."""
        places = (*one.every_subnet, *one.meant(self._sets(), ()).accepted)
        searched = self.elsewhere if one.find or self._unknown(one.adopt_in) else ()
        scopes = (*dict.fromkeys(at.group.text for at in sorted(places, key=str)), *searched)
        yield _Need(row_of("PUT", RULE), scopes)
        yield from self._removing(RULE, scopes)
        if one.nsg.destination == "group":
            yield _Need(row_of("PUT", RULE, ASG), _texts(one.application_security_groups.values()))
        if one.nsg.create_group:
            yield _Need(row_of("PUT", NSG), scopes)
        if one.nsg.create_group or one.nsg.enforce_on_endpoints:
            yield _Need(row_of("PUT", SUBNET), scopes)
            for kind in (NSG, ROUTE_TABLE, NAT_GATEWAY, POLICY):
                yield _Need(row_of("PUT", SUBNET, kind), scopes)

    def _removing(self, kind: str, scopes: tuple[str, ...]) -> Iterator[_Need]:
        if self.asked.remove:
            yield _Need(row_of("DELETE", kind), scopes)

    def _homes(self, one: Profile) -> tuple[str, ...]:
        """The groups of the endpoints."""
        said = one.endpoints_resource_group
        if said == "target":
            return self.watched
        if isinstance(said, GroupId):
            return (said.text,)
        by_region = tuple(group.text for group in said.values()) if isinstance(said, dict) else ()
        searched = self.elsewhere if one.find else ()
        return (*by_region, *(at.group.text for at in sorted(one.every_subnet, key=str)), *searched)

    def _subnets(self, one: Profile) -> tuple[str, ...]:
        return (*_texts(sorted(one.every_subnet, key=str)), *(self.elsewhere if one.find else ()))

    def _linked(self, one: Profile) -> tuple[str, ...]:
        linked = one.meant(self._sets(), ()).linked.get("", ())
        words = (word for link in one.dns.link for word in (one.clients if link == "clients" else (link,)))
        return (*_texts(linked), *(self.elsewhere if self._unknown(words) else ()))

    def _sets(self) -> dict[str, tuple[ResourceId, ...]]:
        """The sets that list ids."""
        every = self.policy.networks.items()
        return {name: one for name, one in every if not isinstance(one, NetworkSelector)}

    def _unknown(self, words: Iterable[object]) -> bool:
        """One of the words is a set that selects networks, or `own`."""
        known = {*self._sets(), "clients", "none"}
        return any(isinstance(word, str) and word not in known for word in words)


def root_of(scope: str) -> str:
    """The subscription of a scope, or the management group that it is."""
    return "/".join(scope.split("/")[:3]) if scope.startswith("/subscriptions/") else scope


def _zone_groups(one: Profile) -> tuple[GroupId, ...]:
    own = (one.dns.zones_resource_group,) if one.dns.zones_resource_group else ()
    return tuple(dict.fromkeys((*own, *one.dns.zones.values())))


def _texts(ids: Iterable[ResourceId]) -> tuple[str, ...]:
    return tuple(at.text for at in ids)


def every_role(catalogue: Catalogue | None = None) -> dict[str, dict[str, Any]]:
    """All roles with all of their actions by key, as `infra/roles.json` has them."""
    known = catalogue or load()
    switched = sorted(kind for kind in known.types if known.public_switch(kind))
    kinds = {"approve": tuple(APPROVED_TYPES), "public": tuple(switched)}
    return {role.key: _shown(role, actions_of(role.key, kinds.get(role.key, ()))) for role in ROLES}


def _shown(role: Role, actions: tuple[str, ...]) -> dict[str, Any]:
    built_in = {"builtIn": role.built_in[1]} if role.built_in else {}
    return {"title": role.title, "description": role.purpose, **built_in, "actions": list(actions)}


if __name__ == "__main__":
    print(json.dumps(every_role(), indent=2))
