"""How each service reports that it is still working: one row a service.

operations.py makes answers and polls from a row.
Sources: docs/azure/long-running-operations.md, LRO-01 to LRO-18.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

# Retry-After of one operation's polls. The recorded ladder 10, 10, 20, 20, 40, 40, 80, 160, 100 begins with
# the accepting answer: recordings of 2024 to 2026 show 10, 20 at the first two polls of a private endpoint
# (source: docs/azure/long-running-operations.md, LRO-09).
LADDER = (10, 20, 20, 40, 40, 80, 160, 100)

STATUS, RESULT = "Azure-AsyncOperation", "Location"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a service reports that it is still working.

    write, delete: headers of the accepting answer. waits: whether answers ask for a wait (recorders removed
    the waits of some services). running: the status of a running poll, by kind of change. running_http: its
    HTTP status. members: what the body of a poll has beside the status. repeats: whether a running poll names
    the URLs again; always: and the last one too. prefix: of the operation's id.
    """

    write: tuple[str, ...] = (STATUS,)
    delete: tuple[str, ...] = (STATUS, RESULT)
    waits: bool = False
    running: Mapping[str, str] = field(default_factory=dict)
    running_http: int = 200
    members: tuple[str, ...] = ()
    repeats: bool = False
    always: bool = False
    prefix: str = ""


class Style(Enum):
    """The manner of each service. Sources: docs/azure/long-running-operations.md, LRO-01 to LRO-18 and
    LRO-22, and docs/azure/resource-manager.md, ARM-10 for groups and ARM-37 for moves.

    NETWORK: 201 or 200; the DELETE's result URL is 204 at the end. FIREWALL: so too, not notified.
    PRIVATE_DNS: 202 `{}`, URLs under the resource group; a running poll is 202.
    DNS_RESOLVER: 202 `{}`, URLs below a region of the resource group; polls are 200 and ask for no wait.
    STORAGE: 202 empty; the result URL is 202 empty until 200 with the resource as body.
    SQL: 202 {"operation", "startTime"}; MySQL and PostgreSQL single servers too.
    GROUP: 202; the result URL is 202 empty until 200 empty. Managed HSM's deletion is like that (LOCATION).
    MOVE: as GROUP, but 204 at the end.
    PLAIN: no headers; only the resource's provisioningState shows it (Key Vault).
    COSMOS: Enqueued, then Dequeued. SERVICE: as the REST API guidelines have it. The others: see their rows.
    """

    NETWORK = "network"
    FIREWALL = "firewall"
    PRIVATE_DNS = "private_dns"
    DNS_RESOLVER = "dns_resolver"
    STORAGE = "storage"
    SQL = "sql"
    GROUP = "group"
    MOVE = "move"
    LOCATION = "location"
    PLAIN = "plain"
    COSMOS = "cosmos"
    EVENT_GRID = "event_grid"
    REGISTRY = "registry"
    REGISTRY_DECISION = "registry_decision"
    COGNITIVE = "cognitive"
    MESSAGING = "messaging"
    DISKS = "disks"
    BATCH = "batch"
    CONFIGURATION = "configuration"
    REALTIME = "realtime"
    DEVICES = "devices"
    WEB = "web"
    SERVICE = "service"


RUNNING = {"write": "Running", "delete": "Running"}

MANNERS = {
    Style.NETWORK: Manner(waits=True),
    Style.FIREWALL: Manner(waits=True),
    Style.PRIVATE_DNS: Manner((STATUS, RESULT), waits=True, running_http=202, repeats=True),
    Style.DNS_RESOLVER: Manner((STATUS, RESULT), members=("id", "name", "startTime", "endTime")),
    Style.STORAGE: Manner((RESULT,), (RESULT,), waits=True),
    Style.SQL: Manner((STATUS, RESULT), waits=True, members=("name", "startTime")),
    Style.GROUP: Manner((RESULT,), (RESULT,), waits=True),
    Style.MOVE: Manner((RESULT,), (RESULT,), waits=True),
    Style.LOCATION: Manner((RESULT,), (RESULT,)),
    Style.PLAIN: Manner((), ()),
    Style.COSMOS: Manner((STATUS, RESULT)),
    Style.EVENT_GRID: Manner(members=("url", "name")),
    Style.REGISTRY: Manner(waits=True, repeats=True, always=True, prefix="registries-"),
    Style.REGISTRY_DECISION: Manner(
        prefix="privateendpointconnections-",
        waits=True,
        delete=(RESULT,),
        running={"write": "Updating"},
        running_http=201,
        members=("resource", "name"),
        repeats=True,
    ),
    Style.COGNITIVE: Manner(running={"write": "Creating"}, members=("id", "name", "startTime", "endTime")),
    Style.MESSAGING: Manner(
        delete=(STATUS,),
        running={"write": "Updating", "delete": "Deleting"},
        members=("below", "name", "startTime", "endTime"),
        repeats=True,
    ),
    Style.DISKS: Manner((STATUS, RESULT), members=("startTime", "endTime", "name", "output")),
    Style.BATCH: Manner((STATUS, RESULT), members=("retryAfter",)),
    Style.CONFIGURATION: Manner((STATUS,), (STATUS,), members=("id", "name"), repeats=True, always=True),
    Style.REALTIME: Manner((STATUS, RESULT), running=RUNNING, members=("id", "name", "startTime", "endTime")),
    Style.DEVICES: Manner((STATUS,), (STATUS, RESULT), running=RUNNING),
    Style.WEB: Manner(members=("id", "name", "startTime", "endTime")),
    Style.SERVICE: Manner((STATUS,), (STATUS, RESULT), members=("id", "name", "startTime", "endTime")),
}

QUEUED_SECONDS = 2.0

# A SQL server's polls ask for 1 second at first, then for 20 (docs/azure/long-running-operations.md, LRO-15).
SQL_YOUNG_SECONDS = 6.0

# First part of the two polling URLs' names below a location; other services say operations.
COLLECTIONS = {
    Style.FIREWALL: ("nfvOperations", "nfvOperationResults"),
    Style.SQL: ("serverAzureAsyncOperation", "serverOperationResults"),
    Style.COSMOS: ("operationsStatus", "operationResults"),
    Style.DNS_RESOLVER: ("dnsResolverOperationStatuses", "dnsResolverOperationResults"),
    Style.EVENT_GRID: ("operationsStatus", "operationResults"),
    Style.CONFIGURATION: ("operationsStatus", "operationResults"),
    Style.REALTIME: ("operationStatuses", "operationResults"),
    Style.COGNITIVE: ("operationResults", "operationResults"),
    Style.WEB: ("operationResults", "operationResults"),
    Style.DISKS: ("DiskOperations", "DiskOperationResults"),
}
