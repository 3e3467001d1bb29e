"""The tenant of the simulated Azure: its subscriptions, and the two principals that send requests."""

from __future__ import annotations

TENANT = "11111111-1111-1111-1111-111111111111"
SUBSCRIPTIONS = ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002")

# Directory objects of the two principals: "app" is the managed identity, "user" is any other caller.
OBJECT_IDS = {"app": "aaaaaaaa-0000-4000-8000-00000000000a", "user": "aaaaaaaa-0000-4000-8000-00000000000b"}

# Application (client) ids of the two: of the managed identity, and of the identity that a user signs in with.
CLIENT_ID = "aaaaaaaa-0000-4000-8000-00000000000c"
CLIENT_IDS = {"app": CLIENT_ID, "user": "aaaaaaaa-0000-4000-8000-00000000000d"}


def client_text(principal: str) -> str:
    """How authorization errors name the caller."""
    object_id = OBJECT_IDS.get(principal, principal)
    return f"The client '{object_id}' with object id '{object_id}'"
