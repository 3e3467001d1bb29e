"""Names and tags from templates: text with fields, such as `pe-{name:24}-{group:20}-{hash}`.

    {name}            a field
    {name:24}         at most its first 24 characters
    {tag:env|none}    the value of the resource's tag `env`, or `none` where it has no such tag

A template is filled in once: a brace in a tag's value is a character like any other. In names, what comes
from Azure is put in lower case, because Azure returns one name in several spellings, and characters that a
name cannot have become `-`. Text of the operator stays as it is written. A name that is too long loses the
end of its longest part, and never a part of its hash. Tags take their values as they are.

Lengths and characters: Microsoft Learn, "Naming rules and restrictions for Azure resources",
Microsoft.Network; values of tags: "Use tags to organize your Azure resources".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from shared.core.base.errors import InputError, clean
from shared.core.base.regions import region_key

type TemplateKind = Literal["endpoint", "network_interface", "zone_group", "link", "peering", "rule", "tag"]

_OF_TARGET = frozenset({"name", "type", "group", "resource_group", "region", "placement"})
_OF_ENDPOINT = _OF_TARGET | {"hash", "tag"}
FIELDS: Mapping[TemplateKind, frozenset[str]] = {
    "endpoint": _OF_ENDPOINT,
    "network_interface": _OF_ENDPOINT | {"endpoint"},
    "zone_group": _OF_ENDPOINT | {"endpoint"},
    "link": frozenset({"network", "hash"}),
    "peering": frozenset({"local", "remote", "hub", "spoke", "hash"}),
    "rule": frozenset({"name", "type", "group", "hash"}),
    "tag": _OF_TARGET | {"tag"},
}
MAX_TAG_VALUE = 256
# ARM allows endpoints 64 characters at most, and the other kinds 80.
MAX_LENGTH: Mapping[TemplateKind, int] = {
    **dict.fromkeys(FIELDS, 80),
    "endpoint": 64,
    "tag": MAX_TAG_VALUE,
}
MIN_LENGTH: Mapping[TemplateKind, int] = {**dict.fromkeys(FIELDS, 1), "endpoint": 2}
MAX_TEMPLATE = 512  # characters; twice what the longest value can have

MAX_FIELDS = 16

# Values that have the case in which the operator, or we, wrote them.
_AS_WRITTEN = frozenset({"hash", "type", "region"})
_LAST_CUT = frozenset({"group", "placement"})  # they distinguish what one resource has several of

_FIELD = re.compile(r"\{([^{}]*)\}")
_INSIDE = re.compile(r"(?P<name>[a-z_]+)(?::(?P<more>[^|]*))?(?:\|(?P<otherwise>.*))?", re.DOTALL)
IN_NAMES = re.compile(r"[A-Za-z0-9._-]*")  # the characters of names
_FOREIGN = re.compile(r"[^A-Za-z0-9.-]")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one part of a template, and the remedy."""

    part: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Field:
    """A part that is filled in. `length`: characters at most; None: all. `tag`: whose value it is."""

    name: str
    tag: str = ""
    length: int | None = None
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """Fixed texts and fields in their order."""

    kind: TemplateKind
    parts: tuple[str | Field, ...]

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields that it has."""
        return frozenset(part.name for part in self.parts if isinstance(part, Field))

    @property
    def fixed(self) -> str:
        """The text that is the same in all its results."""
        return "".join(part for part in self.parts if isinstance(part, str))

    def expand(self, fields: Mapping[str, str], tags: Mapping[str, str] | None = None) -> str:
        """The text for these values. `tags`: the resource's; without them only the `otherwise` is left.

        A name begins and ends as Azure demands and is no longer than its kind allows; it is empty only
        where neither the template nor the field `hash` gives a character. `fields["type"]` and
        `fields["region"]` are those of `type_text` and `region_text`.
        """
        values = [self._value(part, fields, tags or {}) for part in self.parts]
        if self.kind == "tag":
            return "".join(values)[:MAX_TAG_VALUE]
        name = _with_ends("".join(self._shortened(values)))
        if len(name) < MIN_LENGTH[self.kind]:
            name = _with_ends(f"{name}-{fields.get('hash', '')}")
        return name

    def _value(self, part: str | Field, fields: Mapping[str, str], tags: Mapping[str, str]) -> str:
        if isinstance(part, str):
            return part
        found = tag_value(tags, part.tag) if part.tag else fields.get(part.name)
        if not found:
            return part.otherwise
        return (found if self.kind == "tag" else _in_a_name(found, part.name))[: part.length]

    def _shortened(self, values: list[str]) -> list[str]:
        """Cut the longest part, character by character, until the name is short enough."""
        over = sum(map(len, values)) - MAX_LENGTH[self.kind]
        for _ in range(over):
            at = self._longest(values)
            if at is None:
                break
            values[at] = values[at][:-1]
        return values

    def _longest(self, values: list[str]) -> int | None:
        """The part to cut next. Parts that distinguish sub-resources come after all others."""
        for spared in (_LAST_CUT | {"hash"}, frozenset({"hash"})):
            known = [
                at
                for at, part in enumerate(self.parts)
                if isinstance(part, Field) and part.name not in spared and len(values[at]) > 1
            ]
            if known:
                return max(known, key=lambda at: len(values[at]))
        return None


def parse(text: str, kind: TemplateKind) -> Template:
    """Read a template. Raises InputError with its first problem; `problems` has all of them."""
    for found in problems(text, kind):
        raise InputError(f"naming.{kind}", found.part, f"{found.problem}; {found.remedy}")
    return _parsed(text, kind)


@functools.lru_cache(maxsize=256)
def _parsed(text: str, kind: TemplateKind) -> Template:
    parts: list[str | Field] = []
    at = 0
    for found in _FIELD.finditer(text):
        parts += [text[at : found.start()], _field(found[1])]
        at = found.end()
    parts.append(text[at:])
    return Template(kind, tuple(part for part in parts if part))


def _field(inside: str) -> Field:
    found = _INSIDE.fullmatch(inside)
    name, more, otherwise = found.group("name", "more", "otherwise") if found else (inside, None, None)
    if name == "tag":
        return Field(name, tag=more or "", otherwise=otherwise or "")
    length = int(more) if more and more.isascii() and more.isdigit() else None
    return Field(name, length=length, otherwise=otherwise or "")


@functools.lru_cache(maxsize=256)
def problems(text: str, kind: TemplateKind) -> tuple[Problem, ...]:
    """All that is wrong with a template by itself, in the order in which it is written."""
    if not text:
        return (Problem("", "it is empty", "write a name, or leave it out"),)
    if len(text) > MAX_TEMPLATE:
        return (Problem(text, f"it has more than {MAX_TEMPLATE} characters", "shorten it"),)
    return (*_of_fields(text, kind), *_of_text(text, kind))


def _of_fields(text: str, kind: TemplateKind) -> Iterator[Problem]:
    if len(_FIELD.findall(text)) > MAX_FIELDS:
        yield Problem(clean(text), f"it has more than {MAX_FIELDS} fields", "leave some out")
        return
    for found in _FIELD.finditer(text):
        inside = _INSIDE.fullmatch(found[1])
        if inside is None:
            form = "write {field}, {field:9}, or {tag:name|otherwise}"
            yield Problem(found[0], "it is not the form of a field", form)
            continue
        name, more, otherwise = inside.group("name", "more", "otherwise")
        if name not in FIELDS[kind]:
            known = ", ".join(sorted(FIELDS[kind]))
            yield Problem(found[0], f"there is no field {{{name}}} here", f"known: {known}")
        elif name == "tag":
            yield from _of_tag(found[0], more)
        else:
            yield from _of_length(found[0], name, more)
        if otherwise and kind != "tag" and not IN_NAMES.fullmatch(otherwise):
            yield Problem(found[0], "a name cannot have its `otherwise`", "use letters, digits and . _ -")


def _of_tag(part: str, name: str | None) -> Iterator[Problem]:
    if not (name or "").strip():
        yield Problem(part, "it names no tag", "write {tag:name} or {tag:name|otherwise}")


def _of_length(part: str, name: str, length: str | None) -> Iterator[Problem]:
    if length is None:
        return
    if name == "hash":
        yield Problem(part, "a shorter hash makes two names equal", "write {hash}")
    elif not re.fullmatch(r"[1-9][0-9]{0,2}", length):
        yield Problem(part, "its length is not a number from 1 to 999", f"write {{{name}:9}}, or {{{name}}}")


def _of_text(text: str, kind: TemplateKind) -> Iterator[Problem]:
    fixed = _FIELD.sub("", text)
    if brace := re.search(r"[{}]", fixed):
        yield Problem(
            brace[0], "a brace without its other half", "write fields as {name}, and no other braces"
        )
    elif kind != "tag" and not IN_NAMES.fullmatch(fixed):
        foreign = next(char for char in fixed if not IN_NAMES.fullmatch(char))
        yield Problem(clean(foreign), "a name cannot have this character", "use letters, digits and . _ -")
    if kind != "tag" and len(fixed) > MAX_LENGTH[kind] // 2 and _FIELD.search(text):
        bound = MAX_LENGTH[kind] // 2
        remedy = f"use at most {bound} characters besides the fields"
        yield Problem(clean(fixed), "more than half of what it can have is fixed text", remedy)
    elif len(fixed) > MAX_LENGTH[kind]:
        yield Problem(clean(fixed), f"it has more than {MAX_LENGTH[kind]} characters", "shorten it")


def tag_value(tags: Mapping[str, str], name: str) -> str | None:
    """A tag's value; Azure compares the names of tags without case."""
    return next((value for key, value in tags.items() if key.lower() == name.lower()), None)


def type_text(kind: str, types: Mapping[str, str]) -> str:
    """The field `type`: what `naming.types` says for a type, else the type's last part in lower case."""
    chosen = {name.lower(): text for name, text in types.items()}
    return chosen.get(kind.lower()) or kind.rpartition("/")[2].lower()


def region_text(region: str, regions: Mapping[str, str]) -> str:
    """The field `region`: what `naming.regions` says for a region, else the region as ARM writes it."""
    chosen = {region_key(name): text for name, text in regions.items()}
    return chosen.get(region_key(region)) or region_key(region)


def expanded_tags(
    templates: Mapping[str, str], fields: Mapping[str, str], tags: Mapping[str, str]
) -> dict[str, str]:
    """The tags that these templates give by name; one whose text is empty is left out.

    For what several resources share give neither fields nor tags: the fixed text and each `otherwise` are
    left. Raises InputError for a template with a problem.
    """
    found = {name: parse(text, "tag").expand(fields, tags) for name, text in templates.items()}
    return {name: text for name, text in found.items() if text}


def _in_a_name(value: str, field: str) -> str:
    """A value in the characters that names have. The endpoint's name has only such."""
    if field == "endpoint":
        return value
    return _FOREIGN.sub("-", value if field in _AS_WRITTEN else value.lower())


def _with_ends(name: str) -> str:
    """A name begins with a letter or a digit, and ends with one or with an underscore."""
    return name.lstrip("._-").rstrip(".-")
