"""On which condition Azure is to carry out a write: that no other client wrote in between.

The network service and private DNS compare `If-Match` with the etag that the resource has; private DNS knows
`If-None-Match` as well (docs/azure/resource-manager.md, ARM-08; docs/azure/dns.md, DNS-13). Where a service
ignores them, a write is as it was without.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.core.base.bodies import Seen

CHANGED = "PreconditionFailed"  # the code of the refusal


@dataclass(frozen=True, slots=True)
class OnlyIf:
    """`etag`: that of the reading on which the decision rests; empty for any. `new`: nothing is there."""

    etag: str = ""
    new: bool = False

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the request."""
        if self.new:
            return {"If-None-Match": "*"}
        return {"If-Match": self.etag} if self.etag else {}


ANYHOW = OnlyIf()


def unchanged(have: Seen) -> OnlyIf:
    """Only if the resource is as it was read. Bodies of some types have no etag."""
    etag = have.body.get("etag")
    return OnlyIf(etag) if isinstance(etag, str) else ANYHOW
