"""Which profile serves a resource, and why: exclusions, the opt-in tag, rules and `always` together.

What is stronger comes first: it is not watched; it is excluded or managed; a tag says `disabled`; its rule
says `none`; a tag names a profile that tags may choose; its rule's profile; without a rule, `default`, where
a tag or its type asks.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.core.base.errors import clean
from shared.core.policy.policy import Policy, Rule
from shared.core.policy.selectors import Facts
from shared.core.policy.values import Mode

ENABLED, DISABLED, NONE = "enabled", "disabled", "none"
MODES: tuple[Mode, ...] = ("observe", "plan", "apply")  # each does what those before it do, and more


@dataclass(frozen=True, slots=True)
class Chosen:
    """The profile by this name serves it. `rule`: the name of the rule that matched; empty: none did.

    `by_type`: nothing but its type or its rule asks for it, and no tag.
    """

    profile: str
    rule: str
    mode: Mode
    by_type: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """It is not connected. `key`: the part of the policy that says so, such as `exclude[0]`; empty where
    nothing asks for it. `rule`: the rule that matched.

    `keep`: what was made for it before stays, whatever the profile says of those that are opted out.
    """

    reason: str
    key: str = ""
    rule: str = ""
    keep: bool = False


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """A tag names a profile that the policy does not let tags choose, or does not have."""

    word: str
    known: bool
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Undecided:
    """It depends on facts that are not known: the part of the policy that asks for them, and their fields."""

    key: str
    unknown: tuple[str, ...]


type Choice = Chosen | LeftOut | NotAllowed | Undecided


MANAGED = "exclude_managed"


def choose(facts: Facts, word: str | None, policy: Policy) -> Choice:
    """The choice for a resource in a watched subscription. `word`: the opt-in tag's value that counts."""
    excluded = _excluded(facts, policy) or _managed(facts, policy)
    if excluded:
        return excluded
    if word is not None and word.lower() == DISABLED:
        return LeftOut(f"the tag {policy.opt_in.tag} says {DISABLED}")
    rule = matched(facts, policy)
    if isinstance(rule, Undecided):
        return rule
    if rule and rule.profile == NONE:
        return LeftOut(f"rule '{rule.name}' says {NONE}", _key_of(rule, policy), rule.name)
    if word is not None and word.lower() != ENABLED:
        return _by_tag(word, rule, policy)
    if rule is None and "default" not in policy.profiles:
        return LeftOut("no rule matches it, and the policy has no profile 'default'")
    if not _asked(facts, word, rule, policy):
        why = (
            f"rule '{rule.name}' connects what a tag asks for" if rule else "its type is not always connected"
        )
        return LeftOut(f"no tag asks for it and {why}", rule=rule.name if rule else "")
    return _chosen(rule.profile if rule else "default", rule, word, policy)


def matched(facts: Facts, policy: Policy) -> Rule | Undecided | None:
    """The first rule that fits; undecided where an earlier one may fit as well."""
    for at, rule in enumerate(policy.rules):
        found = rule.match.fits(facts)
        if found is None:
            return Undecided(f"rules[{at}]", rule.match.unknown(facts))
        if found:
            return rule
    return None


def nearest_mode(profile: str, rule: Rule | None, policy: Policy) -> Mode:
    """The mode of the rule, else of the profile, else of the file."""
    known = policy.profiles.get(profile)
    return (rule.mode if rule else None) or (known.mode if known else None) or policy.mode


def mode_said_by(profile: str, rule: Rule | None, policy: Policy) -> str:
    """The part of the policy that says the mode that counts."""
    known = policy.profiles.get(profile)
    if rule and rule.mode:
        return f"rule '{rule.name}'"
    return f"profile '{profile}'" if known and known.mode else "the policy"


def rule_named(name: str, policy: Policy) -> Rule | None:
    """The rule of this name; None where the policy has none such."""
    return next((rule for rule in policy.rules if rule.name == name), None)


def lowered(policy: Policy, ceiling: Mode) -> Policy:
    """The policy with no mode that does more than this."""
    if ceiling == "apply":
        return policy

    def low(mode: Mode | None) -> Mode | None:
        return mode and lower_mode(mode, ceiling)

    rules = tuple(rule.model_copy(update={"mode": low(rule.mode)}) for rule in policy.rules)
    profiles = {
        name: profile.model_copy(update={"mode": low(profile.mode)})
        for name, profile in policy.profiles.items()
    }
    changed = {"mode": lower_mode(policy.mode, ceiling), "rules": rules, "profiles": profiles}
    return policy.model_copy(update=changed)


def lower_mode(one: Mode, other: Mode) -> Mode:
    """The mode that does less."""
    return min(one, other, key=MODES.index)


def may_choose(profile: str, policy: Policy) -> bool:
    """A tag may choose this profile."""
    allowed = policy.opt_in.tag_may_choose
    return allowed is None or profile in allowed


def _excluded(facts: Facts, policy: Policy) -> LeftOut | Undecided | None:
    """What leaves it out for certain, before what may: all entries do the same."""
    undecided: Undecided | None = None
    for at, entry in enumerate(policy.exclude):
        found = entry.fits(facts)
        if found:
            return LeftOut(f"exclude[{at}] leaves it out", f"exclude[{at}]")
        if found is None and undecided is None:
            undecided = Undecided(f"exclude[{at}]", entry.unknown(facts))
    return undecided


def leaves_managed_alone(policy: Policy) -> bool:
    """Resources in groups that a service manages are left alone, whatever a tag says."""
    return bool(policy.rules) if policy.exclude_managed is None else policy.exclude_managed


def selecting_tags(policy: Policy) -> tuple[str, ...]:
    """The names of the tags by which exclusions and rules select."""
    selectors = [*policy.exclude, *(rule.match for rule in policy.rules)]
    return tuple(dict.fromkeys(name for one in selectors for name in one.tags))


def _managed(facts: Facts, policy: Policy) -> LeftOut | Undecided | None:
    if not leaves_managed_alone(policy):
        return None
    if facts.managed_by is None:
        return Undecided(MANAGED, ("managedBy of its resource group",))
    if not facts.managed_by:
        return None
    return LeftOut(
        f"its resource group is managed by {clean(facts.managed_by, 300)}, and exclude_managed leaves it out",
        MANAGED,
        keep=True,
    )


def _by_tag(word: str, rule: Rule | None, policy: Policy) -> Choice:
    if word not in policy.profiles or not may_choose(word, policy):
        return NotAllowed(clean(word, 80), word in policy.profiles, rule.name if rule else "")
    return _chosen(word, rule, word, policy)


def _asked(facts: Facts, word: str | None, rule: Rule | None, policy: Policy) -> bool:
    if word is not None or (rule and rule.connect == "always"):
        return True
    return rule is None and (facts.type or "").lower() in policy.opt_in.types


def _chosen(profile: str, rule: Rule | None, word: str | None, policy: Policy) -> Chosen:
    mode = nearest_mode(profile, rule, policy)
    return Chosen(profile, rule.name if rule else "", mode, by_type=word is None)


def _key_of(rule: Rule, policy: Policy) -> str:
    return next(f"rules[{at}]" for at, one in enumerate(policy.rules) if one is rule)
