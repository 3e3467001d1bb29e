"""Paths of requests, as routes: which kind of path, and of which resource. The first step of every request.

Ids come in any case; fixed words are compared without case, names keep theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sandbox.azure.kernel.ids import GROUP_TYPE, SUBSCRIPTION_TYPE, ArmId

type Kind = Literal[
    "instance",
    "collection",
    "action",
    "subscriptions",
    "resources",
    "poll",
    "tags",
    "locks",
    "lock",
    "deny assignments",
    "roles",
    "deleted",
    "providers",
    "provider",
    "register",
    "usages",
    "network location",
    "move",
    "metadata",
    "unknown",
]

POLL_COLLECTIONS = {
    "operations",
    "operationresults",
    "asyncoperations",
    "serverazureasyncoperation",
    "serveroperationresults",
    "privatednsoperationstatuses",
    "privatednsoperationresults",
    "operationsstatus",
    "operationstatuses",
    "diskoperations",
    "diskoperationresults",
    "dnsresolveroperationstatuses",
    "dnsresolveroperationresults",
    "nfvoperations",
}

ROLES = ("roledefinitions", "roleassignments", "permissions")
# Those of SQL have a name for each kind of operation ("databaseAzureAsyncOperation").
POLL_ENDINGS = ("azureasyncoperation", "operationresults")


LOCATION_QUERIES = {"checkdnsnameavailability", "availableprivateendpointtypes"}


@dataclass(frozen=True, slots=True)
class Route:
    """What a path names.

    instance: `id`. collection: `type_name` below `id` (a resource, a group or a subscription). action:
    `action` on `id`. poll: operation `action` (its guid) in collection `type_name`. resources: all resources
    in `id`.
    move: `action` on the group `id`, a move of resources or its validation.
    usages: of the network service, in a subscription (`id`) and a region (`action`). network location:
    another query there, or in a group, `type_name`.
    tags, locks, lock, deny assignments: of the scope `id` (lock name in `action`).
    roles: the collection `type_name` (one of ROLES) of the scope `id`, a name in `action`. Of management
    groups only roles, locks and deny assignments are routes; all else is in services.py.
    deleted: a resource that its service keeps: `type_name` its collection, `action` location, name, action.
    provider, register: namespace in `action`.
    """

    kind: Kind
    id: ArmId | None = None
    type_name: str = ""
    action: str = ""

    @property
    def about(self) -> ArmId:
        """`id`, for the kinds that have one. Raises LookupError for the others."""
        if self.id is None:
            raise LookupError(f"a {self.kind} route has no id")
        return self.id


def route(method: str, path: str) -> Route:
    """Read a path. An unsupported path is `unknown` (answered 404)."""
    parts = [part for part in path.split("/") if part]
    low = [part.lower() for part in parts]
    if low[:1] == ["metadata"]:
        return Route("metadata")
    if low[:2] == ["providers", "microsoft.authorization"] and low[2:3] == ["roledefinitions"]:
        return Route("roles", None, low[2], "/".join(parts[3:]))
    if low[:3] == ["providers", "microsoft.management", "managementgroups"]:
        return _extension(parts, low) or Route("unknown")
    if low[:1] != ["subscriptions"]:
        return Route("unknown")
    if len(parts) == 1:
        return Route("subscriptions")
    return _extension(parts, low) or _poll(parts, low) or _scope(parts, low) or _resource(method, parts, low)


def _extension(parts: list[str], low: list[str]) -> Route | None:
    """Tags, locks, deny assignments and roles, which are addressed below any scope."""
    if low[-4:] == ["providers", "microsoft.resources", "tags", "default"]:
        return _on_scope("tags", parts[:-4])
    if low[-3:] == ["providers", "microsoft.authorization", "locks"]:
        return _on_scope("locks", parts[:-3])
    if low[-4:-1] == ["providers", "microsoft.authorization", "locks"]:
        return _on_scope("lock", parts[:-4], parts[-1])
    if low[-3:] == ["providers", "microsoft.authorization", "denyassignments"]:
        return _on_scope("deny assignments", parts[:-3])
    for back in (1, 2):
        if low[-back - 2 : -back] == ["providers", "microsoft.authorization"] and low[-back] in ROLES:
            return _on_scope("roles", parts[: -back - 2], parts[-1] if back == 2 else "", low[-back])
    return None


def _on_scope(kind: Kind, scope: list[str], action: str = "", type_name: str = "") -> Route:
    try:
        return Route(kind, ArmId.parse("/".join(scope)), type_name, action)
    except ValueError:
        return Route("unknown")


def _poll(parts: list[str], low: list[str]) -> Route | None:
    if len(parts) < 4 or not (low[-2] in POLL_COLLECTIONS or low[-2].endswith(POLL_ENDINGS)):
        return None
    subscription = ArmId(parts[1])
    match low[2:-2]:
        case []:
            return Route(
                "poll", subscription, "Microsoft.Resources/subscriptions/operationresults", parts[-1]
            )
        case ["providers", _, "locations", _]:
            return Route("poll", subscription, f"{parts[3]}/locations/{parts[-2]}", parts[-1])
        case ["resourcegroups", _, "providers", "microsoft.network", *_]:
            return Route("poll", subscription, f"Microsoft.Network/{parts[-2]}", parts[-1])
    return None


def _scope(parts: list[str], low: list[str]) -> Route | None:
    """Subscriptions, groups, and their lists."""
    subscription = ArmId(parts[1])
    match low[2:]:
        case []:
            return Route("instance", subscription, SUBSCRIPTION_TYPE)
        case ["resources"]:
            return Route("resources", subscription)
        case ["resourcegroups"]:
            return Route("collection", subscription, GROUP_TYPE)
        case ["resourcegroups", _]:
            return Route("instance", ArmId(parts[1], parts[3], GROUP_TYPE), GROUP_TYPE)
        case ["resourcegroups", _, "resources"]:
            return Route("resources", ArmId(parts[1], parts[3], GROUP_TYPE))
        case ["resourcegroups", _, ("moveresources" | "validatemoveresources") as action]:
            return Route("move", ArmId(parts[1], parts[3], GROUP_TYPE), GROUP_TYPE, action)
        case ["providers", _, "locations", _, collection, _, *_] if collection.startswith("deleted"):
            return Route("deleted", subscription, f"{parts[3]}/{parts[6]}", "/".join([parts[5], *parts[7:]]))
        case ["providers"]:
            return Route("providers", subscription)
        case ["providers", _]:
            return Route("provider", subscription, action=parts[3])
        case ["providers", _, "register"]:
            return Route("register", subscription, action=parts[3])
        case ["providers", "microsoft.network", "locations", _, "usages"]:
            return Route("usages", subscription, action=parts[5])
        case [*where, "providers", "microsoft.network", "locations", _, name] if name in LOCATION_QUERIES:
            scope = subscription if not where else ArmId(parts[1], parts[3], GROUP_TYPE)
            return Route("network location", scope, name, parts[-2])
    return None


def _resource(method: str, parts: list[str], low: list[str]) -> Route:
    """A resource, a collection, or a POST action, in a group; or a collection in a subscription."""
    if low[2] == "providers" and len(parts) == 5:
        return Route("collection", ArmId(parts[1]), f"{parts[3]}/{parts[4]}")
    if low[2] != "resourcegroups" or len(parts) < 7 or low[4] != "providers":
        return Route("unknown")
    group = ArmId(parts[1], parts[3], GROUP_TYPE)
    if len(parts) % 2 == 0:
        found = ArmId.parse("/".join(parts))
        return Route("instance", found, found.type)
    owner = ArmId.parse("/".join(parts[:-1])) if len(parts) > 7 else group
    if method == "POST" and owner is not group:
        return Route("action", owner, owner.type, parts[-1].lower())
    type_name = f"{parts[5]}/{parts[6]}" if owner is group else f"{owner.type}/{parts[-1]}"
    return Route("collection", owner, type_name)
