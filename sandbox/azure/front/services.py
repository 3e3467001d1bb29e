"""What ARM and providers answer beside resources, by path: one row a question.

The gateway (dispatch.py) looks here first. It has checked the token, the version and the subscription.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.azure.front import (
    activity_log,
    extensions,
    locations,
    name_availability,
    network_lists,
    policy_reads,
    resource_graph,
    sql_capabilities,
    subscriptions,
    tag_names,
)
from sandbox.azure.front.asked import Asked
from sandbox.azure.front.deployments import answers as deployments
from sandbox.azure.front.management_groups import entities, moves, reads, writes
from sandbox.azure.kernel.model import Response

type Answer = Callable[[Asked], Response]

PARTS = re.compile(r"\{(\w+)\}")
NETWORK = r"subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Network/virtualNetworks/[^/]+"
SCOPE = r"subscriptions/[^/]+(?:/.+)?"  # a subscription and all below it


@dataclass(frozen=True, slots=True)
class Service:
    """A question: its method, its path as an expression with named groups, and the function that answers.

    word: the last fixed part of the path, by which a request finds it.
    """

    method: str
    word: str
    path: re.Pattern[str]
    answer: Answer


# What a variable part of a path may be; by default a single part.
KINDS = {"scope": SCOPE, "network": NETWORK}


def _service(method: str, path: str, answer: Answer) -> Service:
    """A row. `{name}` in the path is one part of it, `{scope}` a subscription, a group or a resource."""
    pieces = PARTS.split(path)  # texts and names in turn
    written = "".join(
        f"(?P<{piece}>{KINDS.get(piece, '[^/]+')})" if place % 2 else re.escape(piece)
        for place, piece in enumerate(pieces)
    )
    word = [part for part in path.lower().split("/") if "{" not in part][-1]
    return Service(method, word, re.compile(written, re.IGNORECASE), answer)


def _extension(kind: extensions.Extension) -> list[Service]:
    """The rows of a type that is kept on any scope."""
    every = f"{{scope}}/providers/{kind.type}"
    writes = [_service(method, f"{every}/{{name}}", kind.put) for method in ("PUT", "PATCH")]
    reads = [_service("GET", every, kind.listed), _service("GET", f"{every}/{{name}}", kind.get)]
    return [*reads, *writes, _service("DELETE", f"{every}/{{name}}", kind.delete)]


SUBSCRIPTION = "subscriptions/{subscription}"
NAMESPACE = f"{SUBSCRIPTION}/providers/{{namespace}}"
DEPLOYMENTS = "{scope}/providers/Microsoft.Resources/deployments"
DEPLOYMENT = f"{DEPLOYMENTS}/{{name}}"
REGION = f"{SUBSCRIPTION}/providers/Microsoft.Network/locations/{{location}}"
IN_GROUP = f"{SUBSCRIPTION}/resourceGroups/{{group}}/providers/Microsoft.Network/locations/{{location}}"
NAMED_BELOW = "{scope}/providers/Microsoft.Authorization"
DEFINITIONS = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions"
MANAGEMENT = "providers/Microsoft.Management"
GROUPS = f"{MANAGEMENT}/managementGroups"
GROUP = f"{GROUPS}/{{group}}"
PLACED = f"{GROUP}/subscriptions/{{subscription}}"
BEGUN = f"{MANAGEMENT}/operationResults/{{kind}}"
SERVICES = (
    _service("GET", "tenants", subscriptions.listed_tenants),
    _service("GET", f"{SUBSCRIPTION}/locations", locations.listed),
    _service("GET", f"{SUBSCRIPTION}/tagNames", tag_names.listed),
    _service("GET", f"{REGION}/virtualNetworkAvailableEndpointServices", network_lists.endpoint_services),
    _service("GET", f"{REGION}/availableDelegations", network_lists.delegations),
    _service("GET", f"{IN_GROUP}/availableDelegations", network_lists.delegations),
    _service("GET", f"{REGION}/availablePrivateEndpointTypes", network_lists.endpoint_types),
    _service("GET", f"{IN_GROUP}/availablePrivateEndpointTypes", network_lists.endpoint_types),
    _service("GET", "{network}/usages", network_lists.usages),
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
    _service("GET", "{scope}/deployments/{name}/operations", deployments.operations),  # without the provider
    _service("GET", f"{DEPLOYMENT}/operations/{{operation}}", deployments.operation),
    _service("GET", f"{DEPLOYMENT}/operationStatuses/{{operation}}", deployments.status),
    _service("HEAD", "providers/Microsoft.DocumentDB/databaseAccountNames/{name}", name_availability.head),
    _service("GET", f"{SUBSCRIPTION}/providers/Microsoft.Sql/locations/{{location}}/capabilities",
             sql_capabilities.answer),
    *_extension(extensions.EVENTS),
    *_extension(extensions.DIAGNOSTICS),
    _service("GET", "{scope}/providers/Microsoft.EventGrid/topicTypes/{kind}/eventSubscriptions",
             extensions.EVENTS.listed),
    _service("POST", "{scope}/providers/Microsoft.EventGrid/eventSubscriptions/{name}/getFullUrl",
             extensions.EVENTS.full_url),
    _service("GET", f"{NAMED_BELOW}/policyAssignments", policy_reads.assignments),
    _service("GET", f"{NAMED_BELOW}/policyAssignments/{{name}}", policy_reads.assignment),
    _service("GET", f"{DEFINITIONS}", policy_reads.definitions),
    _service("GET", f"{DEFINITIONS}/{{name}}", policy_reads.definition),
    _service("GET", f"{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values",
             activity_log.listed),
    _service("POST", "providers/Microsoft.ResourceGraph/resources", resource_graph.refuse),
    _service("GET", GROUPS, reads.listed),
    _service("GET", GROUP, reads.get),
    _service("PUT", GROUP, writes.put),
    _service("PATCH", GROUP, writes.patch),
    _service("DELETE", GROUP, writes.delete),
    _service("GET", f"{GROUP}/descendants", reads.descendants),
    _service("GET", f"{GROUP}/subscriptions", reads.subscriptions),
    _service("GET", PLACED, reads.subscription),
    _service("PUT", PLACED, moves.place),
    _service("DELETE", PLACED, moves.unplace),
    _service("GET", f"{BEGUN}/asyncOperation/status/managementGroups/{{group}}", writes.status),
    _service("GET", f"{BEGUN}/managementGroups/{{group}}", writes.result),
    _service("POST", f"{MANAGEMENT}/getEntities", entities.entities),
)  # fmt: skip


BY_WORD = {word: [one for one in SERVICES if one.word == word] for word in {one.word for one in SERVICES}}


def find(method: str, path: str) -> tuple[Service, dict[str, str]] | None:
    """The row of a request, and the variable parts of its path; None for every other request."""
    whole = path.strip("/")
    for part in whole.lower().split("/"):
        for service in BY_WORD.get(part, ()):
            found = service.path.fullmatch(whole) if service.method == method else None
            if found is not None:
                return service, found.groupdict()
    return None
