"""Which subscriptions are watched: those that the policy lists, and those below its management groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from shared.core.base.errors import BlockedError, CausewayError, TransientError
from shared.core.policy.hierarchy import Branch, Names
from shared.core.policy.policy import Policy
from shared.core.policy.selectors import Fields

UNREAD = "ManagementGroupUnread"
REMEDY = (
    "check that management_groups has the group's name (not its display name), and give the app's identity "
    "the role Reader at the group; a group that does not exist is refused in the same way"
)


@dataclass(frozen=True)
class Scope:
    """The watched subscriptions at one moment.

    `branches`: what is known of the policy's management groups and, for selectors by management group, of its
    subscriptions, by name in lower case. `unread`: the error of each whose last reading failed; what was
    known of it before still counts. `now`: when that was, in seconds since 1970.
    """

    policy: Policy
    branches: Mapping[str, Branch] = field(default_factory=dict)
    unread: Mapping[str, CausewayError] = field(default_factory=dict)
    now: float = 0.0

    @cached_property
    def subscriptions(self) -> tuple[str, ...]:
        """All of them, each once, in lower case."""
        below = (one for branch in self._groups for one in sorted(branch.places))
        return tuple(dict.fromkeys((*(one.lower() for one in self.policy.subscriptions), *below)))

    def watches(self, subscription: str) -> bool | None:
        """No bridge out: only targets in the operator's own subscriptions are ever read or connected.

        None: not known, as a management group could not be read.
        """
        if subscription.lower() in self._watched:
            return True
        return None if self._lacking() else False

    def above(self, subscription: str) -> Names | None:
        """The management groups above a watched subscription; None: not known."""
        own = subscription.lower()
        # One that moves from one of these groups to another is where it was until the move is confirmed.
        found = sorted(self.branches.values(), key=lambda branch: not branch.is_leaving(own))
        lines = (branch.groups_above(own) for branch in found)
        return next((one for one in lines if one is not None), None)

    def lacks(self, subscription: str, groups: Iterable[str]) -> bool:
        """The subscription is in none of these management groups, without being watched itself.

        They are at or below watched ones, of which every subscription is known. Another group, and a pattern,
        may hold it all the same.
        """
        return self.watches(subscription) is False and self._inside.issuperset(map(str.lower, groups))

    @cached_property
    def _inside(self) -> frozenset[str]:
        """The groups that hold watched subscriptions, and the watched groups."""
        held = (place.groups or () for branch in self._groups for place in branch.places.values())
        return frozenset(branch.name for branch in self._groups).union(*held)

    def __str__(self) -> str:
        below = (
            f", or below {', '.join(self.policy.management_groups)}" if self.policy.management_groups else ""
        )
        return f"{', '.join(self.policy.subscriptions)}{below}".removeprefix(", or ")

    def failure(self) -> CausewayError:
        """Why it is not known whether a subscription is watched, or what is above it."""
        errors = list(self.unread.values())
        blocked = [one for one in errors if isinstance(one, BlockedError)]
        fallback = TransientError(
            "the management groups above the subscription are not known yet", code=UNREAD
        )
        return next(iter((*blocked, *errors)), fallback)

    @property
    def problems(self) -> Mapping[str, str]:
        """The management groups and subscriptions whose place could not be read, and what counts instead."""
        return {name: f"{error} ({self._instead(name)})" for name, error in self.unread.items()}

    def _instead(self, name: str) -> str:
        known = self.branches.get(name)
        if known is None or not known.read:
            return "it was never read, so nothing below it is watched"
        age = round((self.now - known.read) / 60)
        return f"the reading of {age} minutes ago counts, with {len(known.places)} subscriptions"

    @cached_property
    def _watched(self) -> frozenset[str]:
        return frozenset(self.subscriptions)

    @property
    def _groups(self) -> Iterator[Branch]:
        names = (name.lower() for name in self.policy.management_groups)
        return (self.branches[name] for name in names if name in self.branches)

    def _lacking(self) -> bool:
        """A management group was not read by the last reading: there may be subscriptions below it."""
        names = {name.lower() for name in self.policy.management_groups}
        return bool(names & self.unread.keys()) or not names <= self.branches.keys()


def asks_for_groups(policy: Policy) -> bool:
    """A selector of the policy asks for management groups above subscriptions."""
    selectors: list[Fields] = [*policy.exclude, *(rule.match for rule in policy.rules)]
    selectors += [one for one in policy.networks.values() if isinstance(one, Fields)]
    return any(one.management_group for one in selectors)
