"""A world to begin with: YAML or JSON, applied through the same PUT handlers as any request, at once and
without events.

Format: a list `subscriptions` of ids, or of {"id", "tenant"} for those of another tenant (optional), and a
list `resources`, each {"id": ..., and the PUT body's members}. Groups and parents come before what is in
them.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from sandbox.azure.front.dispatch import Gateway
from sandbox.azure.kernel import tenants
from sandbox.azure.kernel.model import ArmError, Json, Request
from sandbox.azure.kernel.world import World

DEFAULT = Path(__file__).parents[1] / "scenarios" / "default.yaml"
VERSION = "2025-01-01"
# The safe loader with the parser in C, which every wheel of PyYAML has, takes a tenth of the time.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
    for subscription in scenario.get("subscriptions") or []:
        if isinstance(subscription, dict):
            tenants.declare(world.subscriptions, {"subscription": subscription.get("id")} | subscription)
        else:
            world.subscriptions.setdefault(str(subscription).lower(), {"name": str(subscription)})
    with _instant(world):
        for number, resource in enumerate(scenario["resources"], 1):
            _put(gateway, number, resource)
            world.operations.clear()


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


def _put(gateway: Gateway, number: int, resource: Any) -> None:
    if not isinstance(resource, dict) or not isinstance(resource.get("id"), str):
        raise ScenarioError(f"resource {number} has no id")
    body = {name: value for name, value in resource.items() if name != "id"}
    request = Request("PUT", resource["id"], {"api-version": VERSION}, {}, body)
    try:
        response = gateway.answer(request, "user").response
    except ArmError as error:
        raise ScenarioError(f"{resource['id']}: {error}") from error
    if response.status >= 300:
        raise ScenarioError(f"{resource['id']}: {response.status} {response.body}")
