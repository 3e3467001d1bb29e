"""Reads a stored private endpoint: its connection, its members with addresses, and its names.

Used for connections on the target's side, zone groups and reachability.
The endpoint keeps in `private`: `target` (id or alias text), `nic` (id), `connection` (id of the target-side
connection), `connected` (the network has applied the approval) and `members`, one entry per address.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.private_link.link_services import Name

TYPE = "Microsoft.Network/privateEndpoints"
LISTS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")


@dataclass(frozen=True, slots=True)
class Answer:
    """A public name that leads to one address of the endpoint."""

    name: Name
    address: str


def entry(endpoint: Resource) -> Json:
    """The endpoint's one connection entry, itself: a change to it changes the endpoint."""
    for member in LISTS:
        for found in endpoint.properties.get(member) or []:
            return found
    raise LookupError(f"{endpoint.id.text} has no connection")


def is_manual(endpoint: Resource) -> bool:
    """Whether the connection is manual: requested with a message instead of approved by right."""
    return bool(endpoint.properties.get(LISTS[1]))


def state(endpoint: Resource) -> Json:
    """The stored state of the connection: {"status", "description", "actionsRequired"}."""
    found: Json = entry(endpoint)["properties"]["privateLinkServiceConnectionState"]
    return found


def approved(endpoint: Resource) -> bool:
    """Whether traffic passes: the connection is Approved and the network has applied it."""
    return state(endpoint)["status"] == "Approved" and bool(endpoint.private.get("connected"))


def members(endpoint: Resource) -> list[Json]:
    """The stored list of {"group", "member", "address", "config", "names": [[record, suffix, zone], ..]}."""
    found: list[Json] = endpoint.private.setdefault("members", [])
    return found


def put_members(world: World, endpoint: Resource, found: list[Json]) -> None:
    """Store the members, so that `with_name` and `with_address` find the endpoint."""
    endpoint.private["members"] = found
    names = [Name(*name).fqdn for one in found for name in one["names"]]
    world.store.refer(endpoint.id, "name", names)
    world.store.refer(endpoint.id, "address", [one["address"] for one in found])


def with_name(world: World, name: str) -> list[Resource]:
    """All private endpoints with a public name, in any state of their connection."""
    return world.store.referring("name", name)


def with_address(world: World, address: str) -> list[Resource]:
    """All private endpoints with an address, in any network."""
    return world.store.referring("address", address)


def answers(endpoint: Resource) -> list[Answer]:
    """Names with addresses, in order of addresses; none unless approved (source:
    docs/azure/private-endpoints.md, PE-04 and PE-07).
    """
    if not approved(endpoint):
        return []
    return [Answer(Name(*name), one["address"]) for one in members(endpoint) for name in one["names"]]
