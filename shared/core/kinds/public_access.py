"""A target's public door: whether it is open, what closes it, and what it was before.

No kind of object of its own but one property of the target, at the path that the catalogue gives for the
type. It is closed after the private path is proven and never opened again by Causeway; what it was is kept
so that a person can.
Source: the types' REST specifications (Azure/azure-rest-api-specs), by way of the catalogue; Microsoft Learn,
"Transition to a network security perimeter" (`SecuredByPerimeter`).
"""

from typing import Any

from shared.core.catalogue import PublicSwitch
from shared.core.kinds.kind import mapping
from shared.core.target import Target

PERIMETER = (
    "securedbyperimeter"  # a network security perimeter decides: public access is shut without our help
)


def _value(target: Target, switch: PublicSwitch) -> object:
    *outer, name = switch.path
    level = target.properties
    for part in outer:
        level = mapping(level.get(part))
    return level.get(name)


def _key(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def is_open(target: Target, switch: PublicSwitch) -> bool:
    """The door is not known to be shut. A resource that does not say counts as open: that is the default."""
    return _key(_value(target, switch)) not in (_key(switch.closed), PERIMETER)


def closing(switch: PublicSwitch) -> dict[str, Any]:
    """The PATCH body that closes the door and touches nothing else."""
    body: Any = switch.closed
    for part in reversed(switch.path):
        body = {part: body}
    return {"properties": body}


def before(target: Target, switch: PublicSwitch) -> dict[str, Any]:
    """What the door was: the property's path and its value, None where the resource did not say."""
    return {"path": "properties." + ".".join(switch.path), "value": _value(target, switch)}
