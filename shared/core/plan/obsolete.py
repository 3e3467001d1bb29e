"""What an earlier wish made for a target and the present one does not hold.

Place in the data's way: after the proof, before anything is taken away. Rules serve others too: a target
leaves them with its addresses. Where the policy does not let Causeway write rules, only addresses of
endpoints that go leave them; the rest stays noted until the target goes.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from shared.core.base.bodies import reference, sequence
from shared.core.base.ids import ResourceId
from shared.core.kinds import endpoint, rule
from shared.core.kinds.addresses import addresses_of
from shared.core.plan.desired import Desired
from shared.core.policy.policy import Profile
from shared.core.readings.observed import Observed


@dataclass(frozen=True, slots=True)
class Leftover:
    """`goes` is not wanted any more. `addresses` of the target's present endpoints leave the rules among it.

    `kept` are rules that the target goes on using: only the addresses of endpoints that go leave these, and
    the `stale` ones, whose endpoints are gone already. `partial`: more rules of the target may hold these.
    """

    goes: tuple[ResourceId, ...]
    addresses: tuple[str, ...] = ()
    kept: tuple[ResourceId, ...] = ()
    stale: tuple[str, ...] = ()
    partial: bool = False

    @property
    def rules(self) -> bool:
        """A rule is among what goes."""
        return any(at.is_type(rule.TYPE) for at in self.goes)

    @property
    def endpoints(self) -> bool:
        """An endpoint is among what goes."""
        return any(at.is_type(endpoint.TYPE) for at in self.goes)


def leftover(
    desired: Desired,
    observed: Observed,
    owned: Iterable[ResourceId],
    noted: Iterable[str],
    profile: Profile,
) -> Leftover:
    """Compare what the ledger notes for the target, objects and addresses, with its wish.

    A zone group stays with its endpoint. Which rules are wanted is asked where they are ensured, once it is
    known which addresses go into them; addresses of endpoints that go leave them all the same.
    """
    wanted = {want.id for want in desired.objects()}
    own = tuple(owned)
    rules = [at for at in own if at.is_type(rule.TYPE)]
    goes = [at for at in own if at not in rules and at not in wanted and at.parent not in wanted]
    standing = [observed.objects.get(leg.endpoint.id) for leg in desired.legs]
    present = tuple(address.ip for one in standing if one for address in addresses_of(one, observed))
    stale = tuple(address for address in noted if address not in present)
    if profile.nsg.mode != "ensure" or not desired.addressed:
        return Leftover(tuple(goes), present, tuple(rules), stale)
    unwanted = tuple(at for at in rules if at not in wanted)
    strays = tuple(_strays(desired, observed, present, wanted.union(own)))
    kept = tuple(at for at in rules if at in wanted)
    return Leftover((*goes, *unwanted, *strays), present, kept, stale)


def _strays(
    desired: Desired, observed: Observed, present: Iterable[str], known: Collection[ResourceId]
) -> Iterator[ResourceId]:
    """Rules of ours for other targets in which an address stands that is this target's by now.

    The other one's endpoint was lost, and nobody has walked it since. Only where the group serves one
    network: in another one the same address may be somebody else's.
    """
    for group in {want.nsg: None for want in desired.rules}:
        body = observed.objects.get(group)
        subnets = map(reference, sequence(body.properties.get("subnets"))) if body else ()
        if len({subnet.parent for subnet in subnets if subnet}) == 1:
            for one in observed.listed(group, rule.COLLECTION):
                if one.id not in known and rule.is_our_rule(one) and rule.holds(one, present):
                    yield one.id
