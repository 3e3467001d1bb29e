"""From the policy's text to a plain document, and from a fault back to its line.

YAML accepts a duplicate key, and the last one wins. In a policy that is a mistake that stays unnoticed, so
here it is a fault.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import yaml
from yaml.constructor import SafeConstructor

from shared.core.base.errors import Fault, PolicyError, clean
from shared.core.base.regions import region_key
from shared.core.policy.faults import Found, KeyPath
from shared.core.policy.positions import Positions, position_of

MAX_POLICY = 1_000_000  # characters: far above any real policy
MAX_NODES = 100_000  # keys, values and lists once aliases and merge keys are replaced by what they name
MAX_DEPTH = 100  # mappings and lists inside each other; libyaml's composer ends the process at some thousands
MAX_PLAIN = 100  # characters of a number, a date, or another value that is no text

# Keys below which regions and types are keys, which have several spellings
_FOLDED = frozenset(
    {
        "subnets",
        "types",
        "groups",
        "may_lose_access",
        "zones",
        "addresses",
        "application_security_groups",
        "endpoints_resource_group",
        "regions",
    }
)
_NOT_IN_YAML = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # YAML 1.1, 5.1
_TEXT = "tag:yaml.org,2002:str"


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a policy's text, its duplicate keys, and the nodes that know their lines."""

    values: Mapping[object, object]
    faults: tuple[Found, ...]
    root: yaml.Node

    def placed(self, found: Iterable[Found]) -> tuple[Fault, ...]:
        """Faults with their lines and columns, each once."""
        positions = Positions(self.root)
        return tuple(dict.fromkeys(one.at_position(*positions.of(one.at)) for one in found))


def read_yaml(text: str) -> Document:
    """Raises PolicyError where the text is not a YAML mapping, or is too large to be a policy."""
    if len(text) > MAX_POLICY:
        raise _unreadable(f"it has more than {MAX_POLICY:,} characters", "split or shorten it")
    if foreign := _NOT_IN_YAML.search(text):
        before = text[: foreign.start()]
        place = before.count("\n") + 1, foreign.start() - before.rfind("\n")
        problem = f"YAML does not allow the character U+{ord(foreign[0]):04X}"
        raise _unreadable(problem, "remove it, or write it in quotes as an escape", *place)
    try:
        _check_depth(text)
        # The C loader takes a tenth of the time of the other one
        loader = yaml.CSafeLoader(text)
        root = loader.get_single_node()
        if root and _size(root, {}) > MAX_NODES:
            problem = f"it has more than {MAX_NODES:,} values, counted again at each alias"
            raise _unreadable(problem, "shorten it, or use fewer aliases")
        # Before the values are made: that replaces merge keys by what they name
        duplicates = tuple(_duplicates(root, (), set()))
        values = _constructed(loader, root) if root else None
    except yaml.MarkedYAMLError as wrong:
        raise _at_mark(wrong) from wrong
    except yaml.YAMLError as wrong:
        raise _unreadable(clean(str(wrong)), "correct the YAML") from wrong
    if root is None or not isinstance(values, dict):
        raise _unreadable("it is not a mapping", "begin with `version: 1`")
    return Document(values, duplicates, root)


def _unreadable(problem: str, remedy: str, line: int = 1, column: int = 1) -> PolicyError:
    return PolicyError([Fault("policy", "", problem, remedy, line, column)])


def _at_mark(wrong: yaml.MarkedYAMLError) -> PolicyError:
    mark = wrong.problem_mark or wrong.context_mark
    problem, remedy = clean(str(wrong.problem)), "correct the YAML there"
    if mark is None:
        return _unreadable(problem, remedy)
    line, column = mark.line + 1, mark.column + 1
    return PolicyError([Fault(f"line {line}, column {column}", "", problem, remedy, line, column)])


# What PyYAML's constructors let through for scalars like 2024-13-45
_UNREAD = (ValueError, LookupError, AttributeError, RecursionError)


def _constructed(loader: yaml.CSafeLoader, root: yaml.Node) -> object:
    try:
        return loader.construct_document(root)
    except _UNREAD as wrong:
        place = next((position_of(node) for node in _scalars(root, set()) if not _readable(node)), (1, 1))
        problem = clean(f"a value cannot be read: {wrong}")
        raise _unreadable(problem, "put it in quotes", *place) from wrong


def _scalars(node: yaml.Node, seen: set[int]) -> Iterator[yaml.Node]:
    """The values that are no text, each once."""
    if isinstance(node, yaml.ScalarNode) and node.tag != _TEXT:
        yield node
    elif isinstance(node, yaml.CollectionNode) and id(node) not in seen:
        seen.add(id(node))
        for child in chain.from_iterable(node.value) if isinstance(node, yaml.MappingNode) else node.value:
            yield from _scalars(child, seen)


def _readable(node: yaml.Node) -> bool:
    try:
        SafeConstructor().construct_object(node)
    except (yaml.YAMLError, *_UNREAD):
        return False
    return True


def _check_depth(text: str) -> None:
    """Raises PolicyError where values are nested too deeply: composing them takes a stack of that depth."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            problem = f"more than {MAX_DEPTH} mappings and lists are inside each other"
            mark = event.start_mark
            place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            raise _unreadable(problem, "no policy needs as many: leave some out", *place)


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many nodes there are once aliases are replaced by what they name, each node visited once.

    Stops counting above the limit. A node that contains itself counts as one there: YAML permits that, and
    the models refuse it. Raises PolicyError for a value that is no text and long: a number of thousands of
    digits takes a time that grows with the square of their count.
    """
    if isinstance(node, yaml.ScalarNode):
        if node.tag != _TEXT and len(node.value) > MAX_PLAIN:
            problem = clean(
                f"a value cannot be read: {node.value[:MAX_PLAIN]}… is too long for a number or a date"
            )
            raise _unreadable(problem, "put it in quotes", *position_of(node))
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


def _duplicates(node: yaml.Node | None, path: KeyPath, seen: set[int]) -> Iterator[Found]:
    """Duplicate keys of one mapping. An anchored node is visited once, also if it contains itself."""
    if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        collections = ((at, one) for at, one in enumerate(node.value) if isinstance(one, yaml.CollectionNode))
        for index, entry in collections:
            yield from _duplicates(entry, (*path, index), seen)
    elif isinstance(node, yaml.MappingNode):
        first: dict[str, tuple[str, int]] = {}
        fold = _fold(path)
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if folded := first.get(fold(name)):
                before, where = folded
                what = "duplicated" if before == name else f"there twice, also spelled {before}"
                problem = f"the key is {what}, in lines {where} and {line}"
                yield Found((*path, name), "", clean(problem), "keep one of the two")
            first[fold(name)] = name, line
            if isinstance(value, yaml.CollectionNode):
                yield from _duplicates(value, (*path, name), seen)


def _fold(path: KeyPath) -> Callable[[str], str]:
    """What makes two keys at this path one: Azure compares regions, types and names of tags without case."""
    if path[-1:] == ("tags",):
        return str.lower
    by_type = len(path) > 1 and path[-2] == "types"
    return region_key if by_type or (path[-1:] and path[-1] in _FOLDED) else str
