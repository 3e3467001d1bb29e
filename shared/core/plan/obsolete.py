"""Obsolete objects: what was made for a target under an earlier policy and is not desired any more.

Shared objects serve other targets too: a target leaves them with its addresses. Where the policy does not let
Causeway write rules, only addresses of endpoints that are deleted leave them; the rest stays recorded until
the target is removed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.core.base.ids import ResourceId
from shared.core.kinds.endpoint import addresses_of
from shared.core.kinds.registry import kind_of
from shared.core.plan.desired import Desired
from shared.core.policy.profile import Profile
from shared.core.readings.observed import Observed


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the ledger records for a target: objects that were made for it, and its addresses in rules.

    `guids`: the resource guids of all that was ever made for it, by id (docs/decisions.md).
    """

    objects: tuple[ResourceId, ...] = ()
    addresses: tuple[str, ...] = ()
    guids: Mapping[ResourceId, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Obsolete:
    """`removed` is not desired any more. `addresses` of present endpoints leave the shared ones among it.

    `kept` are shared objects that the target goes on using: only addresses of endpoints that are deleted
    leave these, and the `stale` ones, whose endpoints are gone already. `partial`: more shared objects of the
    target may hold these addresses.
    """

    removed: tuple[ResourceId, ...]
    addresses: tuple[str, ...] = ()
    kept: tuple[ResourceId, ...] = ()
    stale: tuple[str, ...] = ()
    partial: bool = False

    @property
    def shared(self) -> bool:
        """A shared object is among what is removed."""
        return any(kind_of(at).SHARED for at in self.removed)

    @property
    def has_records(self) -> bool:
        """Address records are deleted with what is removed."""
        return any(kind_of(at).HAS_RECORDS for at in self.removed)


def obsolete(desired: Desired, observed: Observed, recorded: Recorded, profile: Profile) -> Obsolete:
    """Compare what the ledger records for the target with what is desired.

    A zone group stays with its endpoint. Where a placement has no place, nothing is known of what is its own,
    and nothing is obsolete. Which rules are desired is asked only where they are ensured, once
    it is known which addresses they get; addresses of endpoints that are deleted leave them all the same.
    """
    wanted = {want.id for want in desired.objects()}
    shared = [at for at in recorded.objects if kind_of(at).SHARED]
    alone = (at for at in recorded.objects if not kind_of(at).SHARED)
    removed = [at for at in alone if at not in wanted and at.parent not in wanted]
    if desired.unplaced:
        return Obsolete(())
    existing = [observed.present(path.endpoint.id) for path in desired.paths]
    present = tuple(address.ip for one in existing if one for address in addresses_of(one, observed))
    stale = tuple(address for address in recorded.addresses if address not in present)
    if profile.nsg.mode != "ensure" or not desired.addressed:
        return Obsolete(tuple(removed), present, tuple(shared), stale)
    known = wanted.union(recorded.objects)
    firsts = {rule.nsg: rule for rule in reversed(desired.rules)}.values()  # one rule of each group is enough
    strays = dict.fromkeys(at for rule in firsts for at in rule.strays(observed, present, known))
    unwanted = (at for at in shared if at not in wanted)
    kept = tuple(at for at in shared if at in wanted)
    return Obsolete((*removed, *unwanted, *strays), present, kept, stale)


def lost_marks(desired: Desired, observed: Observed) -> tuple[str, ...]:
    """Objects that the ledger knows as ours and that others took our tags from, as findings."""
    existing = ((want, observed.present(want.id)) for want in desired.objects() if want.recorded)
    return tuple(
        f"{want.id.text} has lost Causeway's tags: it is repaired as before, and kept when the resource is "
        "removed; put the tags back, or delete it by hand then"
        for want, have in existing
        if have and want.is_managed(have) and not kind_of(want.id).is_marked(have, desired.target.id)
    )


def blocking_rules(desired: Desired, found: Obsolete, observed: Observed) -> tuple[ResourceId, ...]:
    """Our own outdated rules that precede the desired ones and shut their clients out."""
    denying = (rule.blocking(observed) for rule in desired.rules)
    return tuple(dict.fromkeys(at for at in denying if at is not None and at in found.removed))
