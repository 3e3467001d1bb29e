"""Which resources can have a private endpoint, for which sub-resources, under which names and ports.

It answers what a resource has (`resolve`), under which zones that is named (`zones`), how to read the type
(`api_version`), and whether the service allows endpoints to it at all (`refused`). The data is
`catalogue.json`, one line for each type, group and restriction, after Microsoft's own tables; what their
notes say about single services is in `service_rules.py`, how restrictions are judged in `eligibility.py`.
"""

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from shared.core.base.errors import InputError, clean
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.catalogue import eligibility
from shared.core.catalogue import service_rules as rules
from shared.core.catalogue.eligibility import NotEligible, Restriction, read_restriction

type Cloud = Literal["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"]


@dataclass(frozen=True, slots=True)
class Port:
    """TCP ports that clients use, both ends included; `when` names the protocol or mode, if not always."""

    first: int
    last: int
    when: str = ""

    def __str__(self) -> str:
        """As rules write it: `443`, `1433-65535`."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Group:
    """One sub-resource of a type, as it is asked of an endpoint: its group id, zones and ports.

    `zones` are templates by cloud; a cloud that is missing has none on record. `discriminator`: the public
    suffix that distinguishes two rows of the same type and group id. `choose`: the zones are alternatives,
    of which the resource's own names pick. `pattern`: further group ids that mean this row, such as
    deployment slots. `shared`: names that the endpoints of all targets have alike, templates by cloud
    (docs/azure/targets.md, TGT-62). `for_all`: public DNS leads every name of its zones there, always.
    """

    type: str
    group_id: str
    zones: Mapping[Cloud, tuple[str, ...]]
    ports: tuple[Port, ...]
    discriminator: str | None = None
    choose: bool = False
    pattern: str | None = None
    shared: Mapping[Cloud, tuple[str, ...]] = field(default_factory=dict)
    for_all: bool = False


@dataclass(frozen=True, slots=True)
class PublicSwitch:
    """Where a type has its public network access: a path below `properties`, and its two values.

    Values compare without case.
    """

    path: tuple[str, ...]
    opened: str | bool
    closed: str | bool


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What the catalogue knows of a whole type.

    `default`: the groups to connect where neither tag nor policy says.
    """

    name: str
    api_version: str
    default: tuple[str, ...]
    public_switch: PublicSwitch | None


class Catalogue:
    """Types in any case, answers in the catalogue's own spelling."""

    def __init__(
        self,
        facts: Iterable[TypeFacts],
        groups: Iterable[Group],
        regions: Mapping[str, str | None],
        restrictions: Iterable[Restriction] = (),
    ) -> None:
        self._facts = {fact.name.lower(): fact for fact in facts}
        self.restrictions = tuple(restrictions)
        self._groups: dict[str, tuple[Group, ...]] = {}
        for group in groups:
            key = group.type.lower()
            self._groups[key] = (*self._groups.get(key, ()), group)
        self._geo_codes = {region: code for region, code in regions.items() if code}
        self.regions = frozenset(regions)
        self.types = frozenset(fact.name for fact in self._facts.values())

    def knows(self, kind: str) -> bool:
        """A private endpoint to a resource of this type is possible."""
        return kind.lower() in self._facts

    def groups(self, kind: str) -> tuple[Group, ...]:
        """Every row of a type, none for a type that is not catalogued."""
        return self._groups.get(kind.lower(), ())

    def api_version(self, kind: str) -> str:
        """The version to read a resource of this type with. KeyError if the type is not catalogued."""
        return self._facts[kind.lower()].api_version

    def public_switch(self, kind: str) -> PublicSwitch | None:
        """Where the type has its public network access;

        None where it has no such property. KeyError as above.
        """
        return self._facts[kind.lower()].public_switch

    def refused(self, target: Target) -> NotEligible | None:
        """Why the service takes no private endpoint to this very resource, by its kind, SKU or mode.

        None where it takes them, and where the resource does not say enough to know.
        """
        kind = target.id.type.lower()
        return eligibility.refused(target, (one for one in self.restrictions if one.type.lower() == kind))

    def may_have(self, kind: str, group_id: str) -> bool:
        """Some resource of this type can have this group: all that can be said before it is read."""
        return any(_is_for(row, group_id) for row in self.groups(kind))

    def valid_groups(self, target: Target) -> tuple[str, ...]:
        """The group ids that this very resource has, by its kind, SKU and properties."""
        listed = tuple(dict.fromkeys(row.group_id for row in self.groups(target.id.type)))
        return rules.existing(target, listed)

    def default_groups(self, target: Target) -> tuple[str, ...]:
        """The groups to connect where neither tag nor policy says.

        Empty where nothing can be chosen for a person: a public AKS cluster, an Elastic SAN's volume groups.
        """
        valid = self.valid_groups(target)
        fact = self._facts.get(target.id.type.lower())
        chosen = rules.first_choice(target, fact.default if fact else (), valid)
        return tuple(group for group in chosen if group in valid)

    def resolve(self, target: Target, asked: Sequence[str]) -> tuple[Group, ...]:
        """The rows for the group ids that were asked for, in any case, with those that they depend on.

        Raises InputError listing what the resource has.
        """
        valid = self.valid_groups(target)
        found: dict[str, Group] = {}
        for name in asked:
            group = self._row(target, name, valid)
            if group is None:
                raise InputError("group", clean(name, 80), _instead(valid))
            found[group.group_id] = group
            pair = self._row(target, rules.partner(target, group.group_id) or group.group_id, valid)
            if pair is not None:
                found.setdefault(pair.group_id, pair)
        return tuple(found.values())

    def port_setting(self, target: ResourceId) -> ResourceId | None:
        """What has to be read to know which of its group's ports a resource uses; None: all of them."""
        return rules.port_setting(target)

    def with_ports(self, group: Group, setting: Mapping[str, Any]) -> Group:
        """The group with the ports that this setting calls for, or all of them where it says nothing.

        Where it is unknown, all ports: a client must not be cut off for lack of information.
        """
        note = rules.port_note(setting)
        return replace(group, ports=tuple(port for port in group.ports if port.when == note) or group.ports)

    def zones(
        self, group: Group, target: Target, cloud: Cloud, fqdns: Sequence[str] = ()
    ) -> tuple[str, ...] | None:
        """The private DNS zones in which an endpoint to this group is named, complete names in lower case.

        `fqdns` are the public names that a finished endpoint reports. None: not known before it does, or by
        what it reports. Empty: the catalogue has no zone for it in this cloud. A zone group holds five zones;
        Azure Monitor in Government is the one row with six.
        """
        rows = [row for row in self.groups(group.type) if row.group_id == group.group_id] or [group]
        templates = [zone for row in rows for zone in row.zones.get(cloud, ())]
        if not group.choose and not any("{" in zone for zone in templates):  # the same for every resource
            return tuple(rules.kept(target, templates))
        located = [rules.located(zone, target.location, self._geo_codes) for zone in templates]
        names = rules.host_names(fqdns) or rules.own_names(target)
        if group.choose and templates:
            return rules.chosen(located, names) or None
        filled = [rules.filled(zone, names) for zone in rules.kept(target, located)]
        return None if None in filled else tuple(zone for zone in filled if zone)

    def shared_names(self, group: Group, target: Target, cloud: Cloud) -> tuple[str, ...]:
        """The public names that endpoints to this group have alike, whatever their target.

        A name that needs a region which the target does not have is left out.
        """
        names = group.shared.get(cloud, ())
        filled = (rules.located(name, target.location, self._geo_codes) for name in names)
        return tuple(name for name in filled if "{" not in name)

    def answers_for_all(self, zone: str, cloud: Cloud) -> bool:
        """Public DNS leads every name of this zone into it, connected or not.

        So a network that is linked to it asks it alone for names of resources that have nothing to do with
        the target: every Log Analytics workspace, every machine of Azure Arc, all of Azure Resource Manager
        (docs/azure/targets.md, TGT-65). A zone that other services use too, such as blob's, is none of these.
        """
        rows = _rows_in(self, zone, cloud)
        return bool(rows) and all(row.for_all for row in rows)

    def types_in(self, zone: str, cloud: Cloud) -> tuple[str, ...]:
        """The types of which some resource may be named in this zone, sorted."""
        return tuple(dict.fromkeys(row.type for row in _rows_in(self, zone, cloud)))

    def named_in(
        self, zone: str, target: Target, group_id: str, cloud: Cloud, fqdns: Sequence[str]
    ) -> bool | None:
        """Whether this group of the target is named in the zone; None: the known names do not decide it."""
        rows = [row for row in self.groups(target.id.type) if _is_for(row, group_id)]
        if not any(_may_be_in(row, zone, cloud) for row in rows):
            return False
        zones = self.zones(rows[0], target, cloud, fqdns)
        return None if zones is None else zone.lower() in zones

    def _row(self, target: Target, asked: str, valid: Sequence[str]) -> Group | None:
        """The row for one group id, if this resource has it."""
        rows = self.groups(target.id.type)
        spelled = next((name for name in valid if name.lower() == asked.lower()), None)
        if spelled is None:
            open_rows = (row for row in rows if rules.open_ended(target) and _stands_for(row, asked))
            return next((replace(row, group_id=asked) for row in open_rows), None)
        named = [row for row in rows if row.group_id == spelled]
        if not named:  # a name of the resource's own, such as an application gateway's frontend
            return replace(rows[0], group_id=spelled)
        own = rules.own_names(target)
        told_apart = (row for row in named if any(name.endswith(f".{row.discriminator}") for name in own))
        return next(told_apart, named[0])


def _is_for(row: Group, group_id: str) -> bool:
    return row.group_id.lower() == group_id.lower() or _stands_for(row, group_id)


@functools.lru_cache(maxsize=1024)  # every pass asks for its zones, and a company has a few dozen of them
def _rows_in(catalogue: Catalogue, zone: str, cloud: Cloud) -> tuple[Group, ...]:
    """The rows of all types whose resources may be named in a zone, by type."""
    every = (row for kind in sorted(catalogue.types) for row in catalogue.groups(kind))
    return tuple(row for row in every if _may_be_in(row, zone, cloud))


def _may_be_in(row: Group, zone: str, cloud: Cloud) -> bool:
    return any(rules.could_be(template, zone) for template in row.zones.get(cloud, ()))


def _stands_for(row: Group, group_id: str) -> bool:
    return row.pattern is not None and re.fullmatch(row.pattern, group_id) is not None


def _instead(valid: Sequence[str]) -> str:
    if not valid:
        return "this resource has nothing that a private endpoint could connect to"
    return f"use one of: {', '.join(name or '(an empty group id)' for name in valid)}"


@functools.cache
def load() -> Catalogue:
    """The app's own catalogue, read once per process."""
    data = json.loads(Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8"))
    groups = tuple(_group(row) for row in data["groups"])
    facts = (
        _type_facts(name, row, tuple(dict.fromkeys(g.group_id for g in groups if g.type == name)))
        for name, row in data["types"].items()
    )
    return Catalogue(facts, groups, data["regions"], map(read_restriction, data["refused"]))


def _type_facts(name: str, row: Mapping[str, Any], listed: tuple[str, ...]) -> TypeFacts:
    public = row.get("public")
    switch = public and PublicSwitch(
        tuple(public["path"].split(".")),
        public.get("open", "Enabled"),
        public.get("closed", "Disabled"),
    )
    return TypeFacts(name, row["api"], tuple(row.get("default", listed)), switch)


def _group(row: Mapping[str, Any]) -> Group:
    return Group(
        row["type"],
        row["group"],
        {cloud: tuple(zones) for cloud, zones in row["zones"].items()},
        tuple(_port(*port) for port in row["ports"]),
        row.get("discriminator"),
        row.get("choose", False),
        row.get("pattern"),
        {cloud: tuple(names) for cloud, names in row.get("shared", {}).items()},
        row.get("for_all", False),
    )


def _port(text: str, when: str = "") -> Port:
    first, _, last = text.partition("-")
    return Port(int(first), int(last or first), when)
