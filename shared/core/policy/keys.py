"""The keys that the models know, by their place in the policy."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAliasType, get_args

from pydantic import BaseModel

from shared.core.policy.faults import KeyPath


def keys_at(path: KeyPath, root: type[BaseModel]) -> tuple[str, ...]:
    """The keys that a mapping at this path of the document may have."""
    models: list[Any] = [root]
    for part in path:
        inside = [each for one in models for each in _inside(one, part)]
        models = [each for one in inside for each in _models(one)]
    found = [name for one in models if _is_model(one) for name in one.model_fields]
    return tuple(dict.fromkeys(found)) or tuple(root.model_fields)


def _inside(found: Any, part: str | int) -> Iterator[Any]:
    """The types that are at one key or index of a type."""
    if _is_model(found):
        if part in found.model_fields:
            yield found.model_fields[part].annotation
    else:
        yield from get_args(found)


def _models(found: Any) -> Iterator[Any]:
    """A type without what wraps it: models, and the mappings and lists that can hold models."""
    if isinstance(found, TypeAliasType):
        yield from _models(found.__value__)
    elif _is_model(found) or getattr(found, "__origin__", None) in (tuple, list, dict, Mapping):
        yield found
    else:
        for one in get_args(found):
            yield from _models(one)


def _is_model(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel)
