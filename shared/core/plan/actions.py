"""What can be done about one object: a closed union of frozen values that carry all the executor needs.

Every desired or owned object gets exactly one action, "nothing to do" included, so that a plan is also an
explanation.
"""

from dataclasses import dataclass

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import Refusal
from shared.core.kinds.kind import Wanted


@dataclass(frozen=True, slots=True)
class Create:
    """It is missing: write it, once the actions on `after` are done (beside what it needs to exist).

    `before`: what was there until it was deleted, from which the new one begins.
    """

    want: Wanted
    after: tuple[ResourceId, ...] = ()
    before: Seen | None = None

    @property
    def id(self) -> ResourceId:
        return self.want.id

    @property
    def reason(self) -> str:
        return "missing"


@dataclass(frozen=True, slots=True)
class Update:
    """Ours, and differs in what `drift` names: write it over what exists."""

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
    """Ours, and cannot be repaired in place: delete it, then create it. `along` is deleted with it."""

    want: Wanted
    have: Seen
    reason: str
    along: tuple[Seen, ...] = ()

    @property
    def id(self) -> ResourceId:
        return self.want.id


@dataclass(frozen=True, slots=True)
class Wait:
    """It is being written already, by an earlier pass or another client: await that, then re-read."""

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
    """Ours, and not desired any more. `have`, and what is deleted `along` with it, is kept in history.

    It is deleted once the actions on `after` are done.
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
    """A shared object that other targets use too: take what this target added out of it.

    It is deleted if nothing is left. `lock`: the lease to hold. It is done once those on `after` are.
    """

    have: Seen
    lock: str
    adds: tuple[str, ...]
    reason: str
    after: tuple[ResourceId, ...] = ()

    @property
    def id(self) -> ResourceId:
        return self.have.id


@dataclass(frozen=True, slots=True)
class Block:
    """`found` is in the way of `id`, and Causeway may not change it: why, and what a person can do."""

    id: ResourceId
    found: ResourceId
    code: str
    reason: str
    remedy: str
    stops_all: bool = False

    @classmethod
    def of(cls, at: ResourceId, refusal: Refusal) -> "Block":
        return cls(at, refusal.found, refusal.code, refusal.reason, refusal.remedy, refusal.stops_all)


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was not read, or could not be read, so nothing is decided about it."""

    id: ResourceId
    why: str

    @property
    def reason(self) -> str:
        return f"not known: {self.why}"


type Action = Create | Update | Replace | Wait | Keep | Delete | Withdraw | Block | Unknown
type Write = Create | Update | Replace | Delete | Withdraw


def verb(action: Action) -> str:
    """The action's name as people read it in plans and history: `Create`, `Keep`, `Adopt`, ..."""
    return "Adopt" if isinstance(action, Keep) and action.adopted else type(action).__name__
