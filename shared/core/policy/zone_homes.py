"""In which resource group the policy has a zone."""

from __future__ import annotations

import functools
import re

from shared.core.base.ids import GroupId, ResourceId
from shared.core.policy.profile import Dns, PlacementDns


def zone_home_of(target: ResourceId, dns: Dns | PlacementDns, name: str) -> GroupId | None:
    """The resource group of a zone: what `dns` says of its name, of the target's type, of all zones.

    A name may have placeholders, as the catalogue's do: `privatelink.{region}.azmk8s.io`.
    """
    named = (home for word, home in dns.zones.items() if _is_zone(word, name))
    typed = (home for word, home in dns.zones.items() if target.is_type(word))
    return next(named, None) or next(typed, None) or dns.zones_resource_group


@functools.lru_cache(maxsize=1024)
def _is_zone(word: str, name: str) -> bool:
    return re.fullmatch("[^.]+".join(map(re.escape, re.split(r"\{[^{}]*\}", word))), name, re.I) is not None
