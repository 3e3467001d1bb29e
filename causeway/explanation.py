"""Why a policy treats a resource as it does, from what is known of the resource and nothing else.

The choice itself is the app's (`shared/core/policy/choice.py`). What is not known leads to `Undecided`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from causeway.given import Given, Unsaid
from causeway.places import Name, Place, asked_groups, names_in, places_of
from shared.core.base.errors import clean
from shared.core.catalogue.catalogue import Catalogue, load
from shared.core.policy.choice import (
    MANAGED,
    Choice,
    Chosen,
    LeftOut,
    NotAllowed,
    Undecided,
    choose,
    leaves_managed_alone,
)
from shared.core.policy.globs import fits
from shared.core.policy.policy import Policy
from shared.core.policy.selectors import Facts, Selector
from shared.core.policy.values import Mode

type Values = Callable[[str], tuple[str, ...] | None]  # the values of a field of the resource

CONNECTED, LEFT_ALONE, REFUSED, UNDECIDED = "connected", "left alone", "refused", "undecided"
WATCHES = ("subscriptions", "management_groups")  # keys that say what is watched
FOREIGN_TYPE = "its type has no private endpoint in the catalogue"


@dataclass(frozen=True, slots=True)
class Passed:
    """An entry of the policy before the one that counts, and the first field of it that does not fit.

    `wanted`: its patterns. `value`: what the resource has there, empty for none.
    """

    key: str
    name: str
    field: str
    wanted: tuple[str, ...]
    value: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the policy does with a resource. `key`: the part of the policy that decides. `by_type`: its type
    or its rule asks for it, and no tag.

    `keep`: what was made for it before stays, whatever a profile says. `unknown`: fields that have to be
    known. `without`: what it would be if they were not there, such as a tag.
    """

    verdict: str
    reason: str
    key: str = ""
    rule: str = ""
    profile: str = ""
    mode: Mode | None = None
    by_type: bool = False
    passed: tuple[Passed, ...] = ()
    places: tuple[Place, ...] = ()
    names: tuple[Name, ...] = ()
    unknown: tuple[str, ...] = ()
    keep: bool = False
    without: Explanation | None = None


def explained(given: Given, policy: Policy, catalogue: Catalogue | None = None) -> Explanation:
    """What the policy does with the resource and why, with names and with the entries that do not fit."""
    known = catalogue or load()
    found = decided(given, policy, known)
    base = _named(found.without or found, given, policy, known)
    passed = tuple(_passed(given.facts(policy), base, policy)) if _is_tried(found) else ()
    return replace(found, passed=passed, without=base) if found.without else replace(base, passed=passed)


def decided(given: Given, policy: Policy, catalogue: Catalogue) -> Explanation:
    """What the policy does with the resource; neither names nor entries that do not fit."""
    for found in (_unwatched(given, policy), _foreign_type(given, catalogue)):
        if found is not None:
            return found
    if given.managed_by is None and policy.exclude_managed is not False:
        return _without_manager(given, policy, catalogue)
    word, facts = given.word(policy), given.facts(policy)
    if isinstance(word, Unsaid):
        return _without_word(word, given, facts, policy, catalogue)
    return _of(choose(facts, word, policy), given, policy, catalogue)


def _is_tried(found: Explanation) -> bool:
    """Exclusions and rules were tried: it is watched, and its type is known."""
    return found.key not in WATCHES and found.reason != FOREIGN_TYPE


def _named(found: Explanation, given: Given, policy: Policy, catalogue: Catalogue) -> Explanation:
    if found.verdict != CONNECTED:
        return found
    return replace(found, names=names_in(given, found.places, policy, found.profile, catalogue))


def _unwatched(given: Given, policy: Policy) -> Explanation | None:
    """None: it is watched, or no subscription is given, and one that is watched is meant."""
    listed = {one.lower() for one in policy.subscriptions}
    groups = {one.lower() for one in policy.management_groups}
    if given.subscription is None or given.subscription.lower() in listed:
        return None
    if groups and given.management_groups is None:
        return _undecided("management_groups", ("management_group",))
    if groups & {one.lower() for one in given.management_groups or ()}:
        return None
    # What left a management group may have been moved by mistake, so the app keeps what was made for it
    why = "the policy does not watch its subscription"
    return Explanation(LEFT_ALONE, why, "subscriptions", keep=bool(groups))


def _foreign_type(given: Given, catalogue: Catalogue) -> Explanation | None:
    if given.type is None or catalogue.knows(given.type):
        return None
    return Explanation(LEFT_ALONE, FOREIGN_TYPE)


def _without_manager(given: Given, policy: Policy, catalogue: Catalogue) -> Explanation:
    """What holds for managed groups and others alike is decided; anything else hangs on `managedBy`."""
    found = decided(replace(given, managed_by=""), policy, catalogue)
    if found.verdict == LEFT_ALONE or found.key.startswith("exclude["):
        return found
    if not (found.by_type or leaves_managed_alone(policy)):
        return found
    unknown = ("managedBy of its resource group", *found.unknown)
    return replace(_undecided(MANAGED, unknown), without=found.without or found)


def _without_word(
    word: Unsaid, given: Given, facts: Facts, policy: Policy, catalogue: Catalogue
) -> Explanation:
    """What is stronger than any tag counts all the same; anything else hangs on the tag."""
    found = _of(choose(facts, None, policy), given, policy, catalogue)
    if found.verdict == UNDECIDED or (found.verdict == LEFT_ALONE and found.key):
        return found
    return replace(_undecided("opt_in.tag", word.fields), rule=found.rule, without=found)


def _of(choice: Choice, given: Given, policy: Policy, catalogue: Catalogue) -> Explanation:
    match choice:
        case Undecided():
            return replace(_undecided(choice.key, choice.unknown), rule=_rule_at(choice.key, policy))
        case LeftOut():
            return Explanation(LEFT_ALONE, choice.reason, choice.key, choice.rule, keep=choice.keep)
        case NotAllowed():
            return Explanation(REFUSED, _refusal(choice, policy), "opt_in.tag_may_choose", choice.rule)
        case Chosen(by_type=True) if given.managed_by and policy.exclude_managed is None:
            reason = "a service manages its resource group, and no tag asks for it"
            return Explanation(LEFT_ALONE, reason, MANAGED, choice.rule, keep=True)
        case Chosen():
            return _connected(choice, given, policy, catalogue)


def _connected(choice: Chosen, given: Given, policy: Policy, catalogue: Catalogue) -> Explanation:
    why = f"rule '{choice.rule}'" if choice.rule else _without_rule(choice.by_type, policy)
    for group in asked_groups(given, policy, choice.profile):
        if not catalogue.may_have(given.type or "", group):
            reason = f"it asks for the group '{clean(group, 80)}', which its type does not have"
            return Explanation(REFUSED, reason, rule=choice.rule, profile=choice.profile)
    places = places_of(given, policy.profiles[choice.profile])
    by_type = choice.by_type
    return Explanation(
        CONNECTED, why, "", choice.rule, choice.profile, choice.mode, by_type=by_type, places=places
    )


def _without_rule(by_type: bool, policy: Policy) -> str:
    return "opt_in.always lists its type" if by_type else f"the tag {policy.opt_in.tag}"


def _refusal(choice: NotAllowed, policy: Policy) -> str:
    why = "tags may not choose it" if choice.known else "the policy does not have it"
    return f"the tag {policy.opt_in.tag} names the profile '{choice.word}', and {why}"


def _undecided(key: str, unknown: tuple[str, ...]) -> Explanation:
    return Explanation(UNDECIDED, f"{key} needs what is not known", key, unknown=unknown)


def _rule_at(key: str, policy: Policy) -> str:
    """The name of the rule at a key such as `rules[3]`; empty for any other part."""
    return next((rule.name for at, rule in enumerate(policy.rules) if key == f"rules[{at}]"), "")


def _passed(facts: Facts, found: Explanation, policy: Policy) -> Iterator[Passed]:
    """The entries that were tried before the one that decides."""
    values = functools.cache(facts.values)
    for key, name, match in _entries(policy):
        if key == found.key or (name and name == found.rule):
            return
        if (why := _misfit(match, values)) is not None:
            yield Passed(key, name, *why)


def _entries(policy: Policy) -> Iterator[tuple[str, str, Selector]]:
    for at, entry in enumerate(policy.exclude):
        yield f"exclude[{at}]", "", entry
    for at, rule in enumerate(policy.rules):
        yield f"rules[{at}]", rule.name, rule.match


def _misfit(match: Selector, values_of: Values) -> tuple[str, tuple[str, ...], tuple[str, ...]] | None:
    """The first field that does not fit, its patterns and the value; None: no known field is against it."""
    for name, patterns in match.patterns.items():
        values = values_of(name)
        if values is not None and not any(fits(pattern, one) for one in values for pattern in patterns):
            return name, tuple(sorted(patterns)), values
    return None
