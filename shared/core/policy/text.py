"""From the policy's text to a plain document.

YAML accepts a duplicate key, and the last one wins. In a policy that is a mistake that stays unnoticed, so
here it is a fault.
"""

from collections.abc import Iterator

import yaml

from shared.core.base.errors import Fault, PolicyError, clean

MAX_POLICY = 1_000_000  # characters: far above any real policy


def read_yaml(text: str) -> tuple[dict[object, object], list[Fault]]:
    """The document, and its duplicate keys. Raises PolicyError where the text is not a YAML mapping."""
    if len(text) > MAX_POLICY:
        raise _unreadable("policy", f"it has more than {MAX_POLICY:,} characters", "split or shorten it")
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        document = loader.construct_document(root) if root else None
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "policy"
        raise _unreadable(where, clean(str(wrong.problem)), "correct the YAML there") from wrong
    except yaml.YAMLError as wrong:
        raise _unreadable("policy", clean(str(wrong)), "correct the YAML") from wrong
    except (ValueError, LookupError, AttributeError, RecursionError) as wrong:
        # PyYAML's constructors let these through for scalars like 2024-13-45, and for very deep nesting
        raise _unreadable("policy", clean(f"a value cannot be read: {wrong}"), "put it in quotes") from wrong
    if not isinstance(document, dict):
        raise _unreadable("policy", "it is not a mapping", "begin with `version: 1`")
    return document, list(_duplicates(root, "", set()))


def _unreadable(path: str, problem: str, remedy: str) -> PolicyError:
    return PolicyError([Fault(path, "", problem, remedy)])


def _duplicates(node: yaml.Node | None, path: str, seen: set[int]) -> Iterator[Fault]:
    """Duplicate keys of one mapping. An anchored node is visited once, also if it contains itself."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, entry in enumerate(node.value):
            yield from _duplicates(entry, f"{path}[{index}]", seen)
    elif isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            name = clean(str(key.value), 80)
            here = f"{path}.{name}".lstrip(".")
            line = key.start_mark.line + 1
            if name in lines:
                problem = f"the key is duplicated, in lines {lines[name]} and {line}"
                yield Fault(here, "", problem, "keep one of the two")
            lines[name] = line
            yield from _duplicates(value, here, seen)
