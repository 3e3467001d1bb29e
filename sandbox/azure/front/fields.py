"""Fields of a body as Azure Policy names them: `tags['name']`, or a path such as `properties.state`.

Names have no case. Source: docs/azure/resource-manager.md, ARM-31.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.azure.kernel.model import Json

TAG = re.compile(r"tags\['?(.+?)'?\]")


def path_of(field: str) -> list[str]:
    """The names on the way to a field. A tag's name may have dots."""
    tag = TAG.fullmatch(field)
    return ["tags", tag[1]] if tag else field.split(".")


def value_at(body: Any, path: list[str]) -> Any:
    """The value of a field, None where it is missing."""
    for name in path:
        if not isinstance(body, dict):
            return None
        body = body.get(_spelled(body, name))
    return body


def write(body: Json, path: list[str], value: Any) -> None:
    """Set a field, and make the objects around it."""
    for name in path[:-1]:
        name = _spelled(body, name)
        if not isinstance(body.get(name), dict):
            body[name] = {}
        body = body[name]
    body[_spelled(body, path[-1])] = value


def remove(body: Json, path: list[str]) -> None:
    """Remove a field, if the body has it."""
    around = value_at(body, path[:-1])
    if isinstance(around, dict):
        around.pop(_spelled(around, path[-1]), None)


def _spelled(body: Json, name: str) -> str:
    """The name as the body spells it."""
    return next((one for one in body if one.lower() == name.lower()), name)
