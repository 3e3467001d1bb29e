"""Parameters of a template: what was given against what is declared.

Source: docs/azure/deployments.md, DEP-04.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.azure.front.deployments.expressions import Functions, TemplateError, resolve
from sandbox.azure.kernel.model import Json

TYPES: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "string": ("String", str),
    "securestring": ("SecureString", str),
    "int": ("Int", int),
    "bool": ("Bool", bool),
    "object": ("Object", dict),
    "secureobject": ("SecureObject", dict),
    "array": ("Array", list),
}
SECURE = ("securestring", "secureobject")
BOUNDS: tuple[tuple[str, Callable[[Any], int], bool], ...] = (
    ("minLength", len, False),
    ("maxLength", len, True),
    ("minValue", int, False),
    ("maxValue", int, True),
)


def values(template: Json, given: Json, functions: Functions) -> Json:
    """The value of each declared parameter. Raises TemplateError for a missing, unknown or wrong one."""
    declared: Json = template.get("parameters") or {}
    names = {name.lower(): name for name in declared}
    unknown = [name for name in given if name.lower() not in names]
    if unknown:
        raise TemplateError(
            f"The template parameters '{', '.join(unknown)}' in the parameters file are not valid; they are "
            "not present in the original template and can therefore not be provided at deployment time. The "
            f"only supported parameters for this template are '{', '.join(declared)}'."
        )
    sent = {names[name.lower()]: one for name, one in given.items()}
    found: Json = {}
    for name, about in declared.items():
        found[name] = _value(name, about, sent, _knowing(functions, found))
    return found


def shown(template: Json, found: Json) -> Json:
    """Parameters as a deployment shows them: with type, and no secret."""
    declared: Json = template.get("parameters") or {}
    return {name: typed(str(about.get("type", "")), found[name]) for name, about in declared.items()}


def typed(kind: str, value: Any) -> Json:
    """A value with its type, as parameters and outputs are shown; a secret without its value."""
    known = TYPES.get(kind.lower())
    about = {"type": known[0] if known else "Object"}
    return about if kind.lower() in SECURE else about | {"value": value}


def _knowing(functions: Functions, found: Json) -> Functions:
    """A default may use other parameters."""
    return {**functions, "parameters": lambda name: found[name]}


def _value(name: str, about: Json, sent: Json, functions: Functions) -> Any:
    if name in sent:
        value = _given(name, sent[name])
    elif "defaultValue" in about:
        value = resolve(about["defaultValue"], functions)
    elif about.get("nullable"):
        return None
    else:
        raise TemplateError(
            f"The value for the template parameter '{name}' is not provided. Please see "
            "https://aka.ms/arm-create-parameter-file for usage details."
        )
    _check(name, about, value)
    return value


def _given(name: str, entry: Any) -> Any:
    if isinstance(entry, dict) and "value" in entry:
        return entry["value"]
    if isinstance(entry, dict) and "reference" in entry:
        raise TemplateError(f"The simulator has no secrets: parameter '{name}' cannot refer to a key vault.")
    raise TemplateError(f"The parameter '{name}' has no value.")


def _check(name: str, about: Json, value: Any) -> None:
    known = TYPES.get(str(about.get("type", "")).lower())
    is_wrong_bool = known is not None and known[1] is int and isinstance(value, bool)
    if known is not None and value is not None and (is_wrong_bool or not isinstance(value, known[1])):
        raise TemplateError(
            f"The provided value for the template parameter '{name}' is not valid. Expected a value of type "
            f"'{known[0]}', but received a value of type '{type(value).__name__}'."
        )
    allowed = about.get("allowedValues")
    if allowed is not None and value not in allowed:
        listed = ",".join(map(str, allowed))
        raise TemplateError(
            f"The provided value for the template parameter '{name}' is not valid. The value '{value}' is "
            f"not part of the allowed value(s): '{listed}'."
        )
    for bound, measure, is_most in BOUNDS:
        limit = about.get(bound)
        if limit is not None and (measure(value) > limit if is_most else measure(value) < limit):
            raise TemplateError(
                f"The provided value for the template parameter '{name}' is not valid: {bound} is {limit}."
            )
