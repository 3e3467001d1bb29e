"""The kinds of managed objects, by ARM type: for objects of which only the id is known."""

from shared.core.base.ids import ResourceId
from shared.core.kinds.endpoint import Endpoint
from shared.core.kinds.kind import Kind, Managed
from shared.core.kinds.link import Link
from shared.core.kinds.peering import Peering
from shared.core.kinds.rule import Rule
from shared.core.kinds.security_group import SecurityGroup
from shared.core.kinds.subnet_policy import SubnetPolicy
from shared.core.kinds.zone import Zone
from shared.core.kinds.zone_group import ZoneGroup

_ALL: tuple[Kind, ...] = (Endpoint, Link, Peering, Rule, SecurityGroup, SubnetPolicy, Zone, ZoneGroup)
KINDS = {kind.TYPE.lower(): kind for kind in _ALL}


def kind_of(at: ResourceId) -> Kind:
    """What answers for an object of this id's type.

    A type that Causeway does not manage, in a ledger that another version wrote, answers as most kinds do: it
    is removed only if it bears our tags.
    """
    return KINDS.get(at.type.lower(), Managed)
