"""The resource types that are read and written through the SDK's clients, as one table.

A new type is one row. All rows have the same operations (`get`, `list`, `begin_create_or_update`,
`begin_delete`), so nothing else depends on the type.
"""

from dataclasses import dataclass
from typing import Literal

from shared.core.base.errors import PermanentError


@dataclass(frozen=True, slots=True)
class Operations:
    """Where the SDK has the operations of a type, its name for the parent, and how a write ends.

    `ends`: `state` where the resource's own provisioningState shows the result; `operation` where only the
    status of the operation shows a failure (private DNS: 202 with an empty body, errors in the poll;
    docs/azure/long-running-operations.md, LRO-13). `written` is False for types that are only read: a network
    is never written as a whole, because the write would replace everything in it. That is true of a security
    group too: it is written only where none exists, re-read under the group's lease
    (`core/kinds/security_group.py` asks for nothing else). `deleted` is False for types on which other
    resources come to depend: they are kept, and the app's role has no right to delete them.
    `listed`: those of a whole subscription can be read by one list.
    """

    client: Literal["network", "dns"]
    group: str
    parent: str = ""
    ends: Literal["state", "operation"] = "state"
    written: bool = True
    deleted: bool = True
    listed: bool = False


OPERATIONS = {
    "microsoft.network/privateendpoints": Operations("network", "private_endpoints"),
    "microsoft.network/privateendpoints/privatednszonegroups": Operations(
        "network", "private_dns_zone_groups", "private_endpoint_name"
    ),
    "microsoft.network/networkinterfaces": Operations(
        "network", "network_interfaces", written=False, listed=True
    ),
    "microsoft.network/virtualnetworks": Operations(
        "network", "virtual_networks", written=False, listed=True
    ),
    "microsoft.network/virtualnetworks/subnets": Operations(
        "network", "subnets", "virtual_network_name", deleted=False
    ),
    "microsoft.network/virtualnetworks/virtualnetworkpeerings": Operations(
        "network", "virtual_network_peerings", "virtual_network_name"
    ),
    "microsoft.network/networksecuritygroups": Operations(
        "network", "network_security_groups", deleted=False, listed=True
    ),
    "microsoft.network/networksecuritygroups/securityrules": Operations(
        "network", "security_rules", "network_security_group_name"
    ),
    "microsoft.network/routetables": Operations("network", "route_tables", written=False, listed=True),
    "microsoft.network/privatednszones": Operations("dns", "private_zones", ends="operation", deleted=False),
    "microsoft.network/privatednszones/virtualnetworklinks": Operations(
        "dns", "virtual_network_links", "private_zone_name", ends="operation"
    ),
}


def operations(kind: str) -> Operations | None:
    """The row of a type, in any case; None for a type that the generic client reads."""
    return OPERATIONS.get(kind.lower())


def writable(kind: str) -> Operations:
    """The row of a type that is written. Raises PermanentError for any other type."""
    known = operations(kind)
    if known is None or not known.written:
        raise PermanentError("NotWritten", f"Causeway does not write resources of type {kind}")
    return known


def deletable(kind: str) -> Operations:
    """The row of a type that is deleted. Raises PermanentError for any other type."""
    known = writable(kind)
    if not known.deleted:
        raise PermanentError("NotDeleted", f"Causeway does not delete resources of type {kind}")
    return known
