"""The bill of materials of a package, as CycloneDX 1.6 JSON (cyclonedx.org/docs/1.6/json).

It is made from what the folder holds, not from what was asked for, and is the same for the same content.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tools.package.inventory import Distribution
from tools.package.pins import Pin

SPEC = "1.6"


def document(version: str, installed: Sequence[Distribution], locked: Mapping[str, Pin]) -> str:
    """The document's text. `locked` has the hash of the file that each distribution was installed from."""
    own = {"type": "application", "bom-ref": "causeway", "name": "causeway", "version": version}
    whole: dict[str, Any] = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "version": 1,
        "metadata": {"component": own},
        "components": [_component(one, locked[one.name]) for one in installed],
        "dependencies": _dependencies(installed),
    }
    content = json.dumps(whole, sort_keys=True)
    whole["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}"
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


def _component(one: Distribution, pin: Pin) -> dict[str, Any]:
    """`hashes` are those of the wheel, as an index lists it."""
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": _reference(one),
        "name": one.name,
        "version": one.version,
        "purl": _reference(one),
        "hashes": [{"alg": "SHA-256", "content": pin.sha256}],
    }
    if one.summary:
        found["description"] = one.summary
    if one.spdx:
        found["licenses"] = [{"expression": one.spdx}]
    elif one.license:
        found["licenses"] = [{"license": {"name": one.license}}]
    return found


def _dependencies(installed: Sequence[Distribution]) -> list[dict[str, Any]]:
    """Who requires whom; the app requires those that no other does, and may use others directly."""
    references = {one.name: _reference(one) for one in installed}
    needed = {need for one in installed for need in one.needs}
    roots = [references[one.name] for one in installed if one.name not in needed]
    edges = [
        {"ref": references[one.name], "dependsOn": [references[n] for n in one.needs if n in references]}
        for one in installed
    ]
    return [{"ref": "causeway", "dependsOn": roots}, *edges]


def _reference(one: Distribution) -> str:
    """The package URL (github.com/package-url/purl-spec, type pypi)."""
    return f"pkg:pypi/{one.name}@{one.version}"
