"""A target's public door: whether it is open, what closes it, and what it was before.

No kind of object of its own but one property of the target, at the path that the catalogue gives for the
type. It is closed after the private path is proven and never opened again by Causeway; what it was is kept
so that a person can.
Source: the types' REST specifications (Azure/azure-rest-api-specs), by way of the catalogue; Microsoft Learn,
"Transition to a network security perimeter" (`SecuredByPerimeter`).
"""

from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import mapping
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import PublicSwitch

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


@dataclass(frozen=True, slots=True)
class Before:
    """What a door was before it was closed: the property's path and its value, None where there was none."""

    path: str
    value: str | bool | None

    def __str__(self) -> str:
        return f"{self.path} was {'not set, which means open' if self.value is None else self.value}"


def before(target: Target, switch: PublicSwitch) -> Before:
    """What the door is now, to be kept before it is closed."""
    value = _value(target, switch)
    return Before("properties." + ".".join(switch.path), value if isinstance(value, str | bool) else None)


def opening(switch: PublicSwitch, was: Before | None) -> str:
    """How a person opens the door again: as it was, where that is known and was open."""
    known = (
        was is not None and was.value is not None and _key(was.value) not in (_key(switch.closed), PERIMETER)
    )
    value = was.value if was is not None and known else switch.opened
    remembered = f" ({was})" if was is not None else ""
    return f"set properties.{'.'.join(switch.path)} to {value}{remembered}"
