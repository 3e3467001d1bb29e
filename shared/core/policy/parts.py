"""The parts of the policy beside its profiles: opting in, sets of networks, rules, names and bounds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, StrictInt, StrictStr, Tag

from shared.core.policy.selectors import NetworkSelector, Selector
from shared.core.policy.values import (
    AnyResourceId,
    Mode,
    NetworkId,
    Part,
    ProfileName,
    RuleName,
    Schedule,
    TagName,
    TypeName,
    fault,
)


class OptIn(Part):
    """How a resource comes to be connected."""

    tag: TagName = "private-connectivity"
    """The tag that asks: `enabled` (the default profile), a profile's name, or `disabled`. The same name
    with `-groups` narrows the sub-resources."""
    inherit: Literal["resource_group", "none"] = "none"
    """`resource_group`: a group's tag counts for every catalogued resource in it that says nothing itself."""
    always: tuple[TypeName, ...] = ()
    """Resource types that are connected without being asked, by the default profile. What Causeway itself
    runs on, and resources in groups that a service manages (`managedBy`), are left alone unless asked for."""
    own_resources: tuple[AnyResourceId, ...] = ()
    """Ids of resources that Causeway itself runs on, such as its storage account, and that are treated like
    any other: connected by `always`, and closed where the profile says so."""
    tag_may_choose: tuple[ProfileName, ...] | None = None
    """Profiles that the opt-in tag, or a rule that matches a tag, may choose. Needed beside `rules`; without
    rules a tag may choose every profile."""

    @cached_property
    def types(self) -> frozenset[str]:
        """The types under `always` in lower case."""
        return frozenset(name.lower() for name in self.always)

    @property
    def inherits(self) -> bool:
        """The tags of a resource's group count for it."""
        return self.inherit == "resource_group"


def _shape(value: object) -> str:
    return "[ids]" if isinstance(value, list | tuple) else "[selector]"


type NetworkSet = Annotated[
    Annotated[tuple[NetworkId, ...], Field(min_length=1), Tag("[ids]")]
    | Annotated[NetworkSelector, Tag("[selector]")],
    Discriminator(_shape),
]


class Rule(Part):
    """Which profile serves which resources."""

    name: RuleName
    """A name of its own: it is in each outcome."""
    match: Selector = Selector()
    """The resources. Default: all."""
    profile: Literal["none"] | ProfileName
    """A profile's name, or `none`: they are left alone, whatever a tag says."""
    connect: Literal["always", "asked"] = "always"
    """`always`: they are connected unless a tag says `disabled`. `asked`: those that a tag opts in."""
    mode: Mode | None = None
    """How far it goes, in place of the profile's and the file's `mode`."""


class Naming(Part):
    """Names of what we make: text with fields such as {name}, {group} and {hash}. Names of what exists are
    not changed."""

    endpoint: StrictStr | None = None
    """Private endpoints. Default: as `pe-{name:24}-{group:20}-{hash}`, in lower case. Fields: name, type,
    group, resource_group, region, placement, hash, {tag:x|otherwise}; {name:9} takes 9 characters at most."""
    network_interface: StrictStr | None = None
    """Their network interfaces. Default: Azure's own choice. Fields: also endpoint."""
    zone_group: StrictStr | None = None
    """Their zone groups. Default: causeway."""
    link: StrictStr | None = None
    """Links of zones to networks. Fields: network, hash."""
    peering: StrictStr | None = None
    """Peerings. Fields: local and remote (the two networks), hub and spoke, hash."""
    rule: StrictStr | None = None
    """Security rules. Fields: name, type, group, hash."""
    types: Mapping[TypeName, StrictStr] = {}
    """What {type} gives for a type. Default: the type's last part."""
    regions: Mapping[StrictStr, StrictStr] = {}
    """What {region} gives for a region. Default: the region."""


class Repair(Part):
    """What the drift timer repairs; the rest is reported."""

    endpoints: StrictBool = True
    """Endpoints, with their groups and addresses."""
    names: StrictBool = True
    """Zones, links, zone groups and records."""
    peering: StrictBool = True
    """Peerings."""
    rules: StrictBool = True
    """Security rules, security groups and network policies."""

    @property
    def left(self) -> frozenset[str]:
        """The classes of objects that are reported and not repaired."""
        return frozenset(name for name in type(self).model_fields if not getattr(self, name))

    @property
    def any(self) -> bool:
        """Something is repaired."""
        return len(self.left) < len(type(self).model_fields)


def _in_each(value: object) -> object:
    """true or false alone means each class."""
    if isinstance(value, dict | Repair):
        return value
    if not isinstance(value, bool):
        raise fault("it must be true or false", "write true or false, or a mapping")
    return dict.fromkeys(Repair.model_fields, value)


class Drift(Part):
    """The timer that finds changes that events did not report."""

    schedule: Schedule = "0 */15 * * * *"
    """NCRONTAB with six fields, seconds first, in UTC. The timer runs by the setting CAUSEWAY_SWEEP_SCHEDULE:
    where the two differ the app does not start."""
    repair: Annotated[Repair, BeforeValidator(_in_each, json_schema_input_type=bool | Repair)] = Repair()
    """`false`: report what drifted, and leave it. Or a mapping by class of object."""


class Limits(Part):
    """Bounds on what one mistake can do."""

    max_deletes_per_sweep: Annotated[StrictInt, Field(ge=0)] = 20
    """More removals than this in one sweep become a report that waits for a person."""
    max_endpoints_per_subnet: Annotated[StrictInt, Field(ge=1, le=5000)] = 200
    """Endpoints that Causeway lets one subnet hold."""
    creations_per_hour: Annotated[StrictInt, Field(ge=0)] = 500
    """New endpoints per hour and profile: a storm of tags must not become a bill."""
