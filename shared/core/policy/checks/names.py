"""Templates of names and tags: what is wrong in one, and names that would be equal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from shared.core.base.regions import region_key
from shared.core.policy.draft import Draft
from shared.core.policy.faults import Found, KeyPath, suspect_region
from shared.core.policy.parts import Naming
from shared.core.policy.templates import IN_NAMES, Template, TemplateKind, parse, problems

MAX_TAGS = 48  # Azure takes 50 on one object (Microsoft Learn: tags), and two are our own
OUR_TAGS = {"managed-by": "causeway", "causeway-target": ""}  # as on all that is made; "": of each target

_OF_RESOURCES: tuple[TemplateKind, ...] = ("endpoint", "network_interface", "rule")
_OF_NETWORKS: tuple[TemplateKind, ...] = ("link", "peering")
_DISTINCT = frozenset({"hash", "endpoint"})  # fields that differ wherever two objects differ
_TARGET = {"name": "orders", "resource_group": "rg", "region": "r", "type": "t", "placement": "p"}


def names(draft: Draft) -> Iterator[Found]:
    """Everything about names and tags."""
    if draft.naming is not None:
        for kind in (*_OF_RESOURCES, "zone_group", *_OF_NETWORKS):
            yield from _of_kind(kind, draft.naming, draft)
        yield from _words(draft.naming, draft)
    yield from _tags(draft)


def _of_kind(kind: TemplateKind, naming: Naming, draft: Draft) -> Iterator[Found]:
    text: str | None = getattr(naming, kind)
    if text is None:
        return
    at: KeyPath = ("naming", kind)
    found = problems(text, kind)
    yield from (Found(at, one.part, one.problem, one.remedy) for one in found)
    template = None if found else parse(text, kind)
    if template and kind in _OF_RESOURCES and not template.fields & _DISTINCT:
        yield from _equal(at, text, template, draft)
    if template and kind in _OF_NETWORKS:
        yield from _of_networks(at, text, template)


def _equal(at: KeyPath, text: str, template: Template, draft: Draft) -> Iterator[Found]:
    """Without a hash or the endpoint's name in it, other fields have to distinguish names."""
    if not template.fields:
        yield Found(at, text, "all get one name", "add {hash}, or {name} and {group}")
        return
    if pair := _equal_groups(template, draft):
        problem = f"two sub-resources of one resource get one name, such as {pair}"
        yield Found(at, text, problem, "add {group} or {hash}")
    for name, profile in draft.profiles.items():
        places = profile.placements if profile and template.kind != "rule" else ()
        if _any_equal(template.expand({**_TARGET, "group": "g", "placement": place}) for place in places):
            problem = f"two placements of profile {name} get one name for a resource"
            yield Found(at, text, problem, "add {placement} or {hash}")
    if "name" not in template.fields:
        yield Found(at, text, "two resources get one name", "add {name} or {hash}")
    else:
        problem = "resources of one name in two groups get one name"
        yield Found(at, text, problem, "add {hash}", "warning")


def _equal_groups(template: Template, draft: Draft) -> str:
    """Two sub-resources of one type that get one name; empty: there are none."""
    for kind in sorted(draft.catalogue.types):
        first: dict[str, str] = {}
        for group in dict.fromkeys(row.group_id for row in draft.catalogue.groups(kind)):
            before = first.setdefault(template.expand({**_TARGET, "group": group}), group)
            if before != group:
                return f"{before} and {group} of {kind}"
    return ""


def _any_equal(texts: Iterable[str]) -> bool:
    found = list(texts)
    return len(set(found)) < len(found)


def _of_networks(at: KeyPath, text: str, template: Template) -> Iterator[Found]:
    """A zone has a link for each network, and a network a peering for each other one."""
    fields = template.fields
    if template.kind == "link" and not fields & {"network", "hash"}:
        yield Found(at, text, "the links of two networks get one name", "add {network} or {hash}")
    if template.kind == "peering" and not (fields & {"remote", "hash"} or fields >= {"hub", "spoke"}):
        problem = "two peerings of one network get one name"
        yield Found(at, text, problem, "add {remote}, {hash}, or both {hub} and {spoke}")


def _words(naming: Naming, draft: Draft) -> Iterator[Found]:
    """What `types` and `regions` put into names."""
    texts = [text for kind in (*_OF_RESOURCES, "zone_group") if (text := getattr(naming, kind))]
    for key, words in (("types", naming.types), ("regions", naming.regions)):
        field = key.removesuffix("s")
        for name, word in words.items():
            if not word or not IN_NAMES.fullmatch(word):
                yield Found(
                    ("naming", key, name), word, "a name cannot have this", "use letters, digits and . _ -"
                )
        if words and not any(f"{{{field}" in text for text in texts):
            problem = f"no name has the field {{{field}}}"
            yield Found(("naming", key), "", problem, "use the field in a name, or leave it out", "warning")
    for region in naming.regions:
        if meant := suspect_region(region_key(region), draft.catalogue.regions):
            problem = "no region is spelled like this"
            yield Found(("naming", "regions", region), region, problem, f"did you mean {meant}?")


def _tags(draft: Draft) -> Iterator[Found]:
    tag = draft.opt_in.tag if draft.opt_in else ""
    if tag.lower() in OUR_TAGS:
        problem = "Causeway tags what it makes with it, so that it would ask for that"
        yield Found(("opt_in", "tag"), tag, problem, "choose another name")
    tags = draft.tags or {}
    for name, text in tags.items():
        at: KeyPath = ("tags", name)
        yield from (Found(at, one.part, one.problem, one.remedy) for one in problems(text, "tag"))
        ours = OUR_TAGS.get(name.lower())
        if ours is not None and text != ours:
            problem = "Causeway writes this tag itself, and knows by it what it made"
            yield Found(at, text, problem, "leave it out")
    if len(tags) > MAX_TAGS:
        problem = f"{len(tags)} tags are more than the {MAX_TAGS} for which an object has space"
        yield Found(("tags",), "", problem, "leave some out")
