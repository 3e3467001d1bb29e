"""Lists: children, types in a group or subscription, all resources; with `$filter`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sandbox.azure.kernel.ids import GROUP_TYPE, ArmId
from sandbox.azure.kernel.model import ArmError, Json, Request, Resource, Response
from sandbox.azure.kernel.paging import page_of_rows
from sandbox.azure.kernel.regions import normal
from sandbox.azure.kernel.world import World

type Rows = Iterator[tuple[int, Resource]]


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison of a filter. type_name: set for `resourceType eq`, in lower case."""

    test: Callable[[Resource], bool]
    type_name: str | None = None


type Filter = list[list[Clause]]  # joined by `or` outside and by `and` inside

SUMMARY = ("location", "tags", "kind", "sku", "identity", "managedBy", "plan", "zones")
CLAUSE = re.compile(r"^\s*\(?\s*(\w+)\s+(eq|ne)\s+'([^']*)'\s*\)?\s*$", re.IGNORECASE)


def resources(world: World, scope: ArmId, request: Request) -> Response:
    """A page of the tracked resources of a subscription or group, without properties (source: public ARM
    REST, Resources - List).

    A filter that names types reads resources of these types only; any other filter reads all.
    """
    wanted = _filter(request.query.get("$filter", ""))
    types = _types(wanted)

    def rows_after(number: int) -> Rows:
        if types is None:
            return _kept(world.store.tracked_after(number, scope), wanted)
        tracked = [one for one in types if (known := world.types.get(one)) is not None and known.tracked]
        return _kept(world.store.typed_after(number, tracked, scope), wanted)

    return page_of_rows(request, rows_after, summary)


def groups(world: World, scope: ArmId, request: Request) -> Response:
    """A page of the resource groups of a subscription; `$filter` on tagName and tagValue."""
    wanted = _filter(request.query.get("$filter", ""))

    def rows_after(number: int) -> Rows:
        return _kept(world.store.typed_after(number, [GROUP_TYPE], scope), wanted)

    return page_of_rows(request, rows_after, world.show)


def of_type(world: World, type_name: str, owner: ArmId, request: Request, principal: str) -> Response:
    """A page of the resources of a type below a subscription, a group or a parent that the caller may
    read."""
    read = f"{type_name}/read"

    def rows_after(number: int) -> Rows:
        rows = world.store.typed_after(number, [type_name], owner)
        return (row for row in rows if world.check_access(principal, read, row[1].id.text))

    return page_of_rows(request, rows_after, world.show)


def summary(resource: Resource) -> Json:
    """The short form: id, name, type and the members of SUMMARY."""
    head: Json = {"id": resource.id.text, "name": resource.name, "type": resource.type}
    return head | {name: resource.body[name] for name in SUMMARY if resource.body.get(name) is not None}


def _filter(text: str) -> Filter:
    """`resourceType eq 'X' or resourceType eq 'Y'`, joined by `and` or `or`; also location, name,
    resourceGroup, tagName, tagValue. Raises 400 for any other filter."""
    if not text.strip():
        return []
    return [
        [_clause(part) for part in re.split(r"\s+and\s+", group, flags=re.IGNORECASE)]
        for group in re.split(r"\s+or\s+", text, flags=re.IGNORECASE)
    ]


def _types(wanted: Filter) -> list[str] | None:
    """The types that a filter admits, None when some of its alternatives names none."""
    named = [next((one.type_name for one in group if one.type_name), None) for group in wanted]
    found = [one for one in named if one is not None]
    return found if found and len(found) == len(named) else None


def _kept(rows: Rows, wanted: Filter) -> Rows:
    """The rows that pass the filter; all pass an empty one."""
    return (row for row in rows if not wanted or _passes(row[1], wanted))


def _passes(resource: Resource, wanted: Filter) -> bool:
    return any(all(clause.test(resource) for clause in group) for group in wanted)


def _clause(text: str) -> Clause:
    match = CLAUSE.match(text)
    if match is None:
        raise _bad_filter(text)
    field, relation, value = match.group(1).lower(), match.group(2).lower(), match.group(3)
    tests: dict[str, Callable[[Resource], bool]] = {
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
    if relation != "eq":
        return Clause(lambda one: not test(one))
    return Clause(test, value.lower() if field == "resourcetype" else None)


def _bad_filter(text: str) -> ArmError:
    return ArmError(
        400,
        "InvalidFilterInQueryString",
        f"Invalid $filter '{text}' specified in the query string.",
        cause="gateway",
    )
