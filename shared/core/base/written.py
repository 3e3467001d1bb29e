"""The part of a body that a client writes: without what Azure only reports."""

from collections.abc import Mapping
from typing import Any

from shared.core.base.bodies import Seen

# Members that Azure reports and no client writes, of every kind that Causeway deletes (Microsoft Learn: REST
# references of Microsoft.Network and private DNS). Names that are not here are kept.
_REPORTED = frozenset(
    {
        "etag",
        "systemData",
        "provisioningState",
        "resourceGuid",
        "networkInterfaces",
        "customDnsConfigs",
        "privateLinkServiceConnectionState",
        "recordSets",
        "peeringState",
        "peeringSyncLevel",
        "remoteAddressSpace",
        "remoteVirtualNetworkAddressSpace",
        "remoteVirtualNetworkEncryption",
        "virtualNetworkLinkState",
    }
)


def recreation(have: Seen) -> dict[str, Any]:
    """The body that creates the object again; it is named by the id beside it."""
    body: dict[str, Any] = written(have.body)
    body.pop("name", None)
    return body | ({"tags": have.body["tags"]} if "tags" in have.body else {})  # whatever a tag is called


def written(value: Any) -> Any:
    """The value as a PUT takes it. A part with properties is named by its name; only references keep ids."""
    match value:
        case Mapping():
            left_out = _REPORTED | ({"id", "type"} if "properties" in value else set())
            return {name: written(part) for name, part in value.items() if name not in left_out}
        case list():
            return [written(part) for part in value]
        case _:
            return value
