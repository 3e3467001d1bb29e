"""Values of the policy's fields: ids, names, patterns and numbers, each with its fault in our own words."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from shared.core.base import schedule
from shared.core.base.errors import InvalidId
from shared.core.base.ids import GroupId, ResourceId
from shared.core.base.regions import region_key
from shared.core.catalogue.catalogue import Catalogue, load
from shared.core.policy.faults import near, suspect_region
from shared.core.policy.globs import NOT_IN_PATTERNS, fits, is_glob, normal

GUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
GROUP = rf"/subscriptions/{GUID}/resource[gG]roups/[^/]+"
NETWORK = rf"{GROUP}/providers/[mM]icrosoft\.[nN]etwork/virtualNetworks/[^/]+"
MAX_REQUEST = 140  # characters of a request message (Microsoft Learn: private endpoint REST reference)
MAX_TAG_NAME = 121  # 128, the limit on storage accounts, less the suffix `-groups` (Microsoft Learn: tags)
PRIORITIES = range(100, 4097)  # of a security rule (Microsoft Learn: network security groups)


def fault(problem: str, remedy: str) -> PydanticCustomError:
    """A fault in our own words; `faults.translated` takes both parts out again."""
    return PydanticCustomError("policy", "{problem}", {"problem": problem, "remedy": remedy})


def text_of(value: object) -> str:
    if not isinstance(value, str):
        raise fault("it must be text", "write it as a string, in quotes if YAML reads it as something else")
    return value


def _resource(kind: str, what: str) -> Callable[[object], ResourceId]:
    example = f"give the ARM id of a {what}"

    def parse(value: object) -> ResourceId:
        try:
            found = ResourceId.parse(text_of(value))
        except InvalidId as wrong:
            raise fault(wrong.why, example) from wrong
        if not found.is_type(kind):
            raise fault(f"it is the id of a {found.type}, not of a {what}", example)
        _subscription(found.subscription)
        return found

    return parse


def _any_resource(value: object) -> ResourceId:
    try:
        found = ResourceId.parse(text_of(value))
    except InvalidId as wrong:
        raise fault(wrong.why, "give the ARM id of a resource") from wrong
    _subscription(found.subscription)
    return found


def _group(value: object) -> GroupId:
    try:
        found = GroupId.parse(text_of(value))
    except InvalidId as wrong:
        raise fault(wrong.why, "give /subscriptions/{id}/resourceGroups/{name}") from wrong
    _subscription(found.subscription)
    return found


def _subscription(value: object) -> str:
    if not re.fullmatch(GUID, text_of(value)):
        raise fault("the subscription is not a GUID", "copy the subscription's id from Azure")
    return text_of(value)


def _management_group(value: object) -> str:
    if not re.fullmatch(r"[0-9A-Za-z_.()-]{1,90}", text_of(value)):
        raise fault("it is not a management group's name", "give the name (not the display name) alone")
    return text_of(value)


def _kind(value: object, info: ValidationInfo) -> str:
    """A catalogued type, in the catalogue's spelling."""
    types = _catalogue(info).types
    if (found := _spellings(types).get(text_of(value).lower())) is None:
        raise fault(
            "the catalogue has no such resource type", near(text_of(value), types, "see the catalogue")
        )
    return found


@functools.lru_cache(maxsize=8)
def _spellings(types: frozenset[str]) -> dict[str, str]:
    """The types as the catalogue spells them, by their names in lower case."""
    return {name.lower(): name for name in types}


@functools.lru_cache(maxsize=1024)
def _types_like(pattern: str, types: frozenset[str]) -> tuple[str, ...]:
    if not is_glob(pattern):
        return tuple(filter(None, (_spellings(types).get(pattern),)))
    return tuple(sorted(name for low, name in _spellings(types).items() if fits(pattern, low)))


def _region(value: object, info: ValidationInfo) -> str:
    """A region as a key: `West Europe` and `westeurope` are the same one."""
    region = region_key(text_of(value))
    if not re.fullmatch(r"[a-z0-9]+", region):
        raise fault("it is not a region's name", "write the name that ARM uses, such as westeurope")
    if meant := suspect_region(region, _catalogue(info).regions):
        raise fault("no region is spelled like this", f"did you mean {meant}?")
    return region


def _tag_name(value: object) -> str:
    name = text_of(value)
    if not name.strip() or len(name) > MAX_TAG_NAME:
        raise fault("a tag's name has 1 to 121 characters here", "choose a name of such a length")
    if re.search(r"[<>%&\\?/]", name) or not name.isprintable() or name != name.strip():
        raise fault("Azure refuses such a tag name", r"leave out < > % & \ ? / and spaces around it")
    if name.lower().startswith(("microsoft", "azure", "windows")):
        raise fault("Azure keeps names with this prefix for itself", "choose another name")
    return name


def _profile_name(value: object) -> str:
    name = text_of(value)
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,62}", name):
        raise fault("a tag could not name this profile", "use up to 63 letters, digits and - _ .")
    if name.lower() in ("enabled", "disabled"):
        raise fault("the opt-in tag already has a meaning for this word", "choose another name")
    return name


def _rule_name(value: object) -> str:
    name = text_of(value)
    if not name.strip() or len(name) > 80 or not name.isprintable() or name != name.strip():
        raise fault(
            "a rule's name has 1 to 80 printable characters", "give it such a name, without spaces around it"
        )
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
    text = " ".join(text_of(value).split())
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
    found = re.fullmatch(r'request(?:\s*\("([^"]+)"\))?', text_of(value).strip())
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
type RuleName = Annotated[str, PlainValidator(_rule_name), _schema(".{1,80}")]
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


class Part(BaseModel):
    """A mapping of the policy: unknown keys are faults, nothing changes after it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def one_or_more(value: object) -> object:
    """A single entry may be written without a list."""
    return value if isinstance(value, list) else [value]


def _pattern(value: object) -> str:
    text = text_of(value)
    if not text:
        raise fault("an empty pattern fits nothing", "write a name, or a pattern such as rg-*")
    if found := NOT_IN_PATTERNS.search(text):
        problem = f"a pattern has only the wildcards * and ?, and this has {found[0]}"
        raise fault(problem, "write one pattern for each alternative; ? takes a parenthesis of a name")
    return text


def _name_pattern(value: object) -> str:
    """A pattern of what Azure calls a name: one without a slash, and without spaces around it."""
    text = _pattern(value)
    if "/" in text:
        raise fault("no name has a slash, so it fits nothing", "write the name alone, not an id")
    if text != text.strip():
        raise fault("no name begins or ends with a space, so it fits nothing", "leave the space out")
    return text


def _type_pattern(value: object, info: ValidationInfo) -> tuple[str, ...]:
    """The catalogued types that a pattern takes, in the catalogue's spelling."""
    text, types = _pattern(value), _catalogue(info).types
    found = _types_like(normal(text.lower()), types)
    if not found:
        raise fault("no type of the catalogue fits", near(text, types, "see docs/policy.md for the types"))
    return found


def _region_pattern(value: object, info: ValidationInfo) -> str:
    text = region_key(_pattern(value))
    if is_glob(text):
        if not any(fits(normal(text), name) for name in _catalogue(info).regions):
            raise fault("no region that is known fits", "write it as ARM spells regions, such as westeurope")
        return text
    return _region(text, info)


def _word(value: object) -> str:
    text = text_of(value)
    if not re.fullmatch(WORD, text):
        raise fault("it is not a name of a set", "use up to 40 lower-case letters, digits and -")
    return text


def _word_or_network(value: object) -> ResourceId | str:
    return _NETWORK(value) if text_of(value).startswith("/") else _word(value)


def _client(value: object) -> Client:
    """A set's name, `own`, the id of a network or a subnet, or a range of addresses."""
    text = text_of(value)
    if text.startswith("/"):
        return _SUBNET(value) if "/subnets/" in text.lower() else _NETWORK(value)
    if re.fullmatch(r"[0-9a-fA-F.:]+(/\d+)?", text) and not re.fullmatch(WORD, text):
        return _range(value)
    return _word(value)


def _place(value: object) -> ResourceId | str:
    """A set's name, `own`, or the id of a network or a subnet."""
    found = _client(value)
    if isinstance(found, IPv4Network | IPv6Network):
        raise fault("endpoints are not accepted by addresses", "name a set, own, a network or a subnet")
    return found


def _range(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text_of(value))
    except ValueError as wrong:
        raise fault(f"it is not a range of addresses: {wrong}", "write it as 10.1.0.0/24") from wrong


def _address(value: object) -> str:
    try:
        return str(ip_address(text_of(value)))
    except ValueError as wrong:
        raise fault("it is not an IP address", "write it as 10.1.0.4, in quotes if need be") from wrong


def _zones_of(value: object, info: ValidationInfo) -> str:
    """A catalogued type, or the name of a private DNS zone in lower case."""
    text = text_of(value)
    if "/" in text:
        return _kind(value, info)
    if not re.fullmatch(r"[0-9A-Za-z{}_-]+(\.[0-9A-Za-z{}_-]+)+", text):
        raise fault(
            "it is neither a type nor a zone's name",
            "write a type such as Microsoft.Sql/servers, or a zone such as privatelink.database.windows.net",
        )
    return text.lower()


def _endpoints_group(
    value: object, info: ValidationInfo
) -> Literal["subnet", "target"] | GroupId | dict[str, GroupId]:
    if isinstance(value, dict):
        return {_region(region, info): _group(at) for region, at in value.items()}
    if value == "subnet" or value == "target":
        return "subnet" if value == "subnet" else "target"
    if not text_of(value).startswith("/"):
        raise fault(
            "it is neither subnet, target, nor the id of a resource group",
            "write one of these, or an id for each region",
        )
    return _group(value)


WORD = r"[a-z0-9][a-z0-9-]{0,39}"
_NETWORK = _resource("Microsoft.Network/virtualNetworks", "virtual network")
_SUBNET = _resource("Microsoft.Network/virtualNetworks/subnets", "subnet")
_ONE = r"[^\[\]{}()|^$+\\]+"
_ONE_NAME = r"[^\[\]{}()|^$+\\/]+"

type Client = ResourceId | IPv4Network | IPv6Network | str
type Mode = Literal["observe", "plan", "apply"]
type PatternText = Annotated[str, PlainValidator(_pattern), _schema(_ONE)]
type NamePattern = Annotated[str, PlainValidator(_name_pattern), _schema(_ONE_NAME)]
type RegionPattern = Annotated[str, PlainValidator(_region_pattern), _schema(_ONE)]
type TypePattern = Annotated[tuple[str, ...], PlainValidator(_type_pattern), _schema(_ONE)]
type OneOrMore[T] = T | Annotated[list[T], Field(min_length=1)]  # as it may be written
type Patterns = Annotated[
    tuple[PatternText, ...],
    Field(min_length=1),
    BeforeValidator(one_or_more, json_schema_input_type=OneOrMore[PatternText]),
]
type NamePatterns = Annotated[
    tuple[NamePattern, ...],
    Field(min_length=1),
    BeforeValidator(one_or_more, json_schema_input_type=OneOrMore[NamePattern]),
]
type RegionPatterns = Annotated[
    tuple[RegionPattern, ...],
    Field(min_length=1),
    BeforeValidator(one_or_more, json_schema_input_type=OneOrMore[RegionPattern]),
]
type TypePatterns = Annotated[
    tuple[TypePattern, ...],
    Field(min_length=1),
    BeforeValidator(one_or_more, json_schema_input_type=OneOrMore[TypePattern]),
]
type Subscriptions = Annotated[
    tuple[Subscription, ...],
    Field(min_length=1),
    BeforeValidator(one_or_more, json_schema_input_type=OneOrMore[Subscription]),
]
type SetName = Annotated[str, PlainValidator(_word), _schema(WORD)]
type SetOrNetwork = Annotated[
    ResourceId | str, PlainValidator(_word_or_network), _schema(rf"({WORD}|{NETWORK})")
]
type SetsOrNetworks = Annotated[
    tuple[SetOrNetwork, ...],
    BeforeValidator(one_or_more, json_schema_input_type=SetOrNetwork | list[SetOrNetwork]),
]
type ClientText = Annotated[Client, PlainValidator(_client), WithJsonSchema({"type": "string"})]
type PlaceText = Annotated[ResourceId | str, PlainValidator(_place), WithJsonSchema({"type": "string"})]
type AddressRange = Annotated[
    IPv4Network | IPv6Network, PlainValidator(_range), _schema(r"[0-9a-fA-F.:]+(/\d+)?")
]
type Address = Annotated[str, PlainValidator(_address), _schema(r"[0-9a-fA-F.:]+")]
type TypeOrZone = Annotated[str, PlainValidator(_zones_of), _schema(r"[^/]+(/[^/]+)*")]
type SecurityGroupId = Annotated[
    ResourceId,
    PlainValidator(_resource("Microsoft.Network/applicationSecurityGroups", "application security group")),
    _schema(rf"{GROUP}/providers/[^/]+/applicationSecurityGroups/[^/]+"),
]
type EndpointsGroup = Annotated[
    Literal["subnet", "target"] | GroupId | dict[str, GroupId],
    PlainValidator(_endpoints_group),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["subnet", "target"]},
                {"type": "string", "pattern": f"^{GROUP}$"},
                {"type": "object", "additionalProperties": {"type": "string", "pattern": f"^{GROUP}$"}},
            ]
        }
    ),
]
