"""What a new policy would change for each resource, as far as its facts are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from causeway.estate import Connection, Estate
from causeway.explanation import CONNECTED, LEFT_ALONE, UNDECIDED, WATCHES, Explanation, decided
from causeway.given import Given
from causeway.places import Place, places_of
from shared.core.base.ids import ResourceId
from shared.core.catalogue.catalogue import Catalogue, load
from shared.core.policy.choice import nearest_mode, rule_named
from shared.core.policy.policy import Policy
from shared.core.policy.profile import Profile

# Of the policy: what chooses profile and mode of a watched resource. Of a profile: where its endpoints and
# zones are.
CHOOSES = ("cloud", "mode", "opt_in", "exclude", "exclude_managed", "rules")
WHERE = ("subnets", "find", "types", "fallback_region", "placements", "endpoints_resource_group")
ZONES = ("zones_resource_group", "zones")
REMOVES = "on_opt_out: remove"
NEW, LEFT, CLEARED, PROFILE, MODE, MOVED, ZONE, SETTINGS, UNKNOWN = KINDS = (
    "newly connected",
    "no longer connected",
    "not connected, and no longer kept",
    "another profile",
    "another mode",
    "other subnets",
    "other zones",
    "other settings of its profile",
    "undecided",
)
REMADE = {PROFILE, MOVED, ZONE, SETTINGS}  # what was made for a resource may no longer be what is wanted


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one resource: kinds of change, what it was and will be, and details in words.

    `removed`: how many objects that Causeway made are deleted.
    """

    id: ResourceId
    kinds: tuple[str, ...]
    before: Explanation
    after: Explanation
    details: tuple[str, ...] = ()
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes, how many resources were compared, and what was not.

    `for_all`: keys of the policy that differ and are not of one resource, such as `limits`.
    """

    changes: tuple[Change, ...]
    compared: int
    for_all: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def counts(self) -> Mapping[str, int]:
        """How many resources have each kind of change."""
        found = Counter(kind for change in self.changes for kind in change.kinds)
        return {kind: found[kind] for kind in KINDS if found[kind]}

    @property
    def certain(self) -> bool:
        """Something changes for certain."""
        return bool(self.for_all or any(set(change.kinds) - {UNKNOWN} for change in self.changes))

    @property
    def removed(self) -> int:
        """Objects that are deleted."""
        return sum(change.removed for change in self.changes)


def compared(old: Policy, new: Policy, estate: Estate, catalogue: Catalogue | None = None) -> Comparison:
    """Compare for every resource of the ledger and of the lists."""
    known = catalogue or load()
    pair = _Pair(old, new, known)
    every = [at for at in estate.every if known.knows(at.type)]
    changes = [pair.change(at, estate) for at in every]
    for_all = differing(
        old, new, (key for key in Policy.model_fields if key not in (*CHOOSES, *WATCHES, "profiles"))
    )
    found = [one for one in changes if one]
    return Comparison(tuple(found), len(every), tuple(for_all), (*_notes(estate), *_uncounted(found, estate)))


def _uncounted(changes: Iterable[Change], estate: Estate) -> Iterator[str]:
    """What goes of a resource that stays connected depends on readings of Azure, which are not here."""
    rows = [estate.rows.get(one.id) for one in changes if {*one.kinds} & REMADE]
    if owned := sum(row.owned for row in rows if row):
        yield (
            f"{owned:,} of Causeway's objects are for resources that change and stay connected: which of "
            "these are replaced or removed is not counted; `mode: plan` shows it"
        )


def _notes(estate: Estate) -> Iterator[str]:
    if not estate.resources:
        yield "only the ledger was compared: resources that are newly connected are not known without a list"
    elif not estate.rows:
        yield "no ledger was given: what was made for resources, and so what is removed, is not known"
    if estate.unread:
        yield f"{estate.unread} entries of the ledger name no resource and were not compared"


class _Pair:
    """Two policies, and which of their parts differ."""

    def __init__(self, old: Policy, new: Policy, catalogue: Catalogue) -> None:
        self._old, self._new, self._catalogue = old, new, catalogue
        self._same_choice = not differing(old, new, CHOOSES)
        self._same_scope = not differing(old, new, WATCHES)
        names = old.profiles.keys() | new.profiles.keys()
        self._same_profiles = all(old.profiles.get(name) == new.profiles.get(name) for name in names)

    def change(self, at: ResourceId, estate: Estate) -> Change | None:
        """What happens to it; None: nothing, as far as can be known."""
        given, row = estate.given(at), estate.rows.get(at)
        before = decided(given, self._old, self._catalogue)
        after = decided(given, self._new, self._catalogue)
        if UNDECIDED in (before.verdict, after.verdict):
            return self._undecided(given, before, after, row)
        if before.verdict != CONNECTED and after.verdict != CONNECTED:
            return self._cleared(at, before, after, row)
        if after.verdict != CONNECTED:
            return self._left(at, before, after, row)
        if before.verdict != CONNECTED:
            return Change(at, (NEW,), before, after)
        return self._other(given, before, after)

    def _undecided(
        self, given: Given, before: Explanation, after: Explanation, row: Connection | None
    ) -> Change | None:
        """Nothing changes for certain where the same is chosen for any facts, and nothing in it differs.

        Where the same is chosen, the ledger knows what.
        """
        name = row.profile if row and row.connects else ""
        same = self._same_choice and self._watched_alike(before, after)
        if same and self._same_profiles:
            return None
        if same and name in self._old.profiles and name in self._new.profiles:
            return self._other(given, _by(name, given, self._old), _by(name, given, self._new))
        unknown = (after if after.unknown else before).unknown
        return Change(row.id if row else _id(given), (UNKNOWN,), before, after, unknown)

    def _watched_alike(self, before: Explanation, after: Explanation) -> bool:
        """Both policies watch it, or both do or do not, whichever it is."""
        known = before.verdict == after.verdict == UNDECIDED and not {before.key, after.key} & {*WATCHES}
        return self._same_scope or known

    def _left(
        self, at: ResourceId, before: Explanation, after: Explanation, row: Connection | None
    ) -> Change | None:
        removed = _removed(self._new, after, row)
        stays = "what was made for it stays" if row and row.owned else "nothing is known to be made for it"
        detail = f"{removed} objects are removed ({REMOVES})" if removed else stays
        return Change(at, (LEFT,), before, after, (detail,), removed)

    def _cleared(
        self, at: ResourceId, before: Explanation, after: Explanation, row: Connection | None
    ) -> Change | None:
        """Neither policy connects it: the new one may remove what the old one keeps."""
        removed = _removed(self._new, after, row)
        if not removed or _removed(self._old, before, row):
            return None
        return Change(at, (CLEARED,), before, after, (f"{removed} objects are removed ({REMOVES})",), removed)

    def _other(self, given: Given, before: Explanation, after: Explanation) -> Change | None:
        """What differs for a resource that stays connected, and how, by kind of change."""
        one, other = self._old.profiles[before.profile], self._new.profiles[after.profile]
        found = {
            PROFILE: _arrow("profile", before.profile, after.profile),
            MODE: _arrow("mode", before.mode, after.mode),
            MOVED: _moved(before.places, after.places),
            ZONE: ", ".join(f"dns.{key}" for key in differing(one.dns, other.dns, ZONES)),
            SETTINGS: ", ".join(settings_between(one, other)),
        }
        if found[MOVED] and given.region is None:  # it is of some region, and of which is not known
            found[UNKNOWN] = f"region, for where its endpoints are: {found.pop(MOVED)}"
        kinds = tuple(kind for kind in KINDS if found.get(kind))
        details = tuple(found[kind] for kind in kinds)
        return Change(_id(given), kinds, before, after, details) if kinds else None


def _removed(policy: Policy, found: Explanation, row: Connection | None) -> int:
    """How many objects the policy removes of a resource that is left alone.

    The profile that made them decides, and the mode, as in the app: what is refused or undecided stays.
    """
    profile = policy.profiles.get(row.profile) if row else None
    if row is None or profile is None or found.verdict != LEFT_ALONE or found.keep:
        return 0
    mode = nearest_mode(row.profile, rule_named(found.rule or row.rule, policy), policy)
    return row.owned if profile.on_opt_out == "remove" and mode == "apply" else 0


def _by(name: str, given: Given, policy: Policy) -> Explanation:
    """A resource that is connected by this profile, as the ledger says."""
    profile = policy.profiles[name]
    mode = profile.mode or policy.mode
    return Explanation(CONNECTED, "the ledger", profile=name, mode=mode, places=places_of(given, profile))


def _id(given: Given) -> ResourceId:
    if given.id is None:
        raise ValueError("a resource of an estate has an id")
    return given.id


def _arrow(what: str, one: object, other: object) -> str:
    return "" if one == other else f"{what} {one} → {other}"


def differing(one: Any, other: Any, keys: Iterable[str]) -> list[str]:
    """Which of these keys differ between two models."""
    return [key for key in keys if getattr(one, key) != getattr(other, key)]


def settings_between(one: Profile, other: Profile) -> list[str]:
    """The keys of two profiles that differ and are not about places, zones or mode."""
    apart = {*WHERE, "mode", "dns"}
    keys = differing(one, other, (key for key in Profile.model_fields if key not in apart))
    inside = differing(one.dns, other.dns, (key for key in type(one.dns).model_fields if key not in ZONES))
    return [*keys, *(f"dns.{key}" for key in inside)]


def _moved(before: tuple[Place, ...], after: tuple[Place, ...]) -> str:
    """How the subnets differ; empty where each of before is still one, as an endpoint keeps its subnet."""
    old, new = _subnets(before), _subnets(after)
    gone = [
        f"{'/'.join(at.names)}{f' of {name}' if name else ''}" for name, at in old if (name, at) not in new
    ]
    searches = [one.find for one in before] != [one.find for one in after]
    if not gone and not searches:
        return ""
    lost = f"no longer in {', '.join(gone)}" if gone else ""
    return "; ".join(filter(None, (lost, "find differs" if searches else "")))


def _subnets(places: tuple[Place, ...]) -> list[tuple[str, ResourceId]]:
    """Placement and subnet, each once."""
    found = ((one.name, at) for one in places for several in one.subnets.values() for at in several)
    return list(dict.fromkeys(found))
