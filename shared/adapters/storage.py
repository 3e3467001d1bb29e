"""Clients of the app's storage account, by connection string or by identity. Made once per process."""

from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.data.tables.aio import TableServiceClient
from azure.storage.queue import TextBase64DecodePolicy, TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from shared.adapters.service_time import ServiceTime

# By default the SDKs retry for minutes inside one call (ten attempts, up to 120 s between them, 300 s for a
# response), while the claim is renewed and no other worker can take the target.
_ANSWER: dict[str, Any] = {"connection_timeout": 10, "read_timeout": 20}
_PATIENCE: dict[str, Any] = {"retry_total": 4, "retry_backoff_max": 8, **_ANSWER}


def open_tables(
    connection: str, uri: str, credential: AsyncTokenCredential, time: ServiceTime
) -> TableServiceClient:
    """The table service of the connection string; if that is empty, the one at `uri` by identity.

    `time` follows the Date of every response.
    """
    if connection:
        return TableServiceClient.from_connection_string(connection, raw_response_hook=time.note, **_PATIENCE)
    return TableServiceClient(uri, credential=credential, raw_response_hook=time.note, **_PATIENCE)


def open_queue(connection: str, uri: str, name: str, credential: AsyncTokenCredential) -> QueueClient:
    """One queue whose messages are sent as base64 text, which the Functions host reads by default."""
    coding: dict[str, Any] = {
        "message_encode_policy": TextBase64EncodePolicy(),
        "message_decode_policy": TextBase64DecodePolicy(),
        "initial_backoff": 1,
        "increment_base": 2,
        "retry_total": 4,
        **_ANSWER,
    }
    if connection:
        return QueueClient.from_connection_string(connection, name, **coding)
    return QueueClient(uri, name, credential=credential, **coding)
