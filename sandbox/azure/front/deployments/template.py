"""A template as a plan: which resources, under which ids, in which order.

Sources: docs/azure/deployments.md, DEP-01 and DEP-03. Names, conditions and loops are decided here; the rest
of a resource is evaluated when its turn comes, because it may refer to what others have become.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.azure.front.deployments import parameters
from sandbox.azure.front.deployments.expressions import (
    Functions,
    TemplateError,
    check,
    iterate,
    member,
    resolve,
    with_index,
)
from sandbox.azure.front.deployments.functions import PURE
from sandbox.azure.front.deployments.ids import id_functions, resource_id
from sandbox.azure.kernel.model import Json

NESTED = "Microsoft.Resources/deployments"
# Members of a template's resource that are not part of the request for it.
OWN = frozenset(("apiVersion", "type", "name", "dependsOn", "condition", "copy", "comments", "scope")) | {
    "resources",
    "metadata",
    "existing",
    "subscriptionId",
    "resourceGroup",
    "import",
}
# Functions that have a value when a resource's turn comes, or inside a loop.
AT_WORK = ("reference", "listkeys", "deployment", "copyindex", "if")
NEEDED = ("$schema", "contentVersion", "resources")


@dataclass(frozen=True, slots=True)
class Planned:
    """One resource of a plan. symbol: the name that the template has for it. depends: ids and symbols, in
    lower case. body: not yet evaluated. functions: those of its place, with the index of its loop.
    skipped: by its condition, or because it is only referred to.
    """

    id: str
    type: str
    name: str
    version: str
    symbol: str
    depends: tuple[str, ...]
    body: Json
    functions: Functions
    skipped: bool = False

    def is_named(self, dependency: str) -> bool:
        """Whether a dependency means this resource: by id, symbol, loop or name."""
        return dependency in (self.id.lower(), self.name.lower(), *filter(None, self.symbol.split("|")))


@dataclass(frozen=True, slots=True)
class Plan:
    """A template with values: its resources, and the functions that its outputs are evaluated with."""

    template: Json
    parameters: Json
    resources: tuple[Planned, ...]
    functions: Functions

    def outputs(self, functions: Functions) -> Json:
        """The outputs, each with its type."""
        found: Json = {}
        for name, about in (self.template.get("outputs") or {}).items():
            if resolve(about.get("condition", True), functions):
                value = about.get("value")
                if isinstance(about.get("copy"), dict):
                    made = iterate(about["copy"], about["copy"]["input"], functions)
                else:
                    made = resolve(value, functions)
                found[name] = parameters.typed(str(about.get("type", "")), made)
        return found


def plan(template: Json, given: Json, scope: str, environment: Functions) -> Plan:
    """Read a template for a scope, the id of a subscription or a group. environment: functions such as
    `resourceGroup`. Raises TemplateError.
    """
    missing = [name for name in NEEDED if name not in template]
    if missing:
        raise TemplateError(f"Required property '{missing[0]}' not found in JSON. Path ''.")
    base = {**PURE, **id_functions(scope), **environment}
    found = parameters.values(template, given, base)
    base |= {"parameters": lambda name: member(found, name)}
    functions = {**base, "variables": _Variables(template.get("variables") or {}, base).get}
    resources = tuple(_planned(_listed(template["resources"]), scope, functions))
    for one in resources:
        if not one.skipped and one.type.lower() != NESTED.lower():
            check(one.body, {*functions, *AT_WORK})
    _refuse_twice(resources)
    _refuse_unknown(resources)
    return Plan(template, found, resources, functions)


class _Variables:
    """Variables, each evaluated when it is first used: they may use each other in any order."""

    def __init__(self, declared: Json, functions: Functions) -> None:
        loops = declared.get("copy") if isinstance(declared.get("copy"), list) else []
        self._loops: Json = {one["name"].lower(): one for one in loops or []}
        self._declared = {name.lower(): one for name, one in declared.items() if name != "copy"}
        self._functions = {**functions, "variables": self.get}
        self._busy: list[str] = []

    def get(self, name: str) -> Any:
        key = name.lower()
        if key in self._busy:
            raise TemplateError(f"The template variable '{name}' refers to itself.")
        self._busy.append(key)
        try:
            if key in self._loops:
                return iterate(self._loops[key], self._loops[key]["input"], self._functions)
            if key not in self._declared:
                raise TemplateError(f"The template variable '{name}' is not found.")
            return resolve(self._declared[key], self._functions)
        finally:
            self._busy.pop()


def _listed(resources: Any) -> list[tuple[str, Json]]:
    """The resources with their symbols: language version 2.0 has an object in place of the array."""
    if isinstance(resources, dict):
        return list(resources.items())
    if not isinstance(resources, list):
        raise TemplateError("The template's resources must be an array or an object.")
    return [("", one) for one in resources]


def _planned(
    resources: list[tuple[str, Json]], scope: str, functions: Functions, parent: tuple[str, str] = ("", "")
) -> Iterator[Planned]:
    """The resources with those inside them, whose types and names go on from their parent's."""
    for symbol, resource in resources:
        for place in _places(resource, functions):
            made = _one(symbol, resource, scope, place, parent)
            yield made
            inside = _listed(resource.get("resources") or [])
            yield from _planned(inside, scope, place, (made.type, made.name))


def _places(resource: Json, functions: Functions) -> list[Functions]:
    """The functions for each round of the resource's loop; one round without a loop."""
    loop = resource.get("copy")
    if not isinstance(loop, dict):
        return [functions]
    count = resolve(loop.get("count"), functions)
    if not isinstance(count, int) or count < 0:
        raise TemplateError(f"The copy count of '{loop.get('name', '')}' must be a non-negative integer.")
    return [with_index(functions, index, str(loop.get("name", ""))) for index in range(count)]


def _one(symbol: str, resource: Json, scope: str, functions: Functions, parent: tuple[str, str]) -> Planned:
    for needed in ("type", "apiVersion", "name"):
        if needed not in resource:
            raise TemplateError(f"The template resource has no '{needed}'.")
    kind, name = str(resource["type"]), str(resolve(resource["name"], functions))
    if parent[0] and not kind.lower().startswith(f"{parent[0].lower()}/"):
        kind, name = f"{parent[0]}/{kind}", f"{parent[1]}/{name}"
    loop = resource.get("copy")
    known_as = [symbol, loop.get("name", "") if isinstance(loop, dict) else ""]
    return Planned(
        id=resource_id(_where(resource, scope, functions), kind, name),
        type=kind,
        name=name,
        version=str(resource["apiVersion"]),
        symbol="|".join(one.lower() for one in known_as),
        depends=tuple(_depends(resource, functions, scope, parent)),
        body={member: one for member, one in resource.items() if member not in OWN},
        functions=functions,
        skipped=bool(resource.get("existing")) or not resolve(resource.get("condition", True), functions),
    )


def _where(resource: Json, scope: str, functions: Functions) -> str:
    """What the resource is below: the scope, another resource (`scope`), or another group of a nested
    deployment.
    """
    if resource.get("scope"):
        other = str(resolve(resource["scope"], functions))
        return other.rstrip("/") if other.startswith("/") else f"{scope}/{_below(other)}"
    subscription = resolve(resource.get("subscriptionId"), functions)
    group = resolve(resource.get("resourceGroup"), functions)
    where = f"/subscriptions/{subscription}" if subscription else ""
    if group:
        return f"{where or '/'.join(scope.split('/')[:3])}/resourceGroups/{group}"
    return where or scope


def _below(other: str) -> str:
    """`Microsoft.X/kind/name` as the part of an id."""
    return other if other.lower().startswith("providers/") else f"providers/{other}"


def _depends(resource: Json, functions: Functions, scope: str, parent: tuple[str, str]) -> Iterator[str]:
    """What has to exist before: ids, or types with names, or symbols."""
    if parent[0]:
        yield resource_id(scope, *parent).lower()
    for one in resource.get("dependsOn") or []:
        named = str(resolve(one, functions))
        kinds = named.split("/")
        if "." in kinds[0] and len(kinds) >= 3 and not named.startswith("/"):
            half = (len(kinds) + 1) // 2
            named = resource_id(scope, "/".join(kinds[:half]), "/".join(kinds[half:]))
        yield named.lower()


def _refuse_twice(resources: tuple[Planned, ...]) -> None:
    seen: set[str] = set()
    for one in resources:
        if one.skipped:
            continue
        if one.id.lower() in seen:
            raise TemplateError(
                f"The resource '{one.id}' is defined multiple times in a template. Please see "
                "https://aka.ms/arm-syntax-resources for usage details."
            )
        seen.add(one.id.lower())


def _refuse_unknown(resources: tuple[Planned, ...]) -> None:
    """Refuse dependencies on nothing and circles (docs/azure/deployments.md, DEP-03)."""
    for one in resources:
        for dependency in one.depends:
            if not any(other.is_named(dependency) for other in resources):
                raise TemplateError(
                    f"The resource '{dependency}' is not defined in the template. Please see "
                    "https://aka.ms/arm-syntax for usage details."
                )
    left = list(resources)
    while left:
        free = [one for one in left if not any(_waits(one, other) for other in left)]
        if not free:
            raise TemplateError(
                f"Circular dependency detected on resource: '{left[0].id}'. Please see "
                "https://aka.ms/arm-syntax-resources for usage details."
            )
        left = [one for one in left if one not in free]


def _waits(one: Planned, other: Planned) -> bool:
    return any(other.is_named(dependency) for dependency in one.depends)
