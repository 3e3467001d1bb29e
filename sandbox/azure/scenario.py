"""A world to begin with: YAML or JSON, applied through the same PUT handlers as any request, at once and
without events.

Format, all optional but `resources`:
  management_groups  a list of names, or of {"name", "parent", "displayName"}; parents come first
  subscriptions      a list of ids, or of {"id", "name", "managementGroup", "tenant"}, the last for those of
                     another tenant
  resources          a list of {"id": ..., and the PUT body's members}; parents come before what is in them
  policies, denials, dns
                     bodies of the control API of these names, for when all resources exist (docs/sandbox.md)
  role               {"scopes": [ids]}: where the app's own role is assigned
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sandbox.azure.front import deny_assignments, policies
from sandbox.azure.front.dispatch import Gateway
from sandbox.azure.kernel import tenants
from sandbox.azure.kernel.hierarchy import PREFIX
from sandbox.azure.kernel.model import ArmError, Json, Request
from sandbox.azure.kernel.world import World
from sandbox.azure.reachability import dns_servers

DEFAULT = Path(__file__).parents[1] / "scenarios" / "default.yaml"
VERSION = "2025-01-01"
# The safe loader with the parser in C, which every wheel of PyYAML has, takes a tenth of the time.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def named(text: str) -> Path:
    """A scenario that comes with the sandbox, by its name; or a file."""
    file = DEFAULT.parent / f"{text}.yaml"
    return file if "/" not in text and file.is_file() else Path(text)


class ScenarioError(Exception):
    """The file is no scenario, or Azure would refuse one of its resources: says which and why."""


def load(path: Path) -> Json:
    """Read a scenario file; `.json` is read as JSON, in a fraction of the time. Raises ScenarioError."""
    text = path.read_text()
    content: Any = json.loads(text) if path.suffix == ".json" else yaml.load(text, LOADER)  # noqa: S506
    if not isinstance(content, dict) or not isinstance(content.get("resources"), list):
        raise ScenarioError(f"{path.name}: a mapping with a list `resources` is needed")
    return content


def apply(world: World, gateway: Gateway, scenario: Json) -> None:
    """Put every resource of the scenario through the gateway of that world.

    Raises ScenarioError naming the first that is refused."""
    with _instant(world):
        for group in scenario.get("management_groups") or []:
            _put(gateway, *_group(group))
        for subscription in scenario.get("subscriptions") or []:
            _declare(world, gateway, subscription)
        for number, resource in enumerate(scenario["resources"], 1):
            _put_resource(gateway, number, resource)
            world.operations.clear()
    _configure(world, gateway, scenario)


def _group(given: Any) -> tuple[str, Json]:
    """The PUT of a management group: a name, or {"name", "parent", "displayName"}."""
    named: Json = given if isinstance(given, dict) else {"name": given}
    parent = {"id": f"{PREFIX}{named['parent']}"} if named.get("parent") else {}
    shown = {"displayName": named["displayName"]} if named.get("displayName") else {}
    return f"{PREFIX}{named['name']}", {"properties": {"details": {"parent": parent}} | shown}


def _declare(world: World, gateway: Gateway, given: Any) -> None:
    """Make a subscription, name it and place it, or put it into another tenant."""
    named: Json = given if isinstance(given, dict) else {"id": given}
    id = str(named.get("id", ""))
    if not id:
        raise ScenarioError("a subscription needs an id")
    known = world.subscriptions.setdefault(id.lower(), {"name": id})
    known["name"] = named.get("name", known["name"])
    if named.get("tenant"):
        tenants.declare(world.subscriptions, {"subscription": id} | named)
    if named.get("managementGroup"):
        _put(gateway, f"{PREFIX}{named['managementGroup']}/subscriptions/{id}", {})


def _configure(world: World, gateway: Gateway, scenario: Json) -> None:
    """Policies and the like. They come last: what exists was made before them."""
    try:
        if "policies" in scenario:
            policies.configure(world, scenario["policies"])
        if "denials" in scenario:
            deny_assignments.configure(world, scenario["denials"]["deny"])
        if "dns" in scenario:
            dns_servers.configure(world, scenario["dns"])
        if "role" in scenario:
            gateway.access.own = [str(one).lower() for one in scenario["role"]["scopes"]]
    except (ValueError, LookupError, TypeError) as error:
        raise ScenarioError(str(error)) from error


@contextmanager
def _instant(world: World) -> Iterator[None]:
    """Let operations end at once, and do not look for garbage meanwhile: nearly all that is made is kept."""
    collecting = gc.isenabled()
    gc.disable()
    world.instant = True
    try:
        yield
    finally:
        world.instant = False
        if collecting:
            gc.enable()


def _put_resource(gateway: Gateway, number: int, resource: Any) -> None:
    if not isinstance(resource, dict) or not isinstance(resource.get("id"), str):
        raise ScenarioError(f"resource {number} has no id")
    _put(gateway, resource["id"], {name: value for name, value in resource.items() if name != "id"})


def _put(gateway: Gateway, id: str, body: Json) -> None:
    request = Request("PUT", id, {"api-version": VERSION}, {}, body)
    try:
        response = gateway.answer(request, "user").response
    except ArmError as error:
        raise ScenarioError(f"{id}: {error}") from error
    if response.status >= 300:
        raise ScenarioError(f"{id}: {response.status} {response.body}")
