"""What in a document violates a JSON Schema: as much of the standard as the policy's schema uses."""

import re
from typing import Any


def schema_violations(value: Any, schema: dict[str, Any], root: dict[str, Any] | None = None) -> list[str]:
    """The violations, each in a line."""
    root = root or schema
    while "$ref" in schema:
        named = root["$defs"][schema["$ref"].rpartition("/")[2]]
        schema = named | {key: value for key, value in schema.items() if key != "$ref"}
    known = {
        "$schema", "$defs", "title", "description", "default", "type", "enum", "const", "pattern", "minimum",
        "maximum", "minItems", "maxItems", "minLength", "minProperties", "items", "anyOf", "oneOf",
        "properties", "required", "additionalProperties", "propertyNames",
    }  # fmt: skip
    assert set(schema) <= known, f"the schema says more than this check understands: {set(schema) - known}"
    found = []
    types = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "null": type(None),
    }
    if "type" in schema and (
        not isinstance(value, types[schema["type"]])
        or (schema["type"] == "integer" and isinstance(value, bool))
    ):
        return [f"{value!r} is no {schema['type']}"]
    if "anyOf" in schema and all(schema_violations(value, option, root) for option in schema["anyOf"]):
        found.append(f"{value!r} is none of its kinds")
    if "oneOf" in schema and sum(not schema_violations(value, one, root) for one in schema["oneOf"]) != 1:
        found.append(f"{value!r} is not one of its kinds")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{value!r} is not in {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{value!r} is not {schema['const']}")
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        found.append(f"{value!r} is too short")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{value!r} does not match")
    if not schema.get("minimum", value) <= value if "minimum" in schema else False:
        found.append(f"{value!r} is too small")
    if "maximum" in schema and value > schema["maximum"]:
        found.append(f"{value!r} is too large")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            found.append(f"{len(value)} entries")
        found += [text for entry in value for text in schema_violations(entry, schema.get("items", {}), root)]
    if isinstance(value, dict):
        found += _violations_of_object(value, schema, root)
    return found


def _violations_of_object(value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    properties, more = schema.get("properties", {}), schema.get("additionalProperties", {})
    found = [f"{name} is missing" for name in schema.get("required", []) if name not in value]
    if len(value) < schema.get("minProperties", 0):
        found.append("it is empty")
    for name, entry in value.items():
        found += schema_violations(name, schema.get("propertyNames", {}), root)
        if name in properties:
            found += schema_violations(entry, properties[name], root)
        elif more is False:
            found.append(f"{name} is not known")
        else:
            found += schema_violations(entry, more, root)
    return found
