"""Which resource types a profile can serve, before any resource is read: by tags, by rules, by `always`."""

from shared.core.catalogue.catalogue import Catalogue
from shared.core.policy.choice import may_choose, nearest_mode
from shared.core.policy.policy import Policy
from shared.core.policy.selectors import Selector

DEFAULT = "default"


def types_reached(profile: str, policy: Policy, catalogue: Catalogue) -> tuple[str, ...]:
    """The types that this profile may connect, sorted. A tag can be on a resource of any type."""
    if _by_tag(profile, policy):
        found = catalogue.types
    else:
        by_rule = (types_of(rule.match, catalogue) for rule in policy.rules if rule.profile == profile)
        always = policy.opt_in.always if profile == DEFAULT else ()
        found = frozenset(always).union(*by_rule)
    left_out = (types_of(one, catalogue) for one in policy.exclude if one.model_fields_set == {"type"})
    return tuple(sorted(found.difference(*left_out)))


def types_of(selector: Selector, catalogue: Catalogue) -> frozenset[str]:
    """The types that a selector can fit."""
    if selector.type is None:
        return catalogue.types
    return frozenset(kind for several in selector.type for kind in several)


def writes(profile: str, policy: Policy) -> bool:
    """Some resource can be connected by this profile in the mode `apply`."""
    rules = [rule for rule in policy.rules if rule.profile == profile]
    return any(nearest_mode(profile, rule, policy) == "apply" for rule in (None, *rules))


def _by_tag(profile: str, policy: Policy) -> bool:
    """A tag names it; or a tag says `enabled` on what no rule matches."""
    unmatched = not any(not rule.match.patterns for rule in policy.rules)
    return may_choose(profile, policy) or (profile == DEFAULT and unmatched)
