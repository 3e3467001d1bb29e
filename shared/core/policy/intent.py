"""Who asked for a private path: what a resource's tags, its group's tags and the policy say together.

Tags can only choose among the operator's profiles and narrow the groups; nothing in a tag ever becomes a
network, a zone or a subnet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.core.base.bodies import mapping
from shared.core.base.errors import InputError, clean
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue, Cloud, Group
from shared.core.policy.choice import (
    DISABLED,
    ENABLED,
    LeftOut,
    NotAllowed,
    Undecided,
    choose,
)
from shared.core.policy.networks import Networks
from shared.core.policy.policy import Policy
from shared.core.policy.profile import Profile
from shared.core.policy.scope import Scope
from shared.core.policy.selectors import Facts
from shared.core.policy.style import PLAIN, Style
from shared.core.policy.values import Mode

NOT_ASKED = "NotAsked"
NOT_DECIDED = "NotDecided"
EXCLUDED = "Excluded"  # the policy leaves it out, whatever its tags say
LEFT_ALONE = "LeftAlone"  # it is asked for by its type alone, and it is one that has to be asked for by name
MAX_TAG_VALUE = 256  # Azure's own limit for a tag's value


@dataclass(frozen=True, slots=True)
class Connect:
    """Connect these groups of the target by this profile.

    `rule`: the name of the rule that chose it; empty: none did. `networks`: what the profile's words mean for
    this target; None until they are resolved. `style`: names and tags of what is made for it. `placement`:
    this is about one of several placements alone.
    """

    profile_name: str
    profile: Profile
    groups: tuple[Group, ...]
    cloud: Cloud = "AzureCloud"
    rule: str = ""
    mode: Mode = "apply"
    networks: Networks | None = None
    style: Style = PLAIN
    placement: str = ""

    @property
    def reach(self) -> Networks:
        """The networks that the profile means: before its words are resolved, those that it lists by id."""
        return self.networks or self.profile.listed

    @property
    def each(self) -> tuple[Connect, ...]:
        """The same for each placement, with its own places, zones and clients; itself where there is one."""
        if not self.profile.placements:
            return (self,)
        return tuple(
            replace(self, profile=alone, networks=self.reach.of(name), placement=name)
            for name, alone in self.profile.each.items()
        )


@dataclass(frozen=True, slots=True)
class Declined:
    """It was asked for, and it cannot be done as asked: why, and what the person who asked can do.

    `key`: the part of the policy that cannot be decided. `rule`: the rule that matched.
    """

    code: str
    reason: str
    remedy: str
    key: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class NotAsked:
    """It is not opted in, or it is opted out: leave it alone.

    `keep`: also what was made for it before, whatever the profile says of those that are opted out. `key`:
    the part of the policy that says so, such as `exclude[0]`. `rule`: the rule that matched.
    """

    reason: str
    code: str = NOT_ASKED
    keep: bool = False
    key: str = ""
    rule: str = ""


NOT_WATCHED = "NotWatched"


type Intent = Connect | Declined | NotAsked


def intent(
    target: Target,
    group_tags: Mapping[str, str],
    policy: Policy,
    catalogue: Catalogue,
    alone: str = "",
    scope: Scope | None = None,
    managed_by: str | None = "",
) -> Intent:
    """What is asked for one target. `group_tags` are its resource group's tags (policy `inherit`).

    `alone`: why it is not connected by its type alone; empty where it may be. `scope`: where subscriptions
    are among management groups; without it, nothing is known of that. `managed_by`: as in `Facts`.
    """
    within = scope or Scope(policy)
    if not within.watches(target.id.subscription):
        return not_watched(policy)
    if not catalogue.knows(target.id.type):
        return NotAsked("its type has no private endpoint in the catalogue")
    word = tag_word(target.tags, group_tags, policy)
    above = within.above(target.id.subscription)
    facts = facts_of(target, inherited_tags(group_tags, policy), above, managed_by)
    chosen = choose(facts, word, policy)
    match chosen:
        case Undecided():
            return _undecided(chosen)
        case LeftOut():
            code = EXCLUDED if chosen.key else NOT_ASKED
            return NotAsked(chosen.reason, code, chosen.keep, chosen.key, chosen.rule)
        case NotAllowed():
            return replace(_not_allowed(chosen, policy), rule=chosen.rule)
    if alone and chosen.by_type:
        return NotAsked(alone, LEFT_ALONE, keep=True, rule=chosen.rule)
    profile = policy.profiles[chosen.profile]
    if (unfit := catalogue.refused(target)) is not None:
        return Declined("NotEligible", unfit.reason, unfit.remedy, rule=chosen.rule)
    found = replace(_narrowed(target, chosen.profile, profile, policy, catalogue), rule=chosen.rule)
    if not isinstance(found, Connect):
        return found
    style = Style(policy.naming, policy.tags, with_inherited(target.tags, inherited_tags(group_tags, policy)))
    return replace(found, mode=chosen.mode, style=style)


def not_watched(policy: Policy) -> NotAsked:
    """Its subscription is not watched.

    One that left a management group may have been moved by mistake: what was made for it is kept.
    """
    if not policy.management_groups:
        return NotAsked("the policy does not list its subscription any more", NOT_WATCHED)
    reason = "the policy does not list its subscription, which is below none of its management groups"
    return NotAsked(reason, NOT_WATCHED, keep=True)


def facts_of(
    target: Target,
    inherited: Mapping[str, str],
    management_groups: tuple[str, ...] | None = (),
    managed_by: str | None = "",
) -> Facts:
    """What selectors ask of a target. `inherited`: tags of its resource group, where the policy counts them.

    Some types have their SKU among their properties, such as Microsoft.KeyVault/vaults.
    """
    inner = mapping(target.properties.get("sku")).get("name")
    return Facts.of(
        target.id,
        region=target.location,
        sku=target.sku or (inner if isinstance(inner, str) else ""),
        tags=with_inherited(target.tags, inherited),
        management_groups=management_groups,
        managed_by=managed_by,
    )


def with_inherited(tags: Mapping[str, str], inherited: Mapping[str, str]) -> Mapping[str, str]:
    """A resource's tags and those of its group that it does not have itself, in whatever case."""
    own = {name.lower() for name in tags}
    return {**{name: text for name, text in inherited.items() if name.lower() not in own}, **tags}


def tag_word(tags: Mapping[str, str], group_tags: Mapping[str, str], policy: Policy) -> str | None:
    """The opt-in tag's value that counts: the resource's own, then its group's."""
    for asked in (tags, inherited_tags(group_tags, policy)):
        word = tag_value(asked, policy.opt_in.tag)
        if word is not None:
            return word.strip()
    return None


def inherited_tags(group_tags: Mapping[str, str], policy: Policy) -> Mapping[str, str]:
    """The tags of its group that count for a resource."""
    return group_tags if policy.opt_in.inherits else {}


def asked_by_type(target: Target, policy: Policy) -> bool:
    """Its type is always connected, or a rule may connect it, and the resource itself says nothing."""
    listed = target.id.type.lower() in policy.opt_in.types
    return (listed or bool(policy.rules)) and tag_value(target.tags, policy.opt_in.tag) is None


def tag_value(tags: Mapping[str, str], name: str) -> str | None:
    """A tag's value; Azure compares tag names without case."""
    return next((value for key, value in tags.items() if key.lower() == name.lower()), None)


def _not_allowed(found: NotAllowed, policy: Policy) -> Declined:
    tag, word = policy.opt_in.tag, clean(found.word, 80)
    allowed = policy.profiles if policy.opt_in.tag_may_choose is None else policy.opt_in.tag_may_choose
    names = ", ".join(sorted(allowed))
    remedy = f"set the tag to {ENABLED}, {DISABLED}" + (f" or one of: {names}" if names else "")
    if found.known:
        reason = (
            f"tag {tag} names the profile '{word}', which opt_in.tag_may_choose does not let a tag choose"
        )
        return Declined("ProfileNotAllowed", reason, remedy)
    reason = f"tag {tag} names the profile '{word}', which the policy does not have"
    return Declined("UnknownProfile", reason, remedy)


def _undecided(found: Undecided) -> Declined:
    reason = f"whether {found.key} matches is not known: {', '.join(found.unknown)} could not be read"
    return Declined(NOT_DECIDED, reason, "let the app read what is named, then rerun the resource", found.key)


def _narrowed(
    target: Target, name: str, profile: Profile, policy: Policy, catalogue: Catalogue
) -> Connect | Declined:
    tag = f"{policy.opt_in.tag}-groups"
    asked = tag_value(target.tags, tag)
    if asked is not None and len(asked) > MAX_TAG_VALUE:
        return Declined(
            "InvalidTag", f"tag {tag} is too long to be real", "list group ids, separated by commas"
        )
    by_policy = {kind.lower(): groups for kind, groups in profile.groups.items()}
    chosen = (
        tuple(part for part in (piece.strip() for piece in asked.split(",")) if part)
        if asked is not None
        else by_policy.get(target.id.type.lower(), ())
    ) or catalogue.default_groups(target)
    if not chosen:
        return Declined(
            "NoGroup",
            "nothing of this resource is connected by default, or its kind takes no private endpoint",
            f"name a sub-resource in the tag {tag}; a managed cluster must be a private cluster",
        )
    try:
        return Connect(name, profile, catalogue.resolve(target, chosen), policy.cloud)
    except InputError as fault:
        source = f"tag {tag}" if asked is not None else f"the profile's groups for {target.id.type}"
        reason = f"{source} asks for '{fault.value}', which {target.id.name} does not have"
        return Declined("UnknownGroup", reason, fault.remedy)
