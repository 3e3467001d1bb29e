"""Members that answers show only from some api-version on; a request of an older version does not see them.

A service keeps what it knows, and shows each client the shape of the version that the client asks for. The
versions are those in which the public specification (Azure/azure-rest-api-specs) first has the member, or the
first in which a recording shows it (docs/azure/services.md, SVC-01).
"""

from __future__ import annotations

from typing import Any

from sandbox.azure.kernel.model import Json

# type in lower case: {path of a member: first api-version that shows it}
SINCE: dict[str, dict[str, str]] = {
    "microsoft.storage/storageaccounts": {
        "properties.keyCreationTime": "2021-02-01",
        "properties.privateEndpointConnections": "2019-06-01",
    },
    "microsoft.storage/storageaccounts/blobservices": {"properties.staticWebsite": "2025-01-01"},
    "microsoft.storage/storageaccounts/queueservices": {"properties.logging": "2021-06-01"},
    "microsoft.storage/storageaccounts/fileservices/shares": {
        "properties.leaseStatus": "2021-01-01",
        "properties.leaseState": "2021-01-01",
        "properties.signedIdentifiers": "2021-01-01",
        "properties.accessTierChangeTime": "2021-01-01",
    },
    "microsoft.keyvault/vaults": {"systemData": "2020-04-01-preview"},
}


def of_version(type_name: str, version: str, body: Any) -> Any:
    """The body as that api-version shows it; a list has bodies in `value`."""
    newer = [path for path, since in SINCE.get(type_name.lower(), {}).items() if version < since]
    if newer and isinstance(body, dict):
        several = body.get("value") if "id" not in body else None
        for one in several if isinstance(several, list) else [body]:
            _remove(one, newer)
    return body


def _remove(body: Json, paths: list[str]) -> None:
    for path in paths:
        *outer, last = path.split(".")
        inner: Any = body
        for name in outer:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner.pop(last, None)
