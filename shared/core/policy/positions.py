"""Where in the text a part of the policy is."""

from __future__ import annotations

import yaml

type Place = tuple[int, int]
type Entry = tuple[Place, yaml.Node]


class Positions:
    """Looks up the lines of a composed document. The keys of each mapping are sorted once."""

    def __init__(self, root: yaml.Node) -> None:
        self._root = root
        self._keys: dict[int, dict[str, Entry]] = {}

    def of(self, path: tuple[str | int, ...]) -> Place:
        """Line and column, from 1, of the key or the entry at this path; of the nearest one above it that is
        there.

        A key that the models spell in another way, such as a region, is found in the spelling of the text.
        """
        node, place = self._root, position_of(self._root)
        for part in path:
            listed = isinstance(node, yaml.SequenceNode) and isinstance(part, int)
            found = _entry(node, int(part)) if listed else self._key(node, str(part))
            if found is None:
                break
            place, node = found
        return place

    def _key(self, node: yaml.Node, name: str) -> Entry | None:
        """Of several with one name it is the last, which counts in YAML."""
        if not isinstance(node, yaml.MappingNode):
            return None
        if (known := self._keys.get(id(node))) is None:
            named = [(key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
            folded = {_folded(key.value): (position_of(key), value) for key, value in named}
            known = self._keys[id(node)] = folded | {
                key.value: (position_of(key), value) for key, value in named
            }
        return known.get(name) or known.get(_folded(name))


def _entry(node: yaml.Node, index: int) -> Entry | None:
    if isinstance(node, yaml.SequenceNode) and index < len(node.value):
        return position_of(node.value[index]), node.value[index]
    return None


def _folded(text: str) -> str:
    return "".join(text.lower().split())


def position_of(node: yaml.Node) -> Place:
    """Line and column, from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1
