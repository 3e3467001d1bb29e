"""The networks that a profile means for one resource, once its sets and `own` are replaced by ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.core.base.ids import ResourceId


@dataclass(frozen=True, slots=True)
class Networks:
    """Ids in place of the profile's words.

    `clients`: the networks of all clients. `parts`: for those of which only some subnets are clients, these
    subnets. `ranges`: clients in no virtual network, as prefixes: for rules and routes alone. `linked`: the
    networks that are linked to the zones of each placement, by the placement's name. `servers`: the networks
    from whose zones a DNS server answers, by its address. `hubs`: those that peerings go through. `accepted`:
    networks and subnets in which someone else's endpoint counts as ours would.

    `selected`: selectors chose some of the clients, so that one reading of Azure may lack a network which is
    still meant. `confirmed`: a second reading, some time later, chose the same ones. `unread`: what could not
    be read, in words: then more networks may be meant than are here. `empty`: the sets without any network.
    """

    clients: tuple[ResourceId, ...] = ()
    parts: Mapping[ResourceId, frozenset[ResourceId]] = field(default_factory=dict)
    ranges: tuple[str, ...] = ()
    linked: Mapping[str, tuple[ResourceId, ...]] = field(default_factory=dict)
    servers: Mapping[str, tuple[ResourceId, ...]] = field(default_factory=dict)
    hubs: tuple[ResourceId, ...] = ()
    accepted: tuple[ResourceId, ...] = ()
    selected: bool = False
    confirmed: bool = False
    unread: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()

    @property
    def may_lack_some(self) -> bool:
        """Networks that are not here may be meant all the same: nothing is removed for that."""
        return bool(self.unread) or (self.selected and not self.confirmed)

    def of(self, placement: str) -> Networks:
        """The same for one of several placements: clients belong to the one whose zones they resolve.

        One that is linked to none of them may get the address of any, so it has to reach all.
        """
        mine = frozenset(self.linked.get(placement, ()))
        others = frozenset(at for name, ids in self.linked.items() if name != placement for at in ids)
        clients = tuple(at for at in self.clients if at in mine or at not in others)
        parts = {at: subnets for at, subnets in self.parts.items() if at in clients}
        return replace(self, clients=clients, parts=parts)
