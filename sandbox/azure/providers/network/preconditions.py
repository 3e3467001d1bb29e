"""`If-Match` of the network service: a write with the etag of an older reading is refused.

Source: docs/azure/resource-manager.md, ARM-08. Private DNS and its resolvers have a service of their own
(dns/dns_rules.py, dns/resolver_service.py).
"""

from __future__ import annotations

from sandbox.azure.kernel.model import ArmError
from sandbox.azure.kernel.provider import Call


def refuse_stale(call: Call) -> None:
    """Refuse a write whose `If-Match` is not the etag that the resource has now.

    Does nothing for other services, and without the header. Raises 412 PreconditionFailed.
    """
    wanted = call.header("If-Match")
    if not wanted or call.id.namespace.lower() != "microsoft.network" or call.type.etag != "weak":
        return
    now = call.existing.etag if call.existing is not None else None
    if now is not None and (wanted == "*" or _opaque(wanted) == _opaque(now)):
        return
    raise ArmError(
        412,
        "PreconditionFailed",
        "Precondition failed.",
        details=[
            {
                "code": "PreconditionFailedEtagMismatch",
                "message": f"Etag provided in if-match header {wanted} does not match etag {now} of resource "
                f"{call.id.text} in NRP data store.",
            }
        ],
    )


def _opaque(etag: str) -> str:
    return etag.removeprefix("W/")
