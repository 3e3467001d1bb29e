"""The operator's policy, `connectivity.yaml`: who is connected, from where, and what Causeway may touch.

It is read once per process. Only the operator writes it. A resource's tags can choose one of its profiles,
and never carry an id of their own. The models are the reference: `connectivity.schema.json` is made from
them, field docstrings included (`python -m shared.core.policy.policy > connectivity.schema.json`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, TypeAliasType, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    Tag,
    ValidationError,
)

from shared.core.base.errors import PolicyError
from shared.core.catalogue.catalogue import Catalogue, Cloud, load
from shared.core.policy.faults import across, translated
from shared.core.policy.profile import Profile
from shared.core.policy.selectors import NetworkSelector, Selector
from shared.core.policy.text import read_yaml
from shared.core.policy.values import (
    AnyResourceId,
    ManagementGroup,
    Mode,
    NetworkId,
    Part,
    ProfileName,
    RuleName,
    Schedule,
    SetName,
    Subscription,
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
    def any(self) -> bool:
        """Something is repaired."""
        return self.endpoints or self.names or self.peering or self.rules


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


class Policy(Part):
    """Causeway's policy: who is connected, from where, and what may be touched."""

    version: Literal[1]
    """The version of this file's format."""
    cloud: Cloud = "AzureCloud"
    """The Azure cloud that everything named here is in."""
    mode: Mode = "apply"
    """How far it goes: `observe` (read and report), `plan` (also record what would be written), `apply`. What
    is nearest counts: the rule's, the profile's, this one. The setting CAUSEWAY_MODE bounds all of them."""
    opt_in: OptIn = OptIn()
    """How a resource comes to be connected."""
    subscriptions: tuple[Subscription, ...] = ()
    """Watched subscriptions: resources elsewhere are never read or connected."""
    management_groups: tuple[ManagementGroup, ...] = ()
    """Watched management groups: every subscription below them is watched."""
    exclude: tuple[Selector, ...] = ()
    """Resources that are left alone, whatever rules and tags say. An entry with two fields leaves out less
    than one with either alone."""
    exclude_managed: StrictBool | None = None
    """Leave resources alone in groups that a service manages (`managedBy`), such as those of Databricks and
    AKS. Default: true beside `rules`; without rules a tag connects them all the same."""
    networks: Mapping[SetName, NetworkSet] = {}
    """Sets of networks by name: a list of ids, or a selector."""
    rules: tuple[Rule, ...] = ()
    """Which profile serves which resources: the first that matches counts. Without a match: `default`, where
    a tag or `always` asks."""
    profiles: Mapping[ProfileName, Profile]
    """The ways to be connected, by name. `default` serves `enabled` and the types under `always`."""
    naming: Naming = Naming()
    """Names of what we make."""
    tags: Mapping[TagName, StrictStr] = {}
    """Tags on all that we make and that has tags: text, and copies such as {tag:cost-centre|unassigned}. On
    what resources share only the text and the `otherwise`."""
    drift: Drift = Drift()
    """The timer that finds changes that events did not report."""
    limits: Limits = Limits()
    """Bounds on what one mistake can do."""

    @classmethod
    def parse(cls, text: str, catalogue: Catalogue | None = None) -> Self:
        """Read the policy's YAML. Types and groups are checked against `catalogue`, or the app's own.

        Raises PolicyError with every fault that can be found at once: its path, value and remedy.
        """
        known = catalogue or load()
        document, faults = read_yaml(text)
        policy = None
        try:
            policy = cls.model_validate(document, context=known)
        except ValidationError as wrong:
            details = wrong.errors(include_url=False)
            faults += translated(details, _keys)
        faults += across(document, known)
        if policy is None or faults:
            raise PolicyError(faults)
        return policy


def _keys(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that a mapping at this path of the document may have."""
    models: list[Any] = [Policy]
    for part in path:
        inside = [each for one in models for each in _inside(one, part)]
        models = [each for one in inside for each in _models(one)]
    found = [name for one in models if _is_model(one) for name in one.model_fields]
    return tuple(dict.fromkeys(found)) or tuple(Policy.model_fields)


def _inside(found: Any, part: str | int) -> Iterator[Any]:
    """The types that are at one key or index of a type."""
    if _is_model(found):
        if part in found.model_fields:
            yield found.model_fields[part].annotation
    else:
        yield from get_args(found)


def _models(found: Any) -> Iterator[Any]:
    """A type without what wraps it: models, and the mappings and lists that can hold models."""
    if isinstance(found, TypeAliasType):
        yield from _models(found.__value__)
    elif _is_model(found) or getattr(found, "__origin__", None) in (tuple, list, dict, Mapping):
        yield found
    else:
        for one in get_args(found):
            yield from _models(one)


def _is_model(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel)


def json_schema() -> dict[str, Any]:
    """The policy as a JSON Schema, with which an editor completes and explains what is typed."""
    schema = Policy.model_json_schema()
    any_case = schema["$defs"]["TypeName"]
    schema["$defs"]["TypeName"] = {"anyOf": [{"enum": sorted(load().types)}, any_case]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))
