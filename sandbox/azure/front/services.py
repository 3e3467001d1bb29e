"""What ARM and providers answer beside resources, by path: one row a question.

The gateway (dispatch.py) looks here first. It has checked the token, the version and the subscription.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.azure.front import locations, name_availability, resource_graph, subscriptions
from sandbox.azure.front.asked import Asked
from sandbox.azure.front.deployments import answers as deployments
from sandbox.azure.kernel.model import Response

type Answer = Callable[[Asked], Response]

PARTS = re.compile(r"\{(\w+)\}")
SCOPE = r"subscriptions/[^/]+(?:/.+)?"  # a subscription and all below it


@dataclass(frozen=True, slots=True)
class Service:
    """A question: its method, its path as an expression with named groups, and the function that answers."""

    method: str
    path: re.Pattern[str]
    answer: Answer


def _service(method: str, path: str, answer: Answer) -> Service:
    """A row. `{name}` in the path is one part of it, `{scope}` a subscription, a group or a resource."""
    written = PARTS.sub(
        lambda found: f"(?P<{found[1]}>{SCOPE if found[1] == 'scope' else '[^/]+'})", re.escape(path)
        .replace(r"\{", "{").replace(r"\}", "}"),
    )  # fmt: skip
    return Service(method, re.compile(written, re.IGNORECASE), answer)


SUBSCRIPTION = "subscriptions/{subscription}"
NAMESPACE = f"{SUBSCRIPTION}/providers/{{namespace}}"
DEPLOYMENTS = "{scope}/providers/Microsoft.Resources/deployments"
DEPLOYMENT = f"{DEPLOYMENTS}/{{name}}"
SERVICES = (
    _service("GET", "tenants", subscriptions.listed_tenants),
    _service("GET", f"{SUBSCRIPTION}/locations", locations.listed),
    _service("POST", f"{NAMESPACE}/unregister", subscriptions.unregister),
    _service("POST", f"{NAMESPACE}/checkNameAvailability", name_availability.check),
    _service("POST", f"{NAMESPACE}/locations/{{location}}/checkNameAvailability", name_availability.check),
    _service("GET", DEPLOYMENTS, deployments.listed),
    _service("PUT", DEPLOYMENT, deployments.put),
    _service("GET", DEPLOYMENT, deployments.get),
    _service("HEAD", DEPLOYMENT, deployments.head),
    _service("DELETE", DEPLOYMENT, deployments.delete),
    _service("POST", f"{DEPLOYMENT}/validate", deployments.validate),
    _service("POST", f"{DEPLOYMENT}/whatIf", deployments.what_if),
    _service("POST", f"{DEPLOYMENT}/cancel", deployments.cancel),
    _service("POST", f"{DEPLOYMENT}/exportTemplate", deployments.export),
    _service("GET", f"{DEPLOYMENT}/operations", deployments.operations),
    _service("GET", f"{DEPLOYMENT}/operations/{{operation}}", deployments.operation),
    _service("GET", f"{DEPLOYMENT}/operationStatuses/{{operation}}", deployments.status),
    _service("POST", "providers/Microsoft.ResourceGraph/resources", resource_graph.refuse),
)


def find(method: str, path: str) -> tuple[Service, dict[str, str]] | None:
    """The row of a request, and the variable parts of its path; None for every other request."""
    for service in SERVICES:
        found = service.path.fullmatch(path.strip("/")) if service.method == method else None
        if found is not None:
            return service, found.groupdict()
    return None
