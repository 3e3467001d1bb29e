"""How what is made for one resource is called and tagged, by the policy's templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.core.base.target import Target
from shared.core.policy.policy import Naming
from shared.core.policy.templates import (
    FIELDS,
    TemplateKind,
    expanded_tags,
    parse,
    region_text,
    type_text,
)

type Tags = tuple[tuple[str, str], ...]  # names and values


@dataclass(frozen=True, slots=True)
class Style:
    """`templates` are those of the policy's `tags`, `tags` the resource's, from which they copy."""

    naming: Naming = field(default_factory=Naming)
    templates: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def name(self, kind: TemplateKind, fields: Mapping[str, str]) -> str | None:
        """The name by the policy's template; None where it has none for this kind."""
        template = getattr(self.naming, kind)
        return parse(template, kind).expand(fields, self.tags) if template else None

    def has(self, kind: TemplateKind, *fields: str) -> bool:
        """The template for this kind has all of these fields."""
        template = getattr(self.naming, kind)
        return bool(template) and parse(template, kind).fields.issuperset(fields)

    def fields(self, target: Target, **more: str) -> dict[str, str]:
        """What templates are filled in with for a resource."""
        return {
            "name": target.id.name,
            "type": type_text(target.id.type, self.naming.types),
            "resource_group": target.id.resource_group,
            "region": region_text(target.location, self.naming.regions),
            **more,
        }

    def own_tags(self, fields: Mapping[str, str]) -> Tags:
        """The tags of what is made for this resource alone."""
        known = {name: text for name, text in fields.items() if name in FIELDS["tag"]}
        return tuple(expanded_tags(self.templates, known, self.tags).items())

    @property
    def shared_tags(self) -> Tags:
        """The tags of what resources share: the fixed text, and what a missing tag is replaced by."""
        return tuple(expanded_tags(self.templates, {}, {}).items())


PLAIN = Style()  # without templates


def merged(existing: Mapping[str, object], tags: Tags) -> dict[str, object]:
    """Existing tags with these written over them; Azure compares the names of tags without case."""
    spelled = {name.lower(): name for name in existing}
    return {**existing, **{spelled.get(name.lower(), name): value for name, value in tags}}


def differing(existing: Mapping[str, object], tags: Tags) -> tuple[str, ...]:
    """The names of those that an object does not have with this value. Others' tags do not count."""
    known = {name.lower(): value for name, value in existing.items()}
    return tuple(name for name, value in tags if known.get(name.lower()) != value)
