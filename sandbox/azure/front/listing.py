"""Lists: children, types in a group or subscription, all resources; with `$filter`."""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.azure.kernel.ids import GROUP_TYPE, ArmId
from sandbox.azure.kernel.model import ArmError, Json, Resource
from sandbox.azure.kernel.regions import normal
from sandbox.azure.kernel.world import World

type Test = Callable[[Resource], bool]

SUMMARY = ("location", "tags", "kind", "sku", "identity", "managedBy", "plan", "zones")
CLAUSE = re.compile(r"^\s*\(?\s*(\w+)\s+(eq|ne)\s+'([^']*)'\s*\)?\s*$", re.IGNORECASE)


def resources(world: World, scope: ArmId, filter_text: str) -> list[Json]:
    """All tracked resources of a subscription or group in short form: no properties (source: public ARM REST,
    Resources - List)."""
    keep = _filter(filter_text)
    found = []
    for resource in world.store.below(scope):
        known = world.types.get(resource.type)
        if known is not None and known.tracked and keep(resource):
            found.append(summary(resource))
    return found


def groups(world: World, scope: ArmId, filter_text: str) -> list[Json]:
    """The resource groups of a subscription; `$filter` on tagName and tagValue."""
    keep = _filter(filter_text)
    return [world.show(one) for one in world.store.of_type(GROUP_TYPE, scope) if keep(one)]


def summary(resource: Resource) -> Json:
    """The short form: id, name, type and the members of SUMMARY."""
    head: Json = {"id": resource.id.text, "name": resource.name, "type": resource.type}
    return head | {name: resource.body[name] for name in SUMMARY if resource.body.get(name) is not None}


def _filter(text: str) -> Test:
    """`resourceType eq 'X' or resourceType eq 'Y'`, joined by `and` or `or`; also location, name,
    resourceGroup, tagName, tagValue. Raises 400 for any other filter."""
    if not text.strip():
        return lambda resource: True
    groups = [
        [_clause(part) for part in re.split(r"\s+and\s+", group, flags=re.IGNORECASE)]
        for group in re.split(r"\s+or\s+", text, flags=re.IGNORECASE)
    ]
    return lambda resource: any(all(test(resource) for test in group) for group in groups)


def _clause(text: str) -> Test:
    match = CLAUSE.match(text)
    if match is None:
        raise _bad_filter(text)
    field, relation, value = match.group(1).lower(), match.group(2).lower(), match.group(3)
    tests: dict[str, Test] = {
        "resourcetype": lambda one: one.id.is_type(value),
        "location": lambda one: normal(one.location) == normal(value),
        "name": lambda one: one.name.lower() == value.lower(),
        "resourcegroup": lambda one: one.id.group.lower() == value.lower(),
        "tagname": lambda one: value.lower() in {name.lower() for name in one.tags},
        "tagvalue": lambda one: value in one.tags.values(),
    }
    if field not in tests:
        raise _bad_filter(text)
    test = tests[field]
    return test if relation == "eq" else lambda one: not test(one)


def _bad_filter(text: str) -> ArmError:
    return ArmError(
        400,
        "InvalidFilterInQueryString",
        f"Invalid $filter '{text}' specified in the query string.",
        cause="gateway",
    )
