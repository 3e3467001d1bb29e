"""A target's public network access: whether it is enabled, what disables it, and what it was before.

Not an object of its own but one property of the target, at the path that the catalogue gives for the type. It
is disabled after the private path is proven and never enabled again by Causeway; what it was is kept so that
a person can.
Source: the types' REST specifications (Azure/azure-rest-api-specs), by way of the catalogue; Microsoft Learn,
"Transition to a network security perimeter" (`SecuredByPerimeter`).
"""

from dataclasses import dataclass
from typing import Any

from shared.core.base.bodies import mapping
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import PublicSwitch

PERIMETER = "securedbyperimeter"  # a network security perimeter decides: public access is off already


def _value(target: Target, switch: PublicSwitch) -> object:
    *outer, name = switch.path
    level = target.properties
    for part in outer:
        level = mapping(level.get(part))
    return level.get(name)


def _key(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def is_open(target: Target, switch: PublicSwitch) -> bool:
    """Public access is not known to be disabled. A resource that does not say counts as enabled (default)."""
    return _key(_value(target, switch)) not in (_key(switch.closed), PERIMETER)


def disabling(switch: PublicSwitch) -> dict[str, Any]:
    """The PATCH body that disables public access and changes nothing else."""
    body: Any = switch.closed
    for part in reversed(switch.path):
        body = {part: body}
    return {"properties": body}


@dataclass(frozen=True, slots=True)
class PreviousAccess:
    """What public access was before it was disabled: the property's path and its value, None if not set."""

    path: str
    value: str | bool | None

    def __str__(self) -> str:
        return f"{self.path} was {'not set, which means enabled' if self.value is None else self.value}"


def current_access(target: Target, switch: PublicSwitch) -> PreviousAccess:
    """What public access is now, to be recorded before it is disabled."""
    value = _value(target, switch)
    path = "properties." + ".".join(switch.path)
    return PreviousAccess(path, value if isinstance(value, str | bool) else None)


def how_to_enable(switch: PublicSwitch, was: PreviousAccess | None) -> str:
    """How a person enables public access again: as it was, where that is known and was enabled."""
    known = (
        was is not None and was.value is not None and _key(was.value) not in (_key(switch.closed), PERIMETER)
    )
    value = was.value if was is not None and known else switch.opened
    remembered = f" ({was})" if was is not None else ""
    return f"set properties.{'.'.join(switch.path)} to {value}{remembered}"
