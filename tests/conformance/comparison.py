"""Compares a recorded answer with the simulator's: status, headers that clients use, shape of the body."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.conformance import masks
from tests.conformance.recordings import Exchange


@dataclass(frozen=True, slots=True)
class Kept:
    """What the recorder of a file left in: azure-cli's removes Retry-After, libjava's writes 0; some remove
    ETag.
    """

    retry_after: bool
    etag: bool

    @classmethod
    def of(cls, exchanges: list[Exchange]) -> Kept:
        """A recorder that kept a header once kept it always."""
        return cls(
            any(one.headers.get("retry-after", "0") != "0" for one in exchanges),
            any("etag" in one.headers for one in exchanges),
        )


@dataclass(frozen=True, slots=True)
class Actual:
    """The simulator's answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: Any


def differences(exchange: Exchange, actual: Actual, kept: Kept) -> list[str]:
    """Everything in which the two differ, one line each; empty when they agree."""
    found = []
    if exchange.status != actual.status:
        return [f"status {actual.status}, recorded {exchange.status}{_why(actual)}"]
    for name in ("azure-asyncoperation", "location"):
        old = masks.old_operation(exchange.method, exchange.path, name) and name in exchange.headers
        if (name in exchange.headers) != (name in actual.headers) and not old:
            found.append(f"header {name} {'extra' if name in actual.headers else 'missing'}")
    waits = exchange.headers.get("retry-after"), actual.headers.get("retry-after")
    if kept.retry_after and waits[0] != waits[1] and not masks.old_wait(exchange.path, *waits):
        found.append(f"retry-after {waits[1]}, recorded {waits[0]}")
    if kept.etag and exchange.method == "GET" and ("etag" in exchange.headers) != ("etag" in actual.headers):
        found.append(f"header etag {'extra' if 'etag' in actual.headers else 'missing'}")
    version = exchange.query.get("api-version", "")
    found += _compare(exchange.body, actual.body, "", version)
    return found


def _why(actual: Actual) -> str:
    if actual.status < 400 or not isinstance(actual.body, dict):
        return ""
    error = actual.body.get("error", actual.body)
    return f" ({error.get('code')}: {str(error.get('message'))[:160]})"


def _compare(recorded: Any, actual: Any, path: str, version: str) -> Iterator[str] | list[str]:
    member = path.rsplit(".", 1)[-1].split("[")[0]
    if member in masks.MADE_UP:
        return []
    if recorded is None or actual is None:
        empty = recorded in (None, {}, []) and actual in (None, {}, [])
        return [] if empty else [f"{path}: {actual!r}, recorded {recorded!r}"]
    if isinstance(recorded, dict) and isinstance(actual, dict):
        return list(_compare_objects(recorded, actual, path, version))
    if isinstance(recorded, list) and isinstance(actual, list):
        return list(_compare_lists(recorded, actual, path, version))
    if member in masks.SERVICE_ERAS:
        return []
    if masks.old_description(path, recorded, actual):
        return []
    if member in masks.PLACES:
        same = masks.place(recorded) == masks.place(actual)
    elif isinstance(recorded, str) and isinstance(actual, str):
        same = masks.masked(recorded) == masks.masked(actual)
    else:
        same = recorded == actual
    return [] if same else [f"{path}: {actual!r}, recorded {recorded!r}"]


def _compare_objects(recorded: dict, actual: dict, path: str, version: str) -> Iterator[str]:
    for name, value in recorded.items():
        if name not in actual:
            if value is not None and not _may_lack(name, version):
                yield f"{path}.{name} missing"
            continue
        yield from _compare(value, actual[name], f"{path}.{name}", version)
    for name in actual:
        if name in recorded or name in masks.SERVICE_ERAS or actual[name] is None:
            continue
        if not _may_add(name, version):
            yield f"{path}.{name} extra"


def _may_lack(name: str, version: str) -> bool:
    old = version <= masks.OLDER_MEMBERS.get(name, "")
    return old or name in masks.SERVICE_ERAS or name in masks.MAY_LACK


def _may_add(name: str, version: str) -> bool:
    newer = version < masks.NEWER_MEMBERS.get(name, "")
    return newer or (name in masks.OLDER_MEMBERS and version > masks.OLDER_MEMBERS[name])


def _compare_lists(recorded: list, actual: list, path: str, version: str) -> Iterator[str]:
    """Lists of things with names are sets to Azure; others have an order."""
    if len(recorded) != len(actual):
        yield f"{path}: {len(actual)} items, recorded {len(recorded)}"
        return
    by_name = all(isinstance(one, dict) and "id" in one for one in [*recorded, *actual])
    if by_name:
        recorded = sorted(recorded, key=name_of)
        actual = sorted(actual, key=name_of)
    for index, (left, right) in enumerate(zip(recorded, actual, strict=True)):
        yield from _compare(left, right, f"{path}[{index}]", version)


def name_of(one: dict) -> tuple[str, str]:
    """The masked id; where two are alike, the rest decides."""
    return masks.masked(str(one["id"])), masks.masked(json.dumps(one, sort_keys=True))
