"""Which resources can have a private endpoint, for which sub-resources, under which names and ports.

Place in the data's way: beside the policy. The intent asks it what a resource has (`resolve`), `Desired`
under which zones that is named (`zones`), the flow how to read the type (`api_version`). The data is
`catalogue.json`, one line for each type and group, after Microsoft's own tables; what its notes tell about
single services is in `catalogue_rules.py`.
"""

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from shared.core import catalogue_rules as rules
from shared.core.errors import InputError, clean
from shared.core.target import Target

type Cloud = Literal["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"]

MAX_ZONES = 5  # in one zone group (Microsoft Learn: private DNS zone values). AMPLS in Government has six


@dataclass(frozen=True, slots=True)
class Port:
    """TCP ports that clients use, both ends included; `when` names the protocol or mode, if not always."""

    first: int
    last: int
    when: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One sub-resource of a type, as it is asked of an endpoint: its group id, zones and ports.

    `zones` are templates by cloud; a cloud that is missing has none on record. `discriminator`: the public
    suffix that tells apart two rows of the same type and group id. `choose`: the zones are alternatives,
    of which the resource's own names pick. `pattern`: further group ids that stand for this row, such as
    deployment slots.
    """

    type: str
    group_id: str
    zones: Mapping[Cloud, tuple[str, ...]]
    ports: tuple[Port, ...]
    discriminator: str | None = None
    choose: bool = False
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class PublicSwitch:
    """Where a type keeps its public door: a path below `properties`, and its two values.

    `sure` is False where the path is known from samples only, not from the type's specification.
    """

    path: tuple[str, ...]
    opened: str | bool
    closed: str | bool
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Kind:
    """What the catalogue knows of a whole type. `default`: the groups to connect where nobody says."""

    name: str
    api_version: str
    default: tuple[str, ...]
    public_switch: PublicSwitch | None


class Catalogue:
    """Types in any case, answers in the catalogue's own spelling."""

    def __init__(
        self, kinds: Iterable[Kind], groups: Iterable[Group], regions: Mapping[str, str | None]
    ) -> None:
        self._kinds = {kind.name.lower(): kind for kind in kinds}
        self._groups: dict[str, tuple[Group, ...]] = {}
        for group in groups:
            key = group.type.lower()
            self._groups[key] = (*self._groups.get(key, ()), group)
        self._geo_codes = {region: code for region, code in regions.items() if code}
        self.regions = frozenset(regions)
        self.types = frozenset(kind.name for kind in self._kinds.values())

    def knows(self, kind: str) -> bool:
        """A private endpoint to a resource of this type is possible."""
        return kind.lower() in self._kinds

    def groups(self, kind: str) -> tuple[Group, ...]:
        """Every row of a type, none for a type that is not catalogued."""
        return self._groups.get(kind.lower(), ())

    def api_version(self, kind: str) -> str:
        """The version to read a resource of this type with. KeyError if the type is not catalogued."""
        return self._kinds[kind.lower()].api_version

    def public_switch(self, kind: str) -> PublicSwitch | None:
        """Where the type keeps its public door; None where it has none of its own."""
        return self._kinds[kind.lower()].public_switch

    def approval_action(self, kind: str) -> str:
        """The action that lets an endpoint be approved at once (Microsoft Learn: private endpoint RBAC)."""
        return f"{self._kinds[kind.lower()].name}/privateEndpointConnectionsApproval/action"

    def may_have(self, kind: str, group_id: str) -> bool:
        """Some resource of this type can have this group: all that can be said before it is read."""
        return any(
            row.group_id.lower() == group_id.lower() or re.fullmatch(row.pattern or "(?!)", group_id)
            for row in self.groups(kind)
        )

    def valid_groups(self, target: Target) -> tuple[str, ...]:
        """The group ids that this very resource has, by its kind, SKU and properties."""
        listed = tuple(dict.fromkeys(row.group_id for row in self.groups(target.id.type)))
        return rules.existing(target, listed)

    def default_groups(self, target: Target) -> tuple[str, ...]:
        """The groups to connect where neither tag nor policy says. May be empty: see `valid_groups`."""
        valid = self.valid_groups(target)
        kind = self._kinds.get(target.id.type.lower())
        wished = rules.first_choice(target, kind.default if kind else (), valid)
        return tuple(group for group in wished if group in valid)

    def resolve(self, target: Target, asked: Sequence[str]) -> tuple[Group, ...]:
        """The rows for the group ids that somebody asked for, in any case, with those they cannot do without.

        Raises InputError listing what the resource has.
        """
        valid = {name.lower(): name for name in self.valid_groups(target)}
        found: dict[str, Group] = {}
        for name in asked:
            group = self._row(target, valid.get(name.lower(), ""), name)
            if group is None:
                listed = ", ".join(name or "(no group id)" for name in valid.values())
                raise InputError(
                    "group", clean(name, 80), f"use one of: {listed}" if valid else "it has none"
                )
            found[group.group_id] = group
            if (pair := rules.partner(target, group.group_id)) and pair.lower() in valid:
                found.setdefault(pair, self._row(target, pair, pair) or group)
        return tuple(found.values())

    def zones(
        self, group: Group, target: Target, cloud: Cloud, fqdns: Sequence[str] = ()
    ) -> tuple[str, ...] | None:
        """The private DNS zones in which an endpoint to this group is named, complete names in lower case.

        `fqdns` are the public names that a finished endpoint reports. None: not known before it does.
        Empty: the catalogue has no zone for it in this cloud.
        """
        rows = [row for row in self.groups(group.type) if row.group_id == group.group_id] or [group]
        templates = [template for row in rows for template in row.zones.get(cloud, ())]
        names = rules.host_names(fqdns) or rules.own_names(target)
        templates = [rules.located(zone, target.location, self._geo_codes) for zone in templates]
        if group.choose:
            return rules.chosen(templates, names) if names else None
        filled = [rules.filled(zone, names) for zone in rules.kept(target, templates)]
        return None if None in filled else tuple(zone for zone in filled if zone)

    def _row(self, target: Target, valid: str, asked: str) -> Group | None:
        rows = self.groups(target.id.type)
        exact = [row for row in rows if row.group_id == valid]
        if len(exact) > 1:
            own = rules.own_names(target)
            exact = [
                row for row in exact if any(name.endswith(f".{row.discriminator}") for name in own)
            ] or exact
        if exact and (valid or not asked):
            return exact[0]
        for row in rows:
            if (
                row.pattern
                and (valid or rules.open_ended(target))
                and re.fullmatch(row.pattern, valid or asked)
            ):
                return replace(row, group_id=valid or asked)
        return None


@functools.cache
def load() -> Catalogue:
    """The app's own catalogue, read once per process."""
    data = json.loads(Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8"))
    groups = tuple(_group(row) for row in data["groups"])
    kinds = (
        _kind(name, row, tuple(dict.fromkeys(g.group_id for g in groups if g.type == name)))
        for name, row in data["types"].items()
    )
    return Catalogue(kinds, groups, data["regions"])


def _kind(name: str, row: Mapping[str, Any], listed: tuple[str, ...]) -> Kind:
    public = row.get("public")
    switch = public and PublicSwitch(
        tuple(public["path"].split(".")),
        public.get("open", "Enabled"),
        public.get("closed", "Disabled"),
        public.get("sure", True),
    )
    return Kind(name, row["api"], tuple(row.get("default", listed)), switch)


def _group(row: Mapping[str, Any]) -> Group:
    return Group(
        row["type"],
        row["group"],
        {cloud: tuple(zones) for cloud, zones in row["zones"].items()},
        tuple(_port(*port) for port in row["ports"]),
        row.get("discriminator"),
        row.get("choose", False),
        row.get("pattern"),
    )


def _port(text: str, when: str = "") -> Port:
    first, _, last = text.partition("-")
    return Port(int(first), int(last or first), when)
