"""What is known of an estate: the app's connections, and facts of resources from lists that Azure gives.

Lists are what `az resource list`, `az group list`, `az account management-group entities list` and Resource
Graph print. What a list does not have of a resource is not known; what it shows as null is not there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from causeway.app_api import connections
from causeway.files import UnreadableError, text_of
from causeway.given import Given
from shared.core.base.bodies import mapping, resource_id
from shared.core.base.errors import InvalidId
from shared.core.base.ids import GroupId, ResourceId

MOST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Connection:
    """One row of the app's ledger. `profile` and `rule`: of its last outcome. `owned`: how many objects were
    made."""

    id: ResourceId
    profile: str
    result: str
    owned: int
    rule: str = ""

    @property
    def connects(self) -> bool:
        """The app connects it, or tries to."""
        return bool(self.profile) and self.result in ("Connected", "Pending", "Blocked", "Failed")


@dataclass(frozen=True, slots=True)
class Estate:
    """Bodies of resources and groups by key, and the management groups above subscriptions.

    `unread`: entries of the ledger that name no resource.
    """

    rows: Mapping[ResourceId, Connection] = field(default_factory=dict)
    resources: Mapping[ResourceId, Mapping[str, Any]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    above: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: int = 0

    @property
    def every(self) -> list[ResourceId]:
        """All resources of the ledger and of the lists, in order."""
        return sorted({*self.rows, *self.resources}, key=lambda at: at.key)

    def given(self, at: ResourceId) -> Given:
        """What is known of a resource."""
        body, group = self.resources.get(at, {}), self.groups.get(at.group.key)
        known = {
            "region": _text(body, "location"),
            "sku": _sku(body),
            "tags": _tags(body),
            "group_tags": None if group is None else _tags(group),
            "managed_by": None if group is None else _text(group, "managedBy"),
            "management_groups": self.above.get(at.subscription.lower()),
        }
        return Given.of(at, shown=at.text, **known)


def read_estate(ledger: str | None, lists: Iterable[str]) -> Estate:
    """The ledger from a file or a running app, and lists from files. Raises UnreadableError."""
    read = [_row(body) for body in _ledger(ledger)] if ledger else []
    rows = {row.id: row for row in read if row}
    items = [item for file in lists for item in _members(file)]
    resources, groups, above = {}, {}, {}
    for item in items:
        at = item.get("id")
        if isinstance(item.get("parentNameChain"), list):
            chain = [name for name in item["parentNameChain"] if isinstance(name, str)]
            above[str(item.get("name")).lower()] = tuple(chain)
        elif (group := _group(at)) is not None:
            groups[group.key] = item
        elif (found := resource_id(at)) is not None:
            resources[found] = item
    return Estate(rows, resources, groups, above, read.count(None))


def _ledger(name: str) -> Iterable[Mapping[str, Any]]:
    return connections(name) if name.startswith(("https://", "http://")) else _members(name)


def _members(file: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a JSON list, or of an answer that has one under `value` or `data`."""
    try:
        found = json.loads(text_of(file, MOST_BYTES))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(file, f"it is not JSON: {error}", "write it as `-o json` prints it") from error
    if isinstance(found, dict) and found.get("nextLink"):
        remedy = "give all pages: `causeway connections URL` prints them"
        raise UnreadableError(file, "it is one page of a longer list", remedy)
    if isinstance(found, dict):
        found = next((found[name] for name in ("value", "data") if name in found), None)
    if not isinstance(found, list):
        raise UnreadableError(file, "it has no list", "give what /api/connections or `az ... -o json` prints")
    return (item for item in found if isinstance(item, dict))


def _row(body: Mapping[str, Any]) -> Connection | None:
    at = resource_id(body.get("resource_id"))
    owned = body.get("owned")
    count = len(owned) if isinstance(owned, list) else 0
    profile, result, rule = (str(body.get(name) or "") for name in ("profile", "result", "rule"))
    return Connection(at, profile, result, count, rule) if at else None


def _group(at: object) -> GroupId | None:
    try:
        return GroupId.parse(at) if isinstance(at, str) else None
    except InvalidId:
        return None


def _text(body: Mapping[str, Any], name: str) -> str | None:
    return str(body[name] or "") if name in body else None


def _sku(body: Mapping[str, Any]) -> str | None:
    """As the app reads it: some types have it among their properties, which not every list shows."""
    sku, properties = body.get("sku"), body.get("properties")
    if isinstance(sku, str) and sku:
        return sku
    if name := mapping(sku).get("name"):
        return str(name)
    if "sku" not in body or not isinstance(properties, Mapping):
        return None
    inner = mapping(properties.get("sku")).get("name")
    return inner if isinstance(inner, str) else ""


def _tags(body: Mapping[str, Any]) -> Mapping[str, str] | None:
    if "tags" not in body:
        return None
    return {str(name): str(value or "") for name, value in mapping(body["tags"]).items()}
