"""The operator's policy, `connectivity.yaml`: who is connected, from where, and what Causeway may touch.

It is read once per process. Only the operator writes it. A resource's tags can choose one of its profiles,
and never carry an id of their own. The models are the reference: `connectivity.schema.json` is made from
them, field docstrings included (`python -m shared.core.policy.policy > connectivity.schema.json`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from shared.core.base import schedule
from shared.core.base.errors import InvalidId, PolicyError
from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.regions import region_key
from shared.core.catalogue.catalogue import Catalogue, Cloud, load
from shared.core.policy.faults import across, near, suspect_region, translated
from shared.core.policy.text import read_yaml

GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
GROUP = rf"/subscriptions/{GUID}/resource[gG]roups/[^/]+"
NETWORK = rf"{GROUP}/providers/[mM]icrosoft\.[nN]etwork/virtualNetworks/[^/]+"
MAX_REQUEST = 140  # characters of a request message (Microsoft Learn: private endpoint REST reference)
MAX_TAG_NAME = 121  # 128, the limit on storage accounts, less the suffix `-groups` (Microsoft Learn: tags)
PRIORITIES = range(100, 4097)  # of a security rule (Microsoft Learn: network security groups)


def fault(problem: str, remedy: str) -> PydanticCustomError:
    """A fault in our own words; `policy_faults.translated` takes both parts out again."""
    return PydanticCustomError("policy", "{problem}", {"problem": problem, "remedy": remedy})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise fault("it must be text", "write it as a string, in quotes if YAML reads it as something else")
    return value


def _resource(kind: str, what: str) -> Callable[[object], ResourceId]:
    example = f"give the ARM id of a {what}"

    def parse(value: object) -> ResourceId:
        try:
            found = ResourceId.parse(_text(value))
        except InvalidId as wrong:
            raise fault(wrong.why, example) from wrong
        if not found.is_type(kind):
            raise fault(f"it is the id of a {found.type}, not of a {what}", example)
        _subscription(found.subscription)
        return found

    return parse


def _any_resource(value: object) -> ResourceId:
    try:
        found = ResourceId.parse(_text(value))
    except InvalidId as wrong:
        raise fault(wrong.why, "give the ARM id of a resource") from wrong
    _subscription(found.subscription)
    return found


def _group(value: object) -> GroupId:
    try:
        found = GroupId.parse(_text(value))
    except InvalidId as wrong:
        raise fault(wrong.why, "give /subscriptions/{id}/resourceGroups/{name}") from wrong
    _subscription(found.subscription)
    return found


def _subscription(value: object) -> str:
    if not re.fullmatch(GUID, _text(value)):
        raise fault("the subscription is not a GUID", "copy the subscription's id from Azure")
    return _text(value)


def _management_group(value: object) -> str:
    if not re.fullmatch(r"[0-9A-Za-z_.()-]{1,90}", _text(value)):
        raise fault("it is not a management group's name", "give the name (not the display name) alone")
    return _text(value)


def _kind(value: object, info: ValidationInfo) -> str:
    """A catalogued type, in the catalogue's spelling."""
    types = _catalogue(info).types
    named = {name.lower(): name for name in types}
    if (found := named.get(_text(value).lower())) is None:
        raise fault("the catalogue has no such resource type", near(_text(value), types, "see the catalogue"))
    return found


def _region(value: object, info: ValidationInfo) -> str:
    """A region as a key: `West Europe` and `westeurope` are the same one."""
    region = region_key(_text(value))
    if not re.fullmatch(r"[a-z0-9]+", region):
        raise fault("it is not a region's name", "write the name that ARM uses, such as westeurope")
    if meant := suspect_region(region, _catalogue(info).regions):
        raise fault("no region is spelled like this", f"did you mean {meant}?")
    return region


def _tag_name(value: object) -> str:
    name = _text(value)
    if not name.strip() or len(name) > MAX_TAG_NAME:
        raise fault("a tag's name has 1 to 121 characters here", "choose a name of such a length")
    if re.search(r"[<>%&\\?/]", name) or not name.isprintable() or name != name.strip():
        raise fault("Azure refuses such a tag name", r"leave out < > % & \ ? / and spaces around it")
    if name.lower().startswith(("microsoft", "azure", "windows")):
        raise fault("Azure keeps names with this prefix for itself", "choose another name")
    return name


def _profile_name(value: object) -> str:
    name = _text(value)
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,62}", name):
        raise fault("a tag could not name this profile", "use up to 63 letters, digits and - _ .")
    if name.lower() in ("enabled", "disabled"):
        raise fault("the opt-in tag already has a meaning for this word", "choose another name")
    return name


def _priorities(value: object) -> tuple[int, int]:
    match value:
        case [int(first), int(last)] if not isinstance(first, bool) and not isinstance(last, bool):
            if first not in PRIORITIES or last not in PRIORITIES:
                raise fault("a rule's priority is from 100 to 4096", "choose a range within these")
            if first > last:
                raise fault("the range is reversed", f"write [{last}, {first}]")
            return first, last
        case _:
            raise fault(
                "it must be the first and the last priority", "write two numbers, such as [1000, 1999]"
            )


def _schedule(value: object) -> str:
    text = " ".join(_text(value).split())
    if problem := schedule.problem_with(text):
        raise fault(problem, schedule.REMEDY)
    return text


@dataclass(frozen=True, slots=True)
class Approval:
    """How a connection is approved: at once by our own right to, or by the target's owner, who is asked."""

    mode: Literal["auto", "request"] = "auto"
    message: str = ""


def _approval(value: object) -> Approval:
    if value == "auto":
        return Approval()
    found = re.fullmatch(r'request(?:\s*\("([^"]+)"\))?', _text(value).strip())
    if found is None:
        raise fault("it is neither auto nor request", 'write auto, request, or request ("why you ask")')
    message = found.group(1) or ""
    if len(message) > MAX_REQUEST or not message.isprintable():
        raise fault(f"a message has up to {MAX_REQUEST} printable characters", "shorten it")
    return Approval("request", message)


def _catalogue(info: ValidationInfo) -> Catalogue:
    return info.context if isinstance(info.context, Catalogue) else load()


def _schema(pattern: str, **more: object) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", **more})


type SubnetId = Annotated[
    ResourceId,
    PlainValidator(_resource("Microsoft.Network/virtualNetworks/subnets", "subnet")),
    _schema(rf"{NETWORK}/subnets/[^/]+", description="The ARM id of a subnet."),
]
type NetworkId = Annotated[
    ResourceId,
    PlainValidator(_resource("Microsoft.Network/virtualNetworks", "virtual network")),
    _schema(NETWORK, description="The ARM id of a virtual network."),
]
type AnyResourceId = Annotated[
    ResourceId,
    PlainValidator(_any_resource),
    _schema(rf"{GROUP}/providers/.+", description="The ARM id of a resource."),
]
type ResourceGroupId = Annotated[
    GroupId, PlainValidator(_group), _schema(GROUP, description="The ARM id of a resource group.")
]
type Subscription = Annotated[str, PlainValidator(_subscription), _schema(GUID)]
type ManagementGroup = Annotated[str, PlainValidator(_management_group), _schema(r"[0-9A-Za-z_.()\-]{1,90}")]
type TypeName = Annotated[str, PlainValidator(_kind), _schema(r"[^/]+(/[^/]+)+")]
type Region = Annotated[str, PlainValidator(_region), _schema(r"[0-9A-Za-z ]+")]
type TagName = Annotated[str, PlainValidator(_tag_name), _schema(r"[^<>%&\\?/]{1,121}")]
type ProfileName = Annotated[str, PlainValidator(_profile_name), _schema(r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,62}")]
type Priorities = Annotated[
    tuple[int, int],
    PlainValidator(_priorities),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "integer", "minimum": PRIORITIES[0], "maximum": PRIORITIES[-1]},
            "minItems": 2,
            "maxItems": 2,
        }
    ),
]
type Schedule = Annotated[str, PlainValidator(_schedule), _schema(r"\S+( +\S+){5}")]
type ApprovalText = Annotated[Approval, PlainValidator(_approval), _schema(r'(auto|request( *\("[^"]+"\))?)')]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class OptIn(_Part):
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


class Dns(_Part):
    """Who keeps the names."""

    mode: Literal["manage", "external", "none"] = "manage"
    """`manage`: zones, links and zone groups by Causeway. `external`: something else writes the records
    and links the zones, and Causeway only checks them. `none`: names are not checked."""
    zones_resource_group: ResourceGroupId | None = None
    """Where the private DNS zones are, or are made. Needed when `mode` is `manage`."""
    create_zones: StrictBool = True
    """Make a zone that is missing. `false`: report it."""
    link: Literal["clients"] = "clients"
    """Which networks are linked to the zones: those that the profile lists as clients."""
    shared_names: tuple[TypeName, ...] = ()
    """Types that may be connected although their zones then answer for other resources too, such as
    Microsoft.Insights/privateLinkScopes: a network that is linked to these zones asks them alone for every
    resource of the service, connected or not."""
    fallback_to_internet: StrictBool = False
    """Let a linked network ask public DNS where the zone has no record (`resolutionPolicy:
    NxDomainRedirect`): needed where some accounts of one service stay public."""


class Nsg(_Part):
    """Network security group rules between clients and endpoints."""

    mode: Literal["ensure", "require", "ignore"] = "ignore"
    """`ensure`: write missing rules. `require`: report where existing rules do not have the same effect,
    and never write. `ignore`: do not check. Where rules are checked, route tables of the clients' subnets are
    checked too; they are never written."""
    default_deny: StrictBool = False
    """Also deny what no rule allows to the endpoints."""
    priorities: Priorities = (1000, 1999)
    """First and last priority that our rules may take. Another range means new rules; the old ones go."""
    enforce_on_endpoints: StrictBool = True
    """Turn network policies on in the endpoint's subnet: without them rules do not touch endpoints."""
    create_group: StrictBool = False
    """Make a network security group and attach it where an endpoint's subnet has none; a group that is there
    is never taken off. Needs `mode: ensure`."""


class Profile(_Part):
    """One way to be connected. A tag chooses it by name."""

    subnets: Annotated[
        Mapping[Region, Annotated[tuple[SubnetId, ...], Field(min_length=1)]], Field(min_length=1)
    ]
    """Where endpoints may be: subnets by region, in order of preference."""
    fallback_region: Region | None = None
    """The region whose subnets take endpoints for resources in a region that has none."""
    endpoints_resource_group: ResourceGroupId | None = None
    """Where endpoints are made: in the subnet's own group if left out. In the network's subscription."""
    groups: Mapping[TypeName, Annotated[tuple[StrictStr, ...], Field(min_length=1)]] = {}
    """Which sub-resources of a type to connect, where the catalogue's choice is not wanted."""
    clients: tuple[NetworkId, ...] = ()
    """Virtual networks that must resolve and reach the endpoints."""
    peering: Literal["ensure", "require", "ignore"] = "ignore"
    """`ensure`: peer clients with the endpoint's network. `require`: report what is missing, never write."""
    dns: Dns
    """Who keeps the names."""
    nsg: Nsg = Nsg()
    """Rules between clients and endpoints."""
    approval: ApprovalText = Approval()
    """`auto`, or `request ("message")`: the target's owner approves, and sees the message."""
    public_access: Literal["leave", "disable"] = "leave"
    """`disable`: disable public network access, after the private path is proven. Never enabled again."""
    may_lose_access: Mapping[TypeName, Annotated[tuple[StrictStr, ...], Field(min_length=1)]] = {}
    """What may lose access when public network access is disabled, by type: sub-resources without an endpoint
    (such as queue), `firewall rules`, `service endpoints`, `pending endpoints`, `trusted services`. Otherwise
    public access stays as it is while any of these exists."""
    on_opt_out: Literal["keep", "remove"] = "keep"
    """What happens to objects that Causeway made, once the resource is opted out."""


class Drift(_Part):
    """The timer that finds changes that events did not report."""

    schedule: Schedule = "0 */15 * * * *"
    """NCRONTAB with six fields, seconds first, in UTC. The timer runs by the setting CAUSEWAY_SWEEP_SCHEDULE:
    where the two differ the app does not start."""
    repair: StrictBool = True
    """`false`: report what drifted, and leave it."""


class Limits(_Part):
    """Bounds on what one mistake can do."""

    max_deletes_per_sweep: Annotated[StrictInt, Field(ge=0)] = 20
    """More removals than this in one sweep become a report that waits for a person."""
    max_endpoints_per_subnet: Annotated[StrictInt, Field(ge=1, le=5000)] = 200
    """Endpoints that Causeway lets one subnet hold."""
    creations_per_hour: Annotated[StrictInt, Field(ge=0)] = 500
    """New endpoints per hour and profile: a storm of tags must not become a bill."""


class Policy(_Part):
    """Causeway's policy: who is connected, from where, and what may be touched."""

    version: Literal[1]
    """The version of this file's format."""
    cloud: Cloud = "AzureCloud"
    """The Azure cloud that everything named here is in."""
    opt_in: OptIn = OptIn()
    """How a resource comes to be connected."""
    subscriptions: tuple[Subscription, ...] = ()
    """Watched subscriptions: resources elsewhere are never read or connected."""
    management_groups: tuple[ManagementGroup, ...] = ()
    """Watched management groups: every subscription below them is watched."""
    profiles: Mapping[ProfileName, Profile]
    """The ways to be connected, by name. `default` serves `enabled` and the types under `always`."""
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
            faults += translated(details, lambda path: tuple(_model_at(path).model_fields))
        faults += across(document, known)
        if policy is None or faults:
            raise PolicyError(faults)
        return policy


def _model_at(path: tuple[str | int, ...]) -> type[BaseModel]:
    """The model whose keys are at a path of the document."""
    match path:
        case ("profiles", _):
            return Profile
        case ("profiles", _, "dns"):
            return Dns
        case ("profiles", _, "nsg"):
            return Nsg
        case ("opt_in",):
            return OptIn
        case ("drift",):
            return Drift
        case ("limits",):
            return Limits
        case _:
            return Policy


def json_schema() -> dict[str, Any]:
    """The policy as a JSON Schema, with which an editor completes and explains what is typed."""
    schema = Policy.model_json_schema()
    any_case = schema["$defs"]["TypeName"]
    schema["$defs"]["TypeName"] = {"anyOf": [{"enum": sorted(load().types)}, any_case]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))
