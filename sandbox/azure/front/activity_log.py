"""The activity log: what was written, deleted or done in a subscription, and by whom.

Sources: docs/azure/clients.md, CLI-12. Its records are the changes that Event Grid reports too.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from zlib import crc32

from sandbox.azure.front.asked import Asked
from sandbox.azure.kernel.changes import Change
from sandbox.azure.kernel.directory import CLIENT_IDS, OBJECT_IDS, TENANT
from sandbox.azure.kernel.model import ArmError, Json, Response
from sandbox.azure.kernel.paging import page
from sandbox.azure.kernel.world import World

PAGE = 200
CLAUSE = re.compile(r"\s*(\w+)\s+(eq|ge|le)\s+(?:'([^']*)'|([\d:.TZ+-]+))\s*")  # az sends bare times
STATUS = {"Success": "Succeeded", "Failure": "Failed", "Cancel": "Canceled"}


def record(world: World, change: Change) -> None:
    """Keep a change, with an id of its own."""
    kept: list[tuple[str, Change]] = world.memory.setdefault("activity", [])
    kept.append((f"{len(kept):08x}-0000-4000-8000-{crc32(change.subject.encode()):012x}", change))


def listed(asked: Asked) -> Response:
    """`GET .../Microsoft.Insights/eventtypes/management/values?$filter=...`: the last record first.

    Raises ArmError 400 for a filter without a beginning, or with another comparison than the documented ones.
    """
    asked.authorize("Microsoft.Insights/eventtypes/values/read")
    tests = _tests(asked.request.query.get("$filter", ""))
    shown = [_shown(id, change) for id, change in reversed(asked.world.memory.get("activity", []))]
    chosen = asked.request.query.get("$select", "")
    here = [one for one in shown if one["subscriptionId"].lower() == asked.subscription.subscription.lower()]
    found = [one for one in here if all(test(one) for test in tests)]
    return page(asked.request, [_selected(one, chosen) for one in found], PAGE)


def _tests(text: str) -> list[Callable[[Json], bool]]:
    parts = re.split(r"\s+and\s+", text.strip(), flags=re.IGNORECASE) if text.strip() else []
    read = [CLAUSE.fullmatch(part) for part in parts]
    clauses = [(one[1].lower(), one[2], one[3] or one[4] or "") for one in read if one is not None]
    if len(clauses) < len(parts) or ("eventtimestamp", "ge") not in [one[:2] for one in clauses]:
        raise _wrong(text)
    return [_test(*one, text) for one in clauses]


def _test(field: str, relation: str, value: str, text: str) -> Callable[[Json], bool]:
    if field == "eventtimestamp":
        moment = _moment(value, text)
        if relation == "ge":
            return lambda one: _moment(one["eventTimestamp"], text) >= moment
        return lambda one: _moment(one["eventTimestamp"], text) <= moment
    low = value.lower().rstrip("/")
    reads: dict[str, Callable[[Json], str]] = {
        "resourcegroupname": lambda one: one["resourceGroupName"],
        "resourceuri": lambda one: one["resourceId"],
        "resourceid": lambda one: one["resourceId"],
        "resourceprovider": lambda one: one["resourceProviderName"]["value"],
        "correlationid": lambda one: one["correlationId"],
        "caller": lambda one: one["caller"],
        "status": lambda one: one["status"]["value"],
        "eventchannels": lambda one: low,
    }
    if field not in reads or relation != "eq":
        raise _wrong(text)
    return lambda one: reads[field](one).lower() == low


def _moment(text: str, whole: str) -> datetime:
    """A time; without an offset it is UTC. More than six digits of a second are cut."""
    short = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    try:
        found = datetime.fromisoformat(short)
    except ValueError as error:
        raise _wrong(whole) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _shown(id: str, change: Change) -> Json:
    parts, status = change.subject.split("/"), STATUS[change.outcome]
    namespace = change.operation.split("/", 1)[0]
    kind = change.operation.rsplit("/", 1)[0]
    moment = change.at.strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
    caller = CLIENT_IDS.get(change.principal, change.principal)
    return {
        "authorization": {"action": change.operation, "scope": change.scope or change.subject},
        "caller": caller,
        "channels": "Operation",
        "claims": {"appid": caller, "oid": OBJECT_IDS.get(change.principal, change.principal)},
        "correlationId": id,
        "eventDataId": id,
        "eventName": _named("EndRequest", "End request"),
        "category": _named("Administrative"),
        "httpRequest": {"clientRequestId": id, "method": change.request.method},
        "id": f"{change.subject}/events/{id}/ticks/{_ticks(change.at)}",
        "level": "Error" if change.outcome == "Failure" else "Informational",
        "resourceGroupName": parts[4] if len(parts) > 4 and parts[3].lower() == "resourcegroups" else "",
        "resourceProviderName": _named(namespace),
        "resourceType": _named(kind),
        "resourceId": change.subject,
        "status": _named(status),
        "subStatus": _named(""),
        "eventTimestamp": moment,
        "submissionTimestamp": moment,
        "operationName": _named(change.operation),
        "operationId": id,
        "properties": {"entity": change.subject, "message": change.operation},
        "subscriptionId": parts[2],
        "tenantId": TENANT,
    }


def _ticks(moment: datetime) -> int:
    return 621355968000000000 + int(moment.timestamp() * 10_000_000)


def _named(value: str, localized: str = "") -> Json:
    return {"value": value, "localizedValue": localized or value}


def _selected(one: Json, chosen: str) -> Json:
    names = [name.strip() for name in chosen.split(",") if name.strip()]
    return {name: one[name] for name in names if name in one} if names else one


def _wrong(text: str) -> ArmError:
    return ArmError(
        400,
        "BadRequest",
        f"The filter '{text}' is not valid: it needs eventTimestamp ge, and what is compared by eq.",
    )
