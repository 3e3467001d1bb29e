"""The tags of a subscription, counted: `GET /subscriptions/{id}/tagNames`.

Source: docs/azure/clients.md, CLI-15.
"""

from __future__ import annotations

from collections import Counter

from sandbox.azure.front.asked import Asked
from sandbox.azure.kernel.ids import GROUP_TYPE
from sandbox.azure.kernel.model import Json, Response
from sandbox.azure.kernel.paging import page


def listed(asked: Asked) -> Response:
    """Each tag with how many resources and groups have it, and with which values."""
    asked.authorize("Microsoft.Resources/subscriptions/tagNames/read")
    store, values = asked.world.store, dict[str, Counter[str]]()
    resources = [one for _, one in store.tracked_after(0, asked.subscription)]
    for resource in [*resources, *store.of_type(GROUP_TYPE, asked.subscription)]:
        for name, value in resource.tags.items():
            values.setdefault(name, Counter())[value] += 1
    path = f"{asked.subscription.text}/tagNames"
    return page(asked.request, [_tag(path, name, values[name]) for name in sorted(values)])


def _tag(path: str, name: str, values: Counter[str]) -> Json:
    return {
        "id": f"{path}/{name}",
        "tagName": name,
        "count": _count(values.total()),
        "values": [
            {"id": f"{path}/{name}/tagValues/{one}", "tagValue": one, "count": _count(values[one])}
            for one in sorted(values)
        ],
    }


def _count(value: int) -> Json:
    return {"type": "Total", "value": value}
