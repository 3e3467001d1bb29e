"""What can be done about one object: a closed union of frozen values that carry all an executor needs.

Place in the data's way: made by `core/plan.py`, carried out by `flow/apply.py`. Every desired or owned
object gets exactly one action, "nothing to do" included, so that a plan is also an explanation.
"""

from dataclasses import dataclass

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.kinds.kind import Wanted


@dataclass(frozen=True, slots=True)
class Create:
    """It is missing: write it, once the actions on `after` are done (beside what it needs to exist)."""

    want: Wanted
    after: tuple[ResourceId, ...] = ()

    @property
    def id(self) -> ResourceId:
        return self.want.id

    @property
    def reason(self) -> str:
        return "missing"


@dataclass(frozen=True, slots=True)
class Update:
    """Ours, and differs in what `drift` names: write it over what stands there."""

    want: Wanted
    have: Seen
    drift: tuple[str, ...]

    @property
    def id(self) -> ResourceId:
        return self.want.id

    @property
    def reason(self) -> str:
        return "; ".join(self.drift)


@dataclass(frozen=True, slots=True)
class Replace:
    """Ours, and cannot be mended in place: delete it, then make it anew. `along` goes with it."""

    want: Wanted
    have: Seen
    reason: str
    along: tuple[Seen, ...] = ()

    @property
    def id(self) -> ResourceId:
        return self.want.id


@dataclass(frozen=True, slots=True)
class Wait:
    """It is being written already, by an earlier walk or by someone: await that, then look again."""

    want: Wanted
    have: Seen

    @property
    def id(self) -> ResourceId:
        return self.have.id

    @property
    def reason(self) -> str:
        return f"a long operation is running ({self.have.state})"


@dataclass(frozen=True, slots=True)
class Keep:
    """`found` meets the need of `id`. `adopted`: someone else made it, and it is left exactly as it is."""

    id: ResourceId
    found: ResourceId
    reason: str
    adopted: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Ours, and nobody wants it any more. `have`, and what goes `along` below it, history keeps to remake.

    It goes once the actions on `after` are done.
    """

    have: Seen
    reason: str
    along: tuple[Seen, ...] = ()
    after: tuple[ResourceId, ...] = ()

    @property
    def id(self) -> ResourceId:
        return self.have.id


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A rule of ours that serves others too: take these addresses out of it, and the rule if none is left.

    It is left once the actions on `after` are done.
    """

    have: Seen
    group: ResourceId
    addresses: tuple[str, ...]
    reason: str
    after: tuple[ResourceId, ...] = ()

    @property
    def id(self) -> ResourceId:
        return self.have.id


@dataclass(frozen=True, slots=True)
class Block:
    """`found` stands in the way of `id`, and Causeway may not change it: why, and what a person can do."""

    id: ResourceId
    found: ResourceId
    code: str
    reason: str
    remedy: str


type Action = Create | Update | Replace | Wait | Keep | Delete | Withdraw | Block
type Write = Create | Update | Replace | Delete | Withdraw


def verb(action: Action) -> str:
    """The action's name as people read it in plans and history: `Create`, `Keep`, `Adopt`, ..."""
    return "Adopt" if isinstance(action, Keep) and action.adopted else type(action).__name__
