"""What every kind of managed object answers. The planner, the executor and the reader ask nothing else.

`Wanted` is one object that must exist. `Kind` is what its ARM type answers about an object that is known by
its id alone, such as one that the ledger says was made for a target. A new ARM type is one module beside this
one with one frozen class that answers both, and a row in `registry.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol, Self

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId, target_key
from shared.core.base.refusal import Refusal
from shared.core.base.rights import Right, to_write
from shared.core.readings.observed import Observed
from shared.core.readings.reading import Read, Reading

MARK_TAG = "managed-by"
MARK_VALUE = "causeway"
TARGET_TAG = "causeway-target"
UNKNOWN_GUID = ""  # recorded before an object is made: its guid is known from the answer on


def marks(target: ResourceId) -> dict[str, str]:
    """The tags that say an object is managed by Causeway, and for which target it was made."""
    return {MARK_TAG: MARK_VALUE, TARGET_TAG: target_key(target)}


def marked(have: Seen, target: ResourceId) -> bool:
    """It bears our tags for this very target."""
    return all(have.tags.get(name) == value for name, value in marks(target).items())


def target_of_mark(have: Seen) -> str:
    """The key of the target for which it was made, by our tags; empty where it does not bear them."""
    key = have.tags.get(TARGET_TAG)
    return key if have.tags.get(MARK_TAG) == MARK_VALUE and isinstance(key, str) else ""


class Wanted(Protocol):
    """One object that must exist, and all that the planner and the executor ask about it."""

    @property
    def id(self) -> ResourceId:
        """Where it is, or will be."""

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        """Objects that must exist before this one can be written."""

    @property
    def rights(self) -> tuple[Right, ...]:
        """What the app must be allowed to do so that it can be written."""

    @property
    def harms(self) -> Mapping[ResourceId, str]:
        """Objects that are tried before it, with the error code after which writing it would do harm."""

    def moves_names(self, have: Seen) -> bool:
        """A write would take names out of the zones that clients ask for them now."""

    @property
    def useless_without(self) -> tuple[ResourceId, ...]:
        """Objects that complete it: it is not created while one of them is blocked."""

    @property
    def counterpart(self) -> ResourceId | None:
        """Its other half: it is not created beside one that is blocked, and only after one that is remade."""

    @property
    def locks(self) -> tuple[str, ...]:
        """Leases to hold while writing. An object that has any is shared: it is re-read before a write."""

    @property
    def write(self) -> bool:
        """The policy lets Causeway write it; otherwise its absence is reported."""

    @property
    def recorded(self) -> bool:
        """The ledger records it as made for this target, so that it is removed with the target."""

    @property
    def costs(self) -> bool:
        """It is billed as long as it exists: the policy limits how many are created in an hour."""

    @property
    def adds(self) -> tuple[str, ...]:
        """What this target adds to an object that several targets share: its addresses in a rule."""

    @property
    def query(self) -> Mapping[str, str]:
        """Query parameters of the PUT."""

    @property
    def guarded(self) -> bool:
        """Azure refuses to create it where something is there already, if it is asked to."""

    @property
    def invalidates(self) -> tuple[ResourceId, ...]:
        """Objects whose cached readings a write of this one makes unsafe to rely on."""

    def moved(self, before: Seen | None) -> tuple[ResourceId, ...]:
        """Objects that a write over `before` changes as well, so that they are re-read afterwards."""

    def reads(self, observed: Observed) -> Iterable[Read]:
        """What has to be read to know it, as far as that can be said by what was read already."""

    def found(self, observed: Observed) -> Reading[Seen]:
        """What in Azure answers the need, or occupies its place, whatever its name."""

    def is_managed(self, have: Seen) -> bool:
        """It bears our marker (nothing foreign is changed or deleted)."""

    def drift(self, have: Seen, observed: Observed) -> tuple[str, ...]:
        """What differs from what is desired, one phrase a field; empty means it meets the need."""

    def lacks_tags_alone(self, have: Seen, observed: Observed) -> bool:
        """Nothing but the policy's tags differs."""

    def beyond_repair(self, have: Seen) -> str | None:
        """Why a write in place cannot repair it, so that it must be deleted and created; else None."""

    def refused(self, have: Seen | None, observed: Observed) -> Refusal | None:
        """What Azure would refuse, or what would do harm, if it were created or written over `have`."""

    def shortfall(self, have: Seen, observed: Observed) -> Refusal | None:
        """Why the need is not met though nothing about the object itself differs."""

    def conflict(self, beside: Iterable[Wanted], observed: Observed) -> Refusal | None:
        """What keeps it from being created in the same pass as these."""

    def in_the_way(self, have: Seen, problem: str) -> Refusal:
        """A foreign object has its place and does not meet the need."""

    def not_writable(self, problem: str) -> Refusal:
        """Something is missing or differs, and the policy lets Causeway only report it."""

    def children(self, observed: Observed) -> tuple[Seen, ...]:
        """What is deleted with it, foreign objects included."""

    def joined(self, adds: Iterable[str]) -> Self:
        """The same object with what other targets wait to add."""

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        """The PUT body: ours over what exists, so that a full replace loses nothing of others.

        Raises BlockedError where a limit of Azure, or of the policy, leaves no place for it.
        """

    def remade(self, before: Seen, observed: Observed) -> dict[str, Any]:
        """The PUT body of a new object in the place of one that was deleted: ours over what that one had."""

    def custom(self, have: Seen, observed: Observed) -> dict[str, Any] | None:
        """What to begin from if it is deleted: its `remade` body; None where a new one would be the same."""

    def resumes(self, observed: Observed) -> bool:
        """It is missing, and is to have again what it had when it was seen last."""

    def implied(self, answer: Seen) -> Mapping[ResourceId, Seen]:
        """Further objects that the answer of its write reports: newer than what was read before."""


class Kind(Protocol):
    """What an ARM type answers about an object of which only the id and the body are known."""

    TYPE: str
    SHARED: bool  # several targets use one object: a target leaves it, and the others go on using it
    HAS_RECORDS: bool  # address records are deleted with it
    HAS_GUID: bool  # Azure gives it a resource guid, by which the ledger knows it
    REPAIR: str  # the key below `drift.repair` that lets sweeps repair it

    @staticmethod
    def is_marked(have: Seen, target: ResourceId) -> bool:
        """It is still Causeway's, and made for this target (or for several, where it is shared)."""

    @staticmethod
    def guid(have: Seen) -> str:
        """Its resource guid, which no other object ever has; empty where Azure gives none."""

    @staticmethod
    def is_recorded(have: Seen, target: ResourceId, guids: frozenset[str]) -> bool:
        """It is the very object that the ledger has under its id. `guids`: those recorded for the id."""

    @staticmethod
    def holds(have: Seen, adds: Iterable[str]) -> bool:
        """A shared object has any of what this target added."""

    @staticmethod
    def without(have: Seen, adds: Iterable[str]) -> dict[str, Any] | None:
        """The PUT body of a shared object without what this target added; None: nothing is left of it."""

    @staticmethod
    def leaves_first(have: Seen) -> bool:
        """A target leaves this shared object before its other ones."""

    @staticmethod
    def removal_reads(have: Seen) -> Iterable[Read]:
        """What has to be read before it is deleted: what is deleted with it, and what it holds."""

    @staticmethod
    def freed(have: Seen, observed: Observed) -> tuple[str, ...]:
        """The addresses that Azure may give to another endpoint once it is deleted."""


class Managed:
    """The answers of most kinds: it bears our tag, needs nothing else, and is right as soon as it exists."""

    __slots__ = ()

    TYPE = ""
    SHARED = False
    HAS_RECORDS = False
    HAS_GUID = False
    REPAIR = "endpoints"

    id: ResourceId

    @property
    def needs(self) -> tuple[ResourceId, ...]:
        return ()

    @property
    def rights(self) -> tuple[Right, ...]:
        return to_write(self.id)

    @property
    def harms(self) -> Mapping[ResourceId, str]:
        return {}

    def moves_names(self, have: Seen) -> bool:
        return False

    @property
    def useless_without(self) -> tuple[ResourceId, ...]:
        return ()

    @property
    def counterpart(self) -> ResourceId | None:
        return None

    @property
    def locks(self) -> tuple[str, ...]:
        return ()

    @property
    def write(self) -> bool:
        return True

    @property
    def recorded(self) -> bool:
        return not self.locks  # what many targets share is kept when one of them is removed

    @property
    def costs(self) -> bool:
        return False

    @property
    def adds(self) -> tuple[str, ...]:
        return ()

    @property
    def query(self) -> Mapping[str, str]:
        return {}

    @property
    def guarded(self) -> bool:
        return False

    @property
    def invalidates(self) -> tuple[ResourceId, ...]:
        return (self.id,)

    def moved(self, before: Seen | None) -> tuple[ResourceId, ...]:
        return ()

    def reads(self, observed: Observed) -> Iterable[Read]:
        return (Read(self.id, shared=bool(self.locks)),)

    def found(self, observed: Observed) -> Reading[Seen]:
        return observed.reading(self.id)

    def is_managed(self, have: Seen) -> bool:
        return have.tags.get(MARK_TAG) == MARK_VALUE

    def drift(self, have: Seen, observed: Observed) -> tuple[str, ...]:
        return ()

    def lacks_tags_alone(self, have: Seen, observed: Observed) -> bool:
        return False

    def beyond_repair(self, have: Seen) -> str | None:
        return None

    def refused(self, have: Seen | None, observed: Observed) -> Refusal | None:
        return None

    def shortfall(self, have: Seen, observed: Observed) -> Refusal | None:
        return None

    def conflict(self, beside: Iterable[Wanted], observed: Observed) -> Refusal | None:
        return None

    def in_the_way(self, have: Seen, problem: str) -> Refusal:
        return Refusal(
            have.id,
            "NotOurs",
            f"{have.id.name} was made by someone else and does not meet the need: {problem}",
            "rename or remove it, or make it meet the need, then rerun the resource",
        )

    def not_writable(self, problem: str) -> Refusal:
        reason = f"{self.id.name}: {problem}, and the policy lets Causeway only report it"
        return Refusal(self.id, "NotEnsured", reason, "make it by hand, or let the policy ensure it")

    def children(self, observed: Observed) -> tuple[Seen, ...]:
        return ()

    def joined(self, adds: Iterable[str]) -> Self:
        return self

    def body(self, have: Seen | None, observed: Observed) -> dict[str, Any]:
        raise NotImplementedError

    def remade(self, before: Seen, observed: Observed) -> dict[str, Any]:
        return self.body(None, observed)

    def custom(self, have: Seen, observed: Observed) -> dict[str, Any] | None:
        again = self.remade(have, observed)
        return again if again != self.body(None, observed) else None

    def resumes(self, observed: Observed) -> bool:
        return True

    def implied(self, answer: Seen) -> Mapping[ResourceId, Seen]:
        return {}

    @staticmethod
    def is_marked(have: Seen, target: ResourceId) -> bool:
        return marked(have, target)

    @staticmethod
    def guid(have: Seen) -> str:
        return ""

    @staticmethod
    def is_recorded(have: Seen, target: ResourceId, guids: frozenset[str]) -> bool:
        return True

    @staticmethod
    def holds(have: Seen, adds: Iterable[str]) -> bool:
        return False

    @staticmethod
    def without(have: Seen, adds: Iterable[str]) -> dict[str, Any] | None:
        return dict(have.body)

    @staticmethod
    def leaves_first(have: Seen) -> bool:
        return False

    @staticmethod
    def removal_reads(have: Seen) -> Iterable[Read]:
        return ()

    @staticmethod
    def freed(have: Seen, observed: Observed) -> tuple[str, ...]:
        return ()
