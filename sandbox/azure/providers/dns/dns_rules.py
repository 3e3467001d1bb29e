"""What zones, links and record sets share: preconditions, and the limit of reads.

Sources: docs/azure/dns.md, DNS-13 and DNS-15.
"""

from __future__ import annotations

from typing import Any

from sandbox.azure.kernel import paging, refusals
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import ArmError, Response
from sandbox.azure.kernel.provider import Call
from sandbox.azure.kernel.world import World

ZONE = "Microsoft.Network/privateDnsZones"
READS, WINDOW = 500, 300.0
WRITES = 12000
HEADER = "x-ms-ratelimit-remaining-subscription-resource-requests"


def broken_precondition(call: Call, text: str, quoted: str) -> ArmError | None:
    """The PreconditionFailed of If-None-Match or If-Match, or None.

    `text` names the resource in the first message ("Zone x"), `quoted` in the second ("Zone 'x'"), as
    recorded.
    """
    none_match, match = call.header("If-None-Match"), call.header("If-Match")
    if none_match == "*" and call.existing is not None:
        message = f"The {text} exists already and hence cannot be created again."
    elif match and match != "*" and (call.existing is None or call.existing.etag != match):
        message = f"The {quoted} has been modified (etag mismatch)."
    else:
        return None
    return ArmError(412, "PreconditionFailed", message, envelope="bare")


def spend_read(call: Call) -> dict[str, str]:
    """Count one of the subscription's 500 reads in 5 minutes. Returns the header with the number left.

    Raises 429 with Retry-After when none is left (code and body of that refusal are not recorded).
    """
    world = call.world
    spent: dict[str, list[float]] = world.memory.setdefault("dns_reads", {})
    window = [moment for moment in spent.get(call.id.subscription, []) if moment > world.now - WINDOW]
    if len(window) >= READS:
        raise ArmError(
            429,
            "TooManyRequests",
            f"The request rate of subscription '{call.id.subscription}' for private DNS reads is over "
            f"{READS} in {int(WINDOW)} seconds.",
            retry_after=max(1.0, window[0] + WINDOW - world.now),
        )
    spent[call.id.subscription] = [*window, world.now]
    return {HEADER: str(READS - 1 - len(window))}


def get(call: Call) -> Response:
    """GET of anything in private DNS: counted, and with an ETag header."""
    headers = spend_read(call)
    if call.existing is None:
        raise refusals.no_resource(call.id)
    if call.existing.etag is not None:
        headers["ETag"] = call.existing.etag
    return Response(200, call.world.show(call.existing), headers)


def page(call: Call, *types: str) -> Response:
    """A page of what is in a zone of these types: counted as one read."""
    headers = spend_read(call)
    store = call.world.store
    response = paging.page_of_rows(
        call.request, lambda number: store.typed_after(number, types, call.id), call.world.show
    )
    response.headers |= headers
    return response


def list_children(call: Call) -> Response:
    """Stored children of a zone."""
    return page(call, call.type.name)


def written(response: Response) -> Response:
    """Add the header of remaining writes. It is constant: no recording shows it run out."""
    response.headers[HEADER] = str(WRITES - 1)
    return response


def live_zone(world: World, id: ArmId | None) -> Any:
    """The zone if it exists and is created, else None: a zone in creation accepts no children."""
    zone = world.find(id)
    return zone if zone is not None and zone.state != "Creating" else None
