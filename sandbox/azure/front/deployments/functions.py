"""The functions of template expressions that depend on their arguments alone.

Source: docs/azure/deployments.md, DEP-02. Names are in lower case. `uniqueString` makes 13 letters and digits
from its arguments, but other ones than Azure.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
import uuid
from typing import Any
from urllib.parse import quote, unquote, urljoin

from sandbox.azure.front.deployments.expressions import Function, member

GUIDS = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")  # the namespace of guid()
DIGITS = "abcdefghijklmnopqrstuvwxyz234567"


def as_text(value: Any) -> str:
    """A value as `string` and `concat` write it."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def _unique(*values: str) -> str:
    digest = hashlib.sha256("-".join(values).lower().encode()).digest()
    return "".join(DIGITS[one % len(DIGITS)] for one in digest[:13])


def _concat(*values: Any) -> Any:
    if values and isinstance(values[0], list):
        return [one for value in values for one in value]
    return "".join(as_text(one) for one in values)


def _format(pattern: str, *values: Any) -> str:
    return pattern.format(*(one if isinstance(one, int | float) else as_text(one) for one in values))


def _contains(whole: Any, part: Any) -> bool:
    if isinstance(whole, dict):
        return any(name.lower() == str(part).lower() for name in whole)
    return part in whole


def _union(*values: Any) -> Any:
    if isinstance(values[0], dict):
        merged: dict[str, Any] = {}
        for value in values:
            both = {name: _union(merged[name], one) for name, one in value.items()
                    if isinstance(one, dict) and isinstance(merged.get(name), dict)}  # fmt: skip
            merged |= value | both
        return merged
    found: list[Any] = []
    found.extend(one for value in values for one in value if one not in found)
    return list({as_text(one): one for one in found}.values())


def _intersection(first: Any, *others: Any) -> Any:
    if isinstance(first, dict):
        return {name: one for name, one in first.items() if all(other.get(name) == one for other in others)}
    return [one for one in first if all(one in other for other in others)]


def _replace(value: str, old: str, new: str) -> str:
    return value.replace(old, new)


def _substring(value: str, start: int, length: int | None = None) -> str:
    end = len(value) if length is None else start + length
    if start < 0 or end > len(value):
        raise ValueError("the index and length must refer to a location within the string")
    return value[start:end]


def _coalesce(*values: Any) -> Any:
    return next((one for one in values if one is not None), None)


def _try_get(whole: Any, *parts: Any) -> Any:
    for part in parts:
        if isinstance(whole, dict) and not _contains(whole, part):
            return None
        if isinstance(whole, list) and not (isinstance(part, int) and part < len(whole)):
            return None
        if whole is None:
            return None
        whole = member(whole, part)
    return whole


def _range(start: int, count: int) -> list[int]:
    return list(range(start, start + count))


def _numbers(*values: Any) -> list[int]:
    return list(values[0]) if isinstance(values[0], list) else list(values)


def _cidr_subnet(network: str, size: int, index: int) -> str:
    whole = ipaddress.ip_network(network)
    start = int(whole.network_address) + index * 2 ** (whole.max_prefixlen - size)
    found = ipaddress.ip_network((start, size))
    if size < whole.prefixlen or int(found.broadcast_address) > int(whole.broadcast_address):
        raise ValueError(f"there is no subnet {index} of size {size} in {network}")
    return str(found)


def _cidr_host(network: str, index: int) -> str:
    whole = ipaddress.ip_network(network)
    return str(whole.network_address + index + 1)


def _parse_cidr(network: str) -> dict[str, Any]:
    whole = ipaddress.ip_network(network, strict=False)
    return {
        "network": str(whole.network_address),
        "netmask": str(whole.netmask),
        "broadcast": str(whole.broadcast_address),
        "firstUsable": str(whole.network_address + 1),
        "lastUsable": str(whole.broadcast_address - 1),
        "cidr": whole.prefixlen,
    }


def _array(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _split(value: str, marks: Any) -> list[str]:
    for mark in marks if isinstance(marks, list) else [marks]:
        value = value.replace(mark, "\0")
    return value.split("\0")


def _create_object(*pairs: Any) -> dict[str, Any]:
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def _boolean(value: Any) -> bool:
    return value.lower() in ("true", "1") if isinstance(value, str) else bool(value)


def _integer_division(one: int, other: int) -> int:
    return int(one / other)


PURE: dict[str, Function] = {
    "concat": _concat,
    "format": _format,
    "string": as_text,
    "tolower": lambda value: value.lower(),
    "toupper": lambda value: value.upper(),
    "trim": lambda value: value.strip(),
    "replace": _replace,
    "substring": _substring,
    "split": _split,
    "join": lambda values, mark: mark.join(as_text(one) for one in values),
    "startswith": lambda value, part: value.lower().startswith(part.lower()),
    "endswith": lambda value, part: value.lower().endswith(part.lower()),
    "indexof": lambda value, part: value.lower().find(part.lower()) if isinstance(value, str)
    else next((place for place, one in enumerate(value) if one == part), -1),
    "lastindexof": lambda value, part: value.lower().rfind(part.lower()),
    "padleft": lambda value, length, mark=" ": as_text(value).rjust(length, mark),
    "uniquestring": _unique,
    "guid": lambda *values: str(uuid.uuid5(GUIDS, "-".join(values))),
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64tostring": lambda value: base64.b64decode(value).decode(),
    "uri": urljoin,
    "uricomponent": lambda value: quote(value, safe=""),
    "uricomponenttostring": unquote,
    "length": len,
    "empty": lambda value: not value,
    "contains": _contains,
    "first": lambda value: value[0],
    "last": lambda value: value[-1],
    "skip": lambda value, count: value[max(count, 0):],
    "take": lambda value, count: value[: max(count, 0)],
    "union": _union,
    "intersection": _intersection,
    "shallowmerge": lambda values: {name: one for value in values for name, one in value.items()},
    "flatten": lambda values: [one for value in values for one in value],
    "range": _range,
    "min": lambda *values: min(_numbers(*values)),
    "max": lambda *values: max(_numbers(*values)),
    "array": _array,
    "createarray": lambda *values: list(values),
    "createobject": _create_object,
    "items": lambda value: [{"key": name, "value": value[name]} for name in sorted(value)],
    "objectkeys": lambda value: sorted(value),
    "tryget": _try_get,
    "json": json.loads,
    "int": int,
    "bool": _boolean,
    "null": lambda: None,
    "true": lambda: True,
    "false": lambda: False,
    "not": lambda value: not value,
    "and": lambda *values: all(values),
    "or": lambda *values: any(values),
    "equals": lambda one, other: one == other,
    "less": lambda one, other: one < other,
    "lessorequals": lambda one, other: one <= other,
    "greater": lambda one, other: one > other,
    "greaterorequals": lambda one, other: one >= other,
    "coalesce": _coalesce,
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "mul": lambda one, other: one * other,
    "div": _integer_division,
    "mod": lambda one, other: one % other,
    "cidrsubnet": _cidr_subnet,
    "cidrhost": _cidr_host,
    "parsecidr": _parse_cidr,
}  # fmt: skip
