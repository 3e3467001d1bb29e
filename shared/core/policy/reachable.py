"""Which resource types a profile can write for, before any resource is read: by rules, tags and `always`."""

from shared.core.catalogue.catalogue import Catalogue
from shared.core.policy.choice import NONE, may_choose, nearest_mode
from shared.core.policy.policy import Policy, Rule
from shared.core.policy.selectors import Selector

DEFAULT = "default"


def types_written(profile: str, policy: Policy, catalogue: Catalogue) -> tuple[str, ...]:
    """The types that this profile may connect in the mode `apply`, sorted. None: it writes nothing.

    A tag can be on a resource of any type, so `always` adds nothing to what a tag can ask for.
    """
    rules = (rule for rule in (*policy.rules, None) if _reaches(rule, profile, policy))
    found = (_types(rule, catalogue) for rule in rules if nearest_mode(profile, rule, policy) == "apply")
    left_out = (_fitting(one, catalogue) for one in policy.exclude if one.model_fields_set == {"type"})
    return tuple(sorted(frozenset[str]().union(*found).difference(*left_out)))


def _reaches(rule: Rule | None, profile: str, policy: Policy) -> bool:
    """Resources that this rule matches, or no rule (None), can be connected by the profile."""
    tagged = may_choose(profile, policy)
    if rule is not None:
        return rule.profile != NONE and (rule.profile == profile or tagged)
    unmatched = all(one.match.patterns for one in policy.rules)
    return unmatched and (profile == DEFAULT or tagged)


def _types(rule: Rule | None, catalogue: Catalogue) -> frozenset[str]:
    return _fitting(rule.match, catalogue) if rule else catalogue.types


def _fitting(selector: Selector, catalogue: Catalogue) -> frozenset[str]:
    if selector.type is None:
        return catalogue.types
    return frozenset(kind for several in selector.type for kind in several)
