"""A target: the resource that somebody wants to reach, as ARM shows it.

Place in the data's way: read anew at the start of every walk; the intent, the catalogue's rules and the
search for other people's endpoints are all made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.core.errors import InputError, InvalidId
from shared.core.ids import ResourceId


@dataclass(frozen=True, slots=True)
class Connection:
    """One private endpoint connection as the target lists it.

    `endpoint_id` is None where the provider hides it. Group ids are listed by some providers only.
    """

    endpoint_id: ResourceId | None
    name: str
    status: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """Location, kind and sku are as ARM returns them, empty where the type has none."""

    id: ResourceId
    location: str
    kind: str
    sku: str
    tags: Mapping[str, str]
    properties: Mapping[str, Any]

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Target:
        """Read a GET's body. Raises InputError if it has no id."""
        text = body.get("id")
        if not isinstance(text, str):
            raise InputError("id", text, "ARM returned a body without an id")
        sku, tags, properties = body.get("sku"), body.get("tags"), body.get("properties")
        return cls(
            ResourceId.parse(text),
            str(body.get("location") or ""),
            str(body.get("kind") or ""),
            str(sku.get("name") or "") if isinstance(sku, Mapping) else "",
            {str(k): str(v) for k, v in tags.items()} if isinstance(tags, Mapping) else {},
            properties if isinstance(properties, Mapping) else {},
        )

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The private endpoint connections that the body lists; not every type lists them."""
        return tuple(self._connections())

    def _connections(self) -> Iterator[Connection]:
        listed = self.properties.get("privateEndpointConnections")
        for entry in listed if isinstance(listed, list) else ():
            properties = entry.get("properties") if isinstance(entry, Mapping) else None
            if not isinstance(properties, Mapping):
                continue
            state = properties.get("privateLinkServiceConnectionState")
            groups = properties.get("groupIds")
            yield Connection(
                _endpoint(properties.get("privateEndpoint")),
                str(entry.get("name") or ""),
                str(state.get("status") or "") if isinstance(state, Mapping) else "",
                tuple(str(group) for group in groups) if isinstance(groups, list) else (),
            )


def _endpoint(reference: object) -> ResourceId | None:
    text = reference.get("id") if isinstance(reference, Mapping) else None
    try:
        return ResourceId.parse(text) if isinstance(text, str) else None
    except InvalidId:
        return None
