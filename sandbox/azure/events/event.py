"""Events: one change in the Event Grid schema or as a CloudEvent.

Sources: docs/azure/event-grid.md, EG-01 to EG-10.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Literal

from sandbox.azure.kernel.changes import Change
from sandbox.azure.kernel.directory import CLIENT_ID, OBJECT_IDS, TENANT
from sandbox.azure.kernel.model import Json

type Schema = Literal["EventGridSchema", "CloudEventSchemaV1_0"]

GROUP_DELETE = "Microsoft.Resources/subscriptions/resourceGroups/delete"


@dataclass(frozen=True, slots=True)
class Event:
    """One event as Event Grid keeps it; `render` writes it for a subscriber. `change` is what it reports."""

    id: str
    subject: str
    type: str
    time: str
    data: Json
    change: Change

    @property
    def topic(self) -> str:
        """A subscription topic, as the event's own subscription."""
        return "/".join(self.subject.split("/")[:3])

    def render(self, schema: Schema) -> Json:
        """The event in one of the two schemas; `data` is the same in both (EG-09)."""
        if schema == "CloudEventSchemaV1_0":
            return {
                "subject": self.subject,
                "source": self.topic,
                "type": self.type,
                "time": self.time,
                "id": self.id,
                "data": self.data,
                "specversion": "1.0",
            }
        return {
            "subject": self.subject,
            "eventType": self.type,
            "eventTime": self.time,
            "id": self.id,
            "data": self.data,
            "dataVersion": "2",
            "metadataVersion": "1",
            "topic": self.topic,
        }


def make(change: Change, id: str, rng: Random) -> Event:
    """The event of a change.

    Paths vary in case even for one resource, so the seed decides (EG-04); operation names too: a group's
    delete is written `resourcegroups`, its write `resourceGroups` (EG-04). `data.status` may contradict the
    type of a failed change (EG-03).
    """
    subject = _recased(change.subject, rng)
    operation = change.operation
    if operation == GROUP_DELETE:
        operation = operation.replace("resourceGroups", "resourcegroups")
    status = "Succeeded" if change.outcome == "Success" or rng.random() < 0.5 else "Failed"
    url = f"{change.request.origin}{change.request.path}"
    data: Json = {
        "authorization": {
            "scope": _recased(change.scope or change.subject, rng),
            "action": operation,
            "evidence": {
                "role": "Contributor" if change.principal == "app" else "Owner",
                "roleAssignmentScope": "/".join(change.subject.split("/")[:3]),
                "principalId": OBJECT_IDS.get(change.principal, change.principal).replace("-", ""),
                "principalType": "ServicePrincipal" if change.principal == "app" else "User",
            },
        },
        "claims": _claims(change),
        "correlationId": id[:-4] + "c0de",
        "httpRequest": {"clientRequestId": "", "method": change.request.method, "url": url},
        "resourceProvider": operation.split("/", 1)[0],
        "resourceUri": subject,
        "operationName": operation,
        "status": status,
        "subscriptionId": change.subject.split("/")[2],
        "tenantId": TENANT,
    }
    kind = f"Microsoft.Resources.Resource{change.kind.capitalize()}{change.outcome}"
    digits = rng.choice((3, 6, 7))
    moment = change.at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"
    return Event(id, subject, kind, moment[: 20 + digits] + "Z", data, change)


def _claims(change: Change) -> Json:
    """Claims of the caller: `appid` lets a subscription filter out the app's own changes (EG-10)."""
    object_id = OBJECT_IDS.get(change.principal, change.principal)
    claims: Json = {
        "aud": "https://management.core.windows.net/",
        "iss": f"https://sts.windows.net/{TENANT}/",
        "http://schemas.microsoft.com/identity/claims/objectidentifier": object_id,
        "http://schemas.microsoft.com/identity/claims/tenantid": TENANT,
        "ver": "1.0",
    }
    if change.principal == "app":
        return claims | {"appid": CLIENT_ID, "idtyp": "app"}
    return claims | {"ipaddr": "192.0.2.10", "name": "A Person"}


def _recased(path: str, rng: Random) -> str:
    word = rng.choice(("resourceGroups", "resourcegroups"))
    return re.sub(r"/resourcegroups/", f"/{word}/", path, count=1, flags=re.IGNORECASE)
