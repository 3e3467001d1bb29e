"""The values of placement: where an endpoint belongs, and the subnets that could take it."""

from dataclasses import dataclass

from shared.core.base.ids import ResourceId
from shared.core.kinds.nic import StaticAddress


@dataclass(frozen=True, slots=True)
class Site:
    """An endpoint of this id belongs into this subnet, in the subnet's network's region.

    `adopted`: someone else's endpoint is there already and meets the need. `new`: it is yet to be created,
    with these `static` addresses if the policy has a range for them (`ranged`).
    """

    endpoint: ResourceId
    subnet: ResourceId
    location: str
    adopted: bool = False
    new: bool = False
    ranged: bool = False
    static: tuple[StaticAddress, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidates:
    """The region whose subnets serve the target, and those subnets in the operator's order."""

    region: str
    subnets: tuple[ResourceId, ...]
