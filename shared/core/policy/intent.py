"""Who asked for a private path: what a resource's tags, its group's tags and the policy say together.

Tags can only choose among the operator's profiles and narrow the groups; nothing in a tag ever becomes a
network, a zone or a subnet.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.core.base.errors import InputError, clean
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue, Cloud, Group
from shared.core.policy.policy import Policy, Profile

ENABLED, DISABLED = "enabled", "disabled"
LEFT_ALONE = "LeftAlone"  # it is asked for by its type alone, and it is one that has to be asked for by name
MAX_TAG_VALUE = 256  # Azure's own limit for a tag's value


@dataclass(frozen=True, slots=True)
class Connect:
    """Connect these groups of the target by this profile."""

    profile_name: str
    profile: Profile
    groups: tuple[Group, ...]
    cloud: Cloud = "AzureCloud"


@dataclass(frozen=True, slots=True)
class Declined:
    """It was asked for, and it cannot be done as asked: why, and what the person who asked can do."""

    code: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True)
class NotAsked:
    """It is not opted in, or it is opted out: leave it alone.

    `keep`: also what was made for it before, whatever the profile says of those that are opted out.
    """

    reason: str
    code: str = "NotAsked"
    keep: bool = False


NOT_WATCHED = NotAsked("the policy does not list its subscription any more", "NotWatched")


type Intent = Connect | Declined | NotAsked


def intent(
    target: Target, group_tags: Mapping[str, str], policy: Policy, catalogue: Catalogue, alone: str = ""
) -> Intent:
    """What is asked for one target. `group_tags` are its resource group's tags (policy `inherit`).

    `alone`: why it is not connected by its type alone; empty where it may be.
    """
    if not watched(target.id.subscription, policy):
        return NOT_WATCHED
    if not catalogue.knows(target.id.type):
        return NotAsked("its type has no private endpoint in the catalogue")
    word = opt_in(target.id.type, target.tags, group_tags, policy)
    if word is None:
        return NotAsked("no tag asks for it and its type is not always connected")
    if word.lower() == DISABLED:
        return NotAsked(f"the tag {policy.opt_in.tag} says {DISABLED}")
    if alone and not _tagged(target.tags, group_tags, policy):
        return NotAsked(alone, LEFT_ALONE, keep=True)
    name = "default" if word.lower() == ENABLED else word
    profile = policy.profiles.get(name)
    if profile is None:
        return _unknown_profile(word, policy)
    if (unfit := catalogue.refused(target)) is not None:
        return Declined("NotEligible", unfit.reason, unfit.remedy)
    return _narrowed(target, name, profile, policy, catalogue)


def watched(subscription: str, policy: Policy) -> bool:
    """No bridge out: only targets in the operator's own subscriptions are ever read or connected."""
    return subscription.lower() in {watched.lower() for watched in policy.subscriptions}


def opt_in(kind: str, tags: Mapping[str, str], group_tags: Mapping[str, str], policy: Policy) -> str | None:
    """The opt-in word that counts: the resource's own tag, then its group's, then the policy's `always`."""
    for asked in (tags, group_tags if policy.opt_in.inherit == "resource_group" else {}):
        word = tag_value(asked, policy.opt_in.tag)
        if word is not None:
            return word.strip()
    always = {name.lower() for name in policy.opt_in.always}
    return ENABLED if kind.lower() in always else None


def asked_by_type(target: Target, policy: Policy) -> bool:
    """Its type is always connected, and the resource itself says nothing."""
    listed = target.id.type.lower() in {name.lower() for name in policy.opt_in.always}
    return listed and tag_value(target.tags, policy.opt_in.tag) is None


def _tagged(tags: Mapping[str, str], group_tags: Mapping[str, str], policy: Policy) -> bool:
    inherited = group_tags if policy.opt_in.inherit == "resource_group" else {}
    return any(tag_value(asked, policy.opt_in.tag) is not None for asked in (tags, inherited))


def tag_value(tags: Mapping[str, str], name: str) -> str | None:
    """A tag's value; Azure compares tag names without case."""
    return next((value for key, value in tags.items() if key.lower() == name.lower()), None)


def _unknown_profile(word: str, policy: Policy) -> Declined:
    names = ", ".join(sorted(policy.profiles))
    return Declined(
        "UnknownProfile",
        f"tag {policy.opt_in.tag} names the profile '{clean(word, 80)}', which the policy does not have",
        f"set the tag to {ENABLED}, {DISABLED} or one of: {names}",
    )


def _narrowed(target: Target, name: str, profile: Profile, policy: Policy, catalogue: Catalogue) -> Intent:
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
