"""Rules and exclusions: names, profiles, what tags may choose, and rules that are never reached."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from shared.core.policy.checks.reach import Fields, takes_all, unreached
from shared.core.policy.draft import Draft
from shared.core.policy.faults import Found, KeyPath, near
from shared.core.policy.parts import Rule
from shared.core.policy.selectors import TAG, Selector

NONE, DISABLED = "none", "disabled"
_ALWAYS_KNOWN = ("resource_group", "name", "region")
_NAMES = ("resource_group", "name")  # what the people who deploy resources choose


def rules(draft: Draft) -> Iterator[Found]:
    """Everything about rules, one after the other."""
    yield from _names(draft)
    yield from _profiles(draft)
    yield from _tags(draft)
    yield from _scopes(draft)
    yield from _reached(draft)
    yield from _exclusions(draft)


def _listed(draft: Draft) -> Iterator[tuple[KeyPath, Rule]]:
    """The rules that can be read."""
    for number, rule in enumerate(draft.rules):
        if rule is not None:
            yield ("rules", number), rule


def _names(draft: Draft) -> Iterator[Found]:
    first: dict[str, KeyPath] = {}
    for at, rule in _listed(draft):
        if (before := first.setdefault(rule.name.casefold(), at)) is not at:
            problem = f"rules[{before[1]}] has this name too, and outcomes name a rule by it"
            yield Found((*at, "name"), rule.name, problem, "give each rule a name of its own")


def _profiles(draft: Draft) -> Iterator[Found]:
    """Profiles that are named and do not exist, and one that a rule cannot name."""
    if draft.rules and NONE in draft.profiles:
        problem = "in a rule this word leaves resources alone, so no rule can choose the profile"
        yield Found(("profiles", NONE), "", problem, "give the profile another name")
    for at, rule in _listed(draft):
        if rule.profile != NONE and rule.profile not in draft.profiles:
            yield _unknown((*at, "profile"), rule.profile, draft)
        elif rule.profile == NONE:
            yield from _of_none(at, rule)
    for index, name in enumerate((draft.opt_in and draft.opt_in.tag_may_choose) or ()):
        if name not in draft.profiles:
            yield _unknown(("opt_in", "tag_may_choose", index), name, draft)
    if draft.rules and draft.opt_in and draft.opt_in.always and "default" not in draft.profiles:
        problem = "the profile `default` serves these types where no rule matches, and it is missing"
        remedy = "add a profile `default`, or write a rule for these types and leave always out"
        yield Found(("opt_in", "always"), "", problem, remedy)


def _unknown(at: KeyPath, name: str, draft: Draft) -> Found:
    return Found(at, name, "no profile is called so", near(name, draft.profiles, "add it to profiles"))


def _of_none(at: KeyPath, rule: Rule) -> Iterator[Found]:
    for key in ("connect", "mode"):
        if key in rule.model_fields_set:
            value = str(getattr(rule, key))
            problem = "it has no effect: the rule leaves its resources alone"
            yield Found((*at, key), value, problem, "leave it out", "warning")


def _tags(draft: Draft) -> Iterator[Found]:
    """Who can tag a resource can choose what a tag chooses, so the operator lists that."""
    if draft.opt_in is None:
        return
    allowed = draft.opt_in.tag_may_choose
    if draft.rules and allowed is None:
        problem = "with rules, say which profiles a tag may choose"
        yield Found(("opt_in", "tag_may_choose"), "", problem, "list them, or write [] for none")
    for at, rule in _listed(draft):
        if rule.match.tags and rule.profile != NONE and rule.profile not in (allowed or ()):
            problem = "the rule matches a tag, and a tag may not choose this profile"
            remedy = f"add {rule.profile} to opt_in.tag_may_choose, or match without tags"
            yield Found((*at, "profile"), rule.profile, problem, remedy)


def _scopes(draft: Draft) -> Iterator[Found]:
    """A name is no fence: who may make resources in any watched subscription can choose it."""
    for at, rule in _listed(draft):
        named = [key for key in _NAMES if getattr(rule.match, key)]
        fenced = fences(rule.match.management_group) or rule.match.subscription
        if draft.wide and named and not fenced and rule.profile != NONE:
            problem = "everyone who can make resources in a watched subscription can take such a name"
            remedy = "add management_group or subscription"
            yield Found((*at, "match", named[0]), "", problem, remedy, "warning")


def fences(patterns: tuple[str, ...] | None) -> bool:
    """Some values do not fit, whatever their length."""
    return bool(patterns) and all(pattern.strip("*?") for pattern in patterns or ())


def _reached(draft: Draft) -> Iterator[Found]:
    before = [(number, entry) for number, entry in enumerate(draft.exclude) if entry is not None]
    fields = [None if rule is None else fields_of(rule.match, draft) for rule in draft.rules]
    for number, one in enumerate(fields):
        if one is not None and (nothing := _fitting_nothing(one, draft)):
            yield Found(("rules", number, "match", nothing[0]), "", nothing[1], nothing[2])
            fields[number] = None
    excluded = [fields_of(entry, draft) for _, entry in before]
    for number, taking in unreached(fields, excluded).items():
        yield _never(number, taking, fields, {-at - 1: found for at, (found, _) in enumerate(before)}, draft)


def _never(
    number: int, taking: tuple[int, ...], fields: list[Fields | None], entries: dict[int, int], draft: Draft
) -> Found:
    """`entries`: the numbers of exclusions as `unreached` counts them."""
    rule = draft.rules[number]
    shown = [f"exclude[{entries[one]}]" for one in taking if one < 0]
    shown += [f"rules[{one}] '{other.name}'" for one in taking if one >= 0 and (other := draft.rules[one])]
    together = " together" if len(shown) > 1 else ""
    problem = f"it is never reached: {' and '.join(shown)}{together} {_takes(shown)} all that it matches"
    movable = all(one >= 0 and _stays_reached(fields[one], fields[number]) for one in taking)
    remedy = f"remove it, or move it before rules[{taking[0]}]" if movable else "remove it"
    return Found(("rules", number), rule.name if rule else "", problem, remedy)


def _stays_reached(other: Fields | None, moved: Fields | None) -> bool:
    """The rule is still reached once the moved one comes before it."""
    return other is not None and moved is not None and not takes_all(moved, other)


def _takes(shown: list[str]) -> str:
    return "take" if len(shown) > 1 else "takes"


def fields_of(selector: Selector, draft: Draft) -> Fields:
    """The patterns that decide: a field that all watched resources fit is none."""
    found = dict(selector.patterns)
    if draft.watched is not None and "subscription" in found:
        found["subscription"] &= draft.watched
    for name in selector.patterns:
        whole = _whole(name, draft)
        if (name in _ALWAYS_KNOWN and "*" in found[name]) or (whole and whole <= found[name]):
            del found[name]
    return found


def _whole(name: str, draft: Draft) -> frozenset[str] | None:
    """All values that a field of a watched resource can have, where they are known."""
    if name == "type":
        return _in_lower_case(draft.catalogue.types)
    return draft.watched if name == "subscription" else None


@functools.lru_cache(maxsize=8)
def _in_lower_case(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _fitting_nothing(fields: Fields, draft: Draft) -> tuple[str, str, str] | None:
    """The key of `match` that no watched resource fits, why, and the remedy."""
    for name, patterns in fields.items():
        key = "tags" if name.startswith(TAG) else name
        if not patterns:
            return (
                key,
                "none of these subscriptions is watched",
                "add one to subscriptions, or remove it",
            )
        tag = draft.opt_in.tag.lower() if draft.opt_in else ""
        if name == f"{TAG}{tag}" and all(one.strip().lower() == DISABLED for one in patterns):
            return key, "a resource with this tag is left alone before rules are read", "remove the rule"
    return None


def _exclusions(draft: Draft) -> Iterator[Found]:
    """Entries that another entry makes superfluous, and one that leaves everything out."""
    found = [None if entry is None else fields_of(entry, draft) for entry in draft.exclude]
    for number, one in enumerate(found):
        if one is not None and not one.get("subscription", True):
            problem = "it leaves out nothing: none of these subscriptions is watched"
            yield Found(("exclude", number, "subscription"), "", problem, "remove the entry", "warning")
        if one is not None and not one:
            problem = "it leaves out every resource"
            yield Found(("exclude", number), "", problem, "name what is left out", "warning")
    earlier = unreached(found)
    left: list[Fields | None] = [None if number in earlier else one for number, one in enumerate(found)]
    later = unreached(left[::-1])
    last = len(found) - 1
    inside = earlier | {last - number: tuple(last - at for at in by) for number, by in later.items()}
    for number, by in sorted(inside.items()):
        shown = " and ".join(f"exclude[{at}]" for at in by)
        hint = (
            "; several fields in one entry leave out less, not more" if len(found[number] or ()) > 1 else ""
        )
        problem = f"{shown} {'leave' if len(by) > 1 else 'leaves'} out all of it"
        yield Found(("exclude", number), "", problem, f"remove it{hint}", "warning")
