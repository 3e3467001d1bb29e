"""Writes `docs/policy.md` from the policy's models: `python -m tools.policy_reference > docs/policy.md`.

Types, defaults and meanings are those of the models. Examples are taken from `docs/examples/every-key.yaml`.
The faults of single values follow from their types; those between keys are listed below, and a test holds
them against the mistakes that the checks find.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAliasType, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from shared.core.policy.policy import Policy

EVERY_KEY = Path(__file__).parents[1] / "docs" / "examples" / "every-key.yaml"

# What a type is called, and which values of it are faults.
WORDS: dict[str, tuple[str, str]] = {
    "SubnetId": ("id of a subnet", "not the ARM id of a subnet"),
    "NetworkId": ("id of a virtual network", "not the ARM id of a virtual network"),
    "AnyResourceId": ("id of a resource", "not an ARM id"),
    "ResourceGroupId": ("id of a resource group", "not the ARM id of a resource group"),
    "SecurityGroupId": ("id of an application security group", "not the ARM id of such a group"),
    "Subscription": ("id of a subscription", "no GUID"),
    "Subscriptions": ("ids of subscriptions, one or a list", "no GUID; an empty list"),
    "ManagementGroup": ("name of a management group", "not such a name"),
    "TypeName": ("resource type", "a type that the catalogue does not have"),
    "Region": ("region", "not a region's name; a region that looks misspelled"),
    "TagName": ("name of a tag", "a name that Azure refuses"),
    "ProfileName": ("name of a profile", "more than 63 characters, or others than letters, digits and - _ ."),
    "RuleName": ("text", "empty, or more than 80 characters"),
    "SetName": ("name of a set of networks", "not lower-case letters, digits and -, 40 at most"),
    "SetOrNetwork": ("name of a set, or id of a virtual network", "neither of both"),
    "SetsOrNetworks": ("sets and ids of networks, one or a list", "neither a set's name nor a network's id"),
    "NamePatterns": (
        "names or patterns, one or a list",
        "an empty pattern; a regular expression; an id, or another text with a slash; an empty list",
    ),
    "Patterns": ("patterns, one or a list", "an empty pattern; a regular expression; an empty list"),
    "RegionPatterns": ("patterns of regions, one or a list", "a pattern that no known region fits"),
    "TypePatterns": ("patterns of types, one or a list", "a pattern that no type of the catalogue fits"),
    "ClientText": ("set, `own`, id of a network or a subnet, or range", "none of these"),
    "PlaceText": ("set, `own`, or id of a network or a subnet", "none of these"),
    "AddressRange": ("range of addresses", "not a range, such as one with host bits"),
    "Address": ("IP address", "not an IP address"),
    "TypeOrZone": ("resource type or name of a zone", "neither of both"),
    "EndpointsGroup": (
        "`subnet`, `target`, id of a resource group, or ids by region",
        "none of these",
    ),
    "Priorities": ("first and last priority", "not two numbers from 100 to 4096 in their order"),
    "Schedule": ("NCRONTAB with six fields", "not such a schedule"),
    "ApprovalText": ('`auto`, `request`, or `request ("message")`', "more than 140 characters"),
}
# Faults and warnings between keys. A key with several places is written once, without its place.
BETWEEN: dict[str, str] = {
    "opt_in.tag": "a tag that Causeway puts on what it makes",
    "subscriptions": "nothing is watched: neither this nor `management_groups`",
    "exclude[].subscription": "in a rule, none of these is watched; elsewhere a warning",
    "exclude[].resource_group": (
        "warning: in a rule for several subscriptions, without `management_group` or `subscription`"
    ),
    "exclude[].name": "as `resource_group`",
    "exclude[].tags": "one tag in two spellings; in a rule the opt-in tag with the value `disabled`",
    "exclude": "warning: another entry leaves out all of it; it leaves out everything",
    "opt_in.always": "with rules, no profile `default`; warning: a rule takes all resources of the type",
    "opt_in.tag_may_choose": "missing beside `rules`; no such profile",
    "networks": (
        "a reserved word (`clients`, `own`, `none`); it selects no network; names, regions or tags "
        "without a fence (`management_group`, `subscription`, `peered_with`); warning: nothing uses "
        "the set"
    ),
    "networks.peered_with": "no such set; a set that is a selector",
    "networks.but_not": "it leaves out all that `name` takes",
    "rules": "no resource reaches it: `exclude` or earlier rules take all that it matches",
    "rules[].name": "another rule has it, in any case of letters",
    "rules[].profile": "no such profile; the rule matches a tag, and `tag_may_choose` does not list it",
    "rules[].mode": "warning: beside `profile: none`",
    "rules[].connect": "warning: beside `profile: none`",
    "profiles": "no `default` without rules; one named `none` beside rules; warning: nothing can choose it",
    "profiles.subnets": (
        "a region in two spellings; neither this nor `find`; beside `placements`; in another "
        "subscription than `endpoints_resource_group`"
    ),
    "profiles.find.resource_group": "warning: with `own: resource_group`",
    "profiles.find": "beside `placements`",
    "profiles.types": "beside `placements`; in another subscription than `endpoints_resource_group`",
    "profiles.fallback_region": "no subnet is in this region; warning: only a type has subnets there",
    "profiles.endpoints_resource_group": (
        "warning: a region without a subnet; `target` where resources of other subscriptions are watched"
    ),
    "profiles.addresses": (
        "IPv6; no subnet in the region; addresses of another profile in the same network; beside "
        "`placements`; warning: fewer than 8 addresses"
    ),
    "profiles.placements": (
        "two of them link one network; warning: another profile links the network to zones of the same names"
    ),
    "profiles.adopt_in": "no such set",
    "profiles.groups": "a type in two spellings; the type has no such sub-resource",
    "profiles.clients": "no such set",
    "profiles.dns": "warning: another profile links a network to zones of the same names in another group",
    "profiles.dns.zones_resource_group": "missing with `mode: manage`; two placements with one group",
    "profiles.dns.zones": "two placements with one group",
    "profiles.dns.link": (
        "no such set; `none` beside other words; two placements link one network; warning: each "
        "placement has its own"
    ),
    "profiles.dns.servers": "no such set; warning: with `mode: none`",
    "profiles.dns.external": "warning: without `mode: external`",
    "profiles.dns.create_zones": "warning: without `mode: manage`",
    "profiles.dns.fallback_to_internet": "warning: without `mode: manage`",
    "profiles.dns.shared_names": (
        "a type whose zones answer for its own resources alone; without `mode: manage`"
    ),
    "profiles.peering.through": (
        "no such set; missing with `ensure` where `find` and clients by a selector make a mesh; "
        "warning: with `mode: ignore`"
    ),
    "profiles.peering.hub": "`remote_gateways`; warning: without `mode: ensure`",
    "profiles.peering.spoke": (
        "`gateway_transit`; `remote_gateways` without the hub's `gateway_transit`; warning: without "
        "`mode: ensure`; `remote_gateways` with several hubs"
    ),
    "profiles.nsg.destination": (
        "`group` without application security groups for all regions, with `find`, or over several "
        "networks of a region; warning: `subnet` opens the endpoints of another profile; without "
        "`mode: ensure`"
    ),
    "profiles.nsg.network_policies": "warning: without `mode: ensure`, or without `enforce_on_endpoints`",
    "profiles.nsg.priorities": "warning: without `mode: ensure`",
    "profiles.nsg.default_deny": "with `mode: ignore`",
    "profiles.nsg.create_group": "without `mode: ensure`",
    "profiles.application_security_groups": (
        "warning: with `find`, or over several networks of a region; a region without a subnet"
    ),
    "profiles.may_lose_access": "without `public_access: disable`; the type has no such sub-resource",
    "profiles.limits.creations_per_hour": "warning: above the file's",
    "profiles.limits.max_deletes_per_sweep": "warning: above the file's",
    "naming.endpoint": (
        "a field, a character or a form that names do not have; more than half of it is fixed text; "
        "two sub-resources, placements or resources get one name; warning: resources of one name in "
        "two groups do"
    ),
    "naming.network_interface": "as `endpoint`",
    "naming.zone_group": "a field, a character or a form that names do not have",
    "naming.link": "as `zone_group`; the links of two networks get one name",
    "naming.peering": "as `zone_group`; two peerings of one network get one name",
    "naming.rule": "as `endpoint`",
    "naming.types": "characters that names do not have; warning: no name has `{type}`",
    "naming.regions": (
        "a misspelled region; characters that names do not have; warning: no name has `{region}`"
    ),
    "tags": (
        "a field or a form that tags do not have; one tag in two spellings; a tag that Causeway writes itself"
    ),
}

HEAD = """# The policy, key by key

One YAML file, `connectivity.yaml`, says who is connected, from where, and what may be touched. Its schema is
[`connectivity.schema.json`](../connectivity.schema.json): an editor completes and checks what is typed where
the first line is `# yaml-language-server: $schema=connectivity.schema.json`. [Examples](examples/) are
policies of whole estates. This page is made from the models (`python -m tools.policy_reference`).

**Checked before it counts.** A policy with a fault is not used. All faults are reported at once, each with
line, column, value and remedy. A policy with warnings counts: they name what is probably not meant.
Everywhere an unknown key is a fault, and so are a duplicate key and a value of another type.

**Patterns.** `*` is any characters, `?` is one. The whole value must fit. Case counts in the values of tags
alone. There are no regular expressions.

**Selectors.** The values of one field are alternatives, the fields must all fit, and an empty selector fits
everything. A second field in an entry of `exclude` leaves out less.

**What is stronger comes first:** it is not watched; it is excluded, or a service manages its group; its tag
says `disabled`; its rule says `none`; its tag names a profile that tags may choose; its rule's profile;
without a rule `default`, where its tag or `always` asks.

**Templates** (`naming`, `tags`): `{name}` is a field, `{name:24}` at most its first 24 characters,
`{tag:env|none}` the value of the resource's tag `env`, or `none`. In names, what comes from Azure is put in
lower case, other characters become `-`, and a name that is too long loses the end of its longest field, never
a part of its hash. A value is never read as a template.
"""


@dataclass(frozen=True)
class Key:
    """One key: its path without the names that operators choose, its field, and where its examples are."""

    path: str
    field: FieldInfo
    places: tuple[tuple[str, ...], ...]


def keys() -> tuple[Key, ...]:
    """Every key of the language, each once, in the order of the models."""
    found: dict[str, Key] = {}
    for path, place, field in _keys(Policy, ()):
        known = found.get(path)
        found[path] = Key(path, field, (*(known.places if known else ()), place))
    return tuple(found.values())


def _keys(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        place = (*above, name)
        yield _path(place), place, field
        for inner, between in _models(field.annotation):
            yield from _keys(inner, (*place, *between))


def _path(place: tuple[str, ...]) -> str:
    """Placements have the keys of a profile, and selectors of resources the same fields everywhere."""
    text = _shown(place).replace(".<name>", "")
    return text.replace("profiles.placements.", "profiles.").replace("rules[].match.", "exclude[].")


def _shown(place: tuple[str, ...]) -> str:
    """As a heading names it."""
    return ".".join(place).replace(".[]", "[]").replace("*", "<name>")


def _models(found: Any) -> Iterator[tuple[type[BaseModel], tuple[str, ...]]]:
    """The models in a type, with what leads to each: `*` for a key that the operator chooses, `[]` a list."""
    if isinstance(found, TypeAliasType):
        yield from _models(found.__value__)
    elif isinstance(found, type) and issubclass(found, BaseModel):
        yield found, ()
    elif get_origin(found) is Mapping:
        yield from ((model, ("*", *more)) for model, more in _models(get_args(found)[1]))
    elif get_origin(found) is tuple:
        yield from ((model, ("[]", *more)) for model, more in _models(get_args(found)[0]))
    else:
        for one in get_args(found):
            yield from _models(one)


def type_of(found: Any) -> str:
    """A type in words."""
    if isinstance(found, TypeAliasType):
        return WORDS[found.__name__][0] if found.__name__ in WORDS else type_of(found.__value__)
    if get_origin(found) is Literal:
        return ", ".join(f"`{one}`" for one in get_args(found))
    if get_origin(found) is Mapping:
        key, value = get_args(found)
        return f"mapping of {type_of(key)} to {type_of(value)}"
    if get_origin(found) is tuple:
        return f"list of: {type_of(get_args(found)[0])}"
    if isinstance(found, type) and issubclass(found, BaseModel):
        return "mapping"
    plain = {bool: "`true` or `false`", int: "whole number", str: "text"}
    if found in plain:
        return plain[found]
    if hasattr(found, "__metadata__"):
        return type_of(found.__origin__)
    return " or ".join(dict.fromkeys(type_of(one) for one in get_args(found) if one is not type(None)))


def faults_of(key: Key) -> str:
    """The values that are faults, and the mistakes beside other keys."""
    single = dict.fromkeys(WORDS[name][1] for name in aliases(key.field.annotation) if name in WORDS)
    between = BETWEEN.get(key.path)
    return "; ".join([*(single or [_plain_fault(key.field.annotation)]), *([between] if between else [])])


def _plain_fault(found: Any) -> str:
    if any(True for _ in _models(found)):
        return "an unknown key"
    words = type_of(found)
    return f"not {words}" if words.startswith(("`true`", "whole", "text", "mapping")) else "another value"


def aliases(found: Any) -> Iterator[str]:
    """The names of the types that a type is made of, as far as they have one."""
    if isinstance(found, TypeAliasType):
        yield found.__name__
        if found.__name__ not in WORDS:
            yield from aliases(found.__value__)
    elif not (isinstance(found, type) and issubclass(found, BaseModel)):
        for one in (
            (found.__origin__, *get_args(found)) if hasattr(found, "__metadata__") else get_args(found)
        ):
            if one is not found:
                yield from aliases(one)


def example_of(key: Key, document: Any) -> str:
    """The key as the file of all keys has it, in one line; empty: it does not have it."""
    for place in key.places:
        for value in _at(document, place):
            flow = isinstance(value, dict | list)
            shown = {place[-1]: value} if not flow else value
            text = yaml.safe_dump(shown, default_flow_style=flow, width=10_000, sort_keys=False).strip()
            return f"{place[-1]}: {text}" if flow else text
    return ""


def _at(found: Any, place: tuple[str, ...]) -> Iterator[Any]:
    if not place:
        yield found
        return
    first, *rest = place
    inner: list[Any] = []
    if first == "*" and isinstance(found, dict):
        inner = list(found.values())
    elif first == "[]" and isinstance(found, list):
        inner = found
    elif isinstance(found, dict) and first in found:
        inner = [found[first]]
    for one in inner:
        yield from _at(one, tuple(rest))


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "none: the key is needed"
    value = field.default
    if value is None or value in ({}, ()) or isinstance(value, BaseModel):
        return "none"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{getattr(value, 'mode', value)}`"


def text() -> str:
    """The whole page."""
    document = yaml.safe_load(EVERY_KEY.read_text("utf-8"))
    return "".join([HEAD, *(_block(key, document) for key in keys())])


def _block(key: Key, document: Any) -> str:
    level = "###" if "." in key.path else "##"
    heading = ", ".join(dict.fromkeys(f"`{_shown(place)}`" for place in key.places))
    meaning = " ".join((key.field.description or "").split())
    lines = [
        f"Type: {type_of(key.field.annotation)}",
        f"Default: {default_of(key.field)}",
        f"Faults: {faults_of(key)}",
    ]
    if not any(True for _ in _models(key.field.annotation)):  # the keys below have examples
        lines.append(f"Example: `{example_of(key, document)}`")
    listed = "\n".join(f"- {line}" for line in lines)
    return f"\n{level} {heading}\n\n{meaning}\n\n{listed}\n"


if __name__ == "__main__":
    print(text(), end="")
