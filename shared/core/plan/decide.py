"""The decision for one object: all that Causeway believes about ownership, in one table.

The executor asks again under a lease before it writes what many targets share.
"""

from shared.core.base.bodies import Seen
from shared.core.base.refusal import Refusal
from shared.core.kinds.kind import Wanted
from shared.core.plan.actions import Action, Block, Create, Keep, Replace, Unknown, Update, Wait
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Absent, Present, Unread


def decide(want: Wanted, observed: Observed) -> Action:
    """Decide for one object.

    | what was read     | ours                                   | someone else's             |
    |-------------------|----------------------------------------|----------------------------|
    | unread            | Unknown                                | -                          |
    | absent            | Create (or Block: the policy forbids)  | -                          |
    | a long operation  | Wait                                   | Wait                       |
    | meets the need    | Keep                                   | Keep, adopted              |
    | differs           | Update, or Replace if it must be remade| Block                      |
    """
    match want.found(observed):
        case Unread(why=why):
            return Unknown(want.id, why)
        case Absent():
            refusal = want.refused(None, observed) or _forbidden(want, "it is missing")
            return Block.of(want.id, refusal) if refusal else Create(want)
        case Present(value=have):
            return Wait(want, have) if have.busy else _about(want, have, observed)


def _about(want: Wanted, have: Seen, observed: Observed) -> Action:
    """An object that exists, and on which no operation runs."""
    ours, broken, drift = want.is_managed(have), want.beyond_repair(have), want.drift(have, observed)
    refusal: Refusal | None
    if not broken and not drift:
        refusal = want.shortfall(have, observed)
        return Block.of(want.id, refusal) if refusal else _kept(want, have, adopted=not ours)
    if not ours:
        return Block.of(want.id, want.in_the_way(have, broken or "; ".join(drift)))
    if broken:
        refusal = _forbidden(want, broken)
        return Block.of(want.id, refusal) if refusal else _replaced(want, have, broken, observed)
    refusal = _forbidden(want, drift[0]) or want.refused(have, observed)
    return Block.of(want.id, refusal) if refusal else Update(want, have, drift)


def _kept(want: Wanted, have: Seen, *, adopted: bool) -> Keep:
    return Keep(want.id, have.id, "meets the need", adopted)


def _replaced(want: Wanted, have: Seen, broken: str, observed: Observed) -> Replace:
    return Replace(want, have, broken, want.children(observed))


def _forbidden(want: Wanted, problem: str) -> Refusal | None:
    """The policy lets Causeway read and not write: what is missing becomes a block that says so."""
    return None if want.write else want.not_writable(problem)
