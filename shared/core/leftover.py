"""What an earlier wish made for a target and the present one does not hold.

Place in the data's way: after the proof, before anything is taken away. Rules serve others too: a target
leaves them with its addresses, and only where the policy lets Causeway write rules. Elsewhere they stay
noted, so that they are left when the target goes.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.core.addresses import addresses_of
from shared.core.desired import Desired
from shared.core.ids import ResourceId
from shared.core.kinds import endpoint, rule
from shared.core.observed import Observed
from shared.core.policy import Profile


@dataclass(frozen=True, slots=True)
class Leftover:
    """`goes` is not wanted any more. `addresses` of the target's present endpoints leave the rules among it.

    `kept` are rules that the target goes on using: only the addresses of endpoints that go leave these, and
    the `stale` ones, whose endpoints are gone already.
    """

    goes: tuple[ResourceId, ...]
    addresses: tuple[str, ...] = ()
    kept: tuple[ResourceId, ...] = ()
    stale: tuple[str, ...] = ()

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

    A zone group stays with its endpoint. Rules are judged once it is known which addresses go into them.
    """
    wanted = {want.id for want in desired.objects()}
    own = tuple(owned)
    rules = [at for at in own if at.is_type(rule.TYPE)]
    goes = [at for at in own if at not in rules and at not in wanted and at.parent not in wanted]
    if profile.nsg.mode != "ensure" or not desired.addressed:
        return Leftover(tuple(goes))
    standing = [observed.objects.get(leg.endpoint.id) for leg in desired.legs]
    present = tuple(address.ip for one in standing if one for address in addresses_of(one, observed))
    return Leftover(
        (*goes, *(at for at in rules if at not in wanted)),
        present,
        tuple(at for at in rules if at in wanted),
        tuple(address for address in noted if address not in present),
    )
