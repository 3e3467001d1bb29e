"""The app's identity and its connections to Azure: one credential and one transport per process."""

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

CONNECT_SECONDS = 10
READ_SECONDS = 90  # an endpoint's PUT is held for up to 20 s before it is answered (PE-28)


def credential(client_id: str, *, hosted: bool) -> AsyncTokenCredential:
    """The identity that the app acts as.

    `hosted`: the platform provides a managed identity, and nothing else is tried. Elsewhere the credentials
    of the signed-in developer are used. `client_id` names a user-assigned identity; empty: system-assigned.
    """
    if hosted:
        return ManagedIdentityCredential(client_id=client_id or None)
    return DefaultAzureCredential(managed_identity_client_id=client_id or None)


def transport() -> AioHttpTransport:
    """One pool of connections for all clients. The caller closes it."""
    return AioHttpTransport(connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
