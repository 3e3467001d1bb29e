"""Values from outside, read by models: request bodies, query strings, queue messages.

This module imports pydantic, which takes longer to load than all that is needed to list the functions.
Import it where a value is read, not at the top of a module that the host imports.
"""

import difflib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.core.base.errors import InputError

MAX_INPUT = 16 * 1024  # bytes of one body or message; an ARM id has at most 2,048 characters
MAX_NAME = 64  # characters of an unknown field that are compared with the known ones


class Input(BaseModel):
    """Base of the models. The docstring below a field says what to send: the remedy of a wrong value."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


def read_json[M: Input](model: type[M], raw: bytes | str, name: str) -> M:
    """The model that a JSON text holds. `name` is what a fault calls the whole: body, work item.

    Raises InputError naming the field, the value and the remedy.
    """
    data = raw.encode("utf-8", "replace") if isinstance(raw, str) else raw
    try:
        found = json.loads(data) if len(data) <= MAX_INPUT else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError(name, data[:MAX_INPUT].decode("utf-8", "replace"), _whole(model))
    return read(model, found, name)


def read[M: Input](model: type[M], values: Mapping[str, Any], name: str) -> M:
    """The values as the model. Raises InputError for the first fault."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as wrong:
        raise _fault(model, _first(wrong.errors(include_url=False)), name) from wrong


def one_of(words: Mapping[str, Any]) -> str:
    """What to send where only some words are known."""
    return f"one of {', '.join(words)}"


def _first(details: list[Any]) -> Any:
    """The fault to name. An unknown field comes first: it may be a misspelling of one that is missing."""
    return min(details, key=lambda detail: detail["type"] != "extra_forbidden")


def _fault(model: type[Input], detail: Any, name: str) -> InputError:
    field = str(detail["loc"][0])
    if detail["type"] == "extra_forbidden":
        return InputError(name, field, _known(model, field))
    value = "" if detail["type"] == "missing" else _shown(detail["input"])
    return InputError(field, value, f"send {model.model_fields[field].description}")


def _known(model: type[Input], field: str) -> str:
    """The remedy for an unknown field: the one that was probably meant, or all that there are."""
    names = list(model.model_fields)
    # difflib takes a time that grows with the square of the length.
    close = difflib.get_close_matches(field[:MAX_NAME].lower(), names, n=1, cutoff=0.6)
    meant = f"did you mean {close[0]}? " if close else ""
    return f"{meant}known: {', '.join(names)}"


def _whole(model: type[Input]) -> str:
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    return f"send a JSON object with {' and '.join(required)}, at most {MAX_INPUT} bytes"


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
