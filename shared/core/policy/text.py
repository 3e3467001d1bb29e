"""From the policy's text to a plain document.

YAML accepts a duplicate key, and the last one wins. In a policy that is a mistake that stays unnoticed, so
here it is a fault.
"""

from collections.abc import Iterator
from itertools import chain

import yaml

from shared.core.base.errors import Fault, PolicyError, clean

MAX_POLICY = 1_000_000  # characters: far above any real policy
MAX_NODES = 100_000  # keys, values and lists once aliases and merge keys are replaced by what they name
MAX_PLAIN = 100  # characters of a number, a date, or another value that is no text

_TEXT = "tag:yaml.org,2002:str"


def read_yaml(text: str) -> tuple[dict[object, object], list[Fault]]:
    """The document, and its duplicate keys. Raises PolicyError where the text is not a YAML mapping."""
    if len(text) > MAX_POLICY:
        raise _unreadable("policy", f"it has more than {MAX_POLICY:,} characters", "split or shorten it")
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root and _size(root, {}) > MAX_NODES:
            problem = f"it has more than {MAX_NODES:,} values, counted again at each alias"
            raise _unreadable("policy", problem, "shorten it, or use fewer aliases")
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


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many nodes there are once aliases are replaced by what they name, each node visited once.

    Stops counting above the limit. A node that contains itself counts as one there: YAML permits that, and
    the models refuse it. Raises ValueError for a value that is no text and long: a number of thousands of
    digits takes a time that grows with the square of their count.
    """
    if isinstance(node, yaml.ScalarNode):
        if node.tag != _TEXT and len(node.value) > MAX_PLAIN:
            raise ValueError(f"{node.value[:MAX_PLAIN]}… is too long for a number or a date")
        return 1
    if id(node) not in sizes:
        sizes[id(node)] = 1
        children = chain.from_iterable(node.value) if isinstance(node, yaml.MappingNode) else node.value
        total = 1
        for child in children:
            total += _size(child, sizes)
            if total > MAX_NODES:
                break
        sizes[id(node)] = total
    return sizes[id(node)]


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
