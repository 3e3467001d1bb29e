"""Fields of a body as Azure Policy names them: `tags['name']`, or a path such as `properties.state`.

`[*]` after a name is every member of a list: `properties.subnets[*].properties.state`. Names have no case.
Source: docs/azure/resource-manager.md, ARM-31.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.azure.kernel.model import Json

type Path = tuple[str | int, ...]
EACH = "[*]"
TAG = re.compile(r"tags\['?(.+?)'?\]")


def path_of(field: str) -> Path:
    """The names on the way to a field. A tag's name may have dots."""
    tag = TAG.fullmatch(field)
    return ("tags", tag[1]) if tag else tuple(field.split("."))


def paths_in(body: Any, path: Path) -> list[Path]:
    """The path with a number in place of each `[*]`, one path a member; the path itself without a `[*]`."""
    place = next((number for number, name in enumerate(path) if str(name).endswith(EACH)), None)
    if place is None:
        return [path]
    before = (*path[:place], str(path[place]).removesuffix(EACH))
    members = value_at(body, before)
    count = len(members) if isinstance(members, list) else 0
    return [
        found for number in range(count) for found in paths_in(body, (*before, number, *path[place + 1 :]))
    ]


def value_at(body: Any, path: Path) -> Any:
    """The value of a field, None where it is missing."""
    for name in path:
        if isinstance(body, list) and isinstance(name, int):
            body = body[name] if name < len(body) else None
        elif isinstance(body, dict):
            body = body.get(_spelled(body, str(name)))
        else:
            return None
    return body


def write(body: Json, path: Path, value: Any) -> None:
    """Set a field, and make the objects around it; the members of lists exist."""
    around: Any = body
    for name in path[:-1]:
        if isinstance(name, int):
            around = around[name]
            continue
        name = _spelled(around, name)
        if not isinstance(around.get(name), dict | list):
            around[name] = {}
        around = around[name]
    around[_spelled(around, str(path[-1]))] = value


def remove(body: Json, path: Path) -> None:
    """Remove a field, if the body has it."""
    around = value_at(body, path[:-1])
    if isinstance(around, dict):
        around.pop(_spelled(around, str(path[-1])), None)


def _spelled(body: Json, name: str) -> str:
    """The name as the body spells it."""
    return next((one for one in body if one.lower() == name.lower()), name)
