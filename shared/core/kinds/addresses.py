"""An endpoint's addresses with their names, from whatever was read of it.

Place in the data's way: between `Observed` and those who need addresses: `Desired` for rules and records, the
plan for records, the proof.
"""

from shared.core.base.bodies import Seen, mapping, sequence
from shared.core.kinds.endpoint import nic_of
from shared.core.kinds.nic import Address, addresses_in
from shared.core.readings.observed import Observed


def addresses_of(endpoint: Seen, observed: Observed) -> tuple[Address, ...]:
    """What the endpoint's network interface says where it was read, else what the endpoint itself tells."""
    nic = nic_of(endpoint)
    seen = observed.objects.get(nic) if nic else None
    return addresses_in(seen) if seen else told_by(endpoint)


def told_by(endpoint: Seen) -> tuple[Address, ...]:
    """The addresses in `customDnsConfigs`, each with its names.

    Azure fills it once the connection is approved and empties it when a zone group is attached (recorded ARM
    traffic): an endpoint that was just made tells its names without a look at its interface.
    """
    names: dict[str, list[str]] = {}
    for config in map(mapping, sequence(endpoint.properties.get("customDnsConfigs"))):
        fqdn = str(config.get("fqdn") or "").rstrip(".").lower()
        for ip in sequence(config.get("ipAddresses")) if fqdn else ():
            names.setdefault(str(ip), []).append(fqdn)
    return tuple(Address(ip, "", tuple(fqdns)) for ip, fqdns in names.items())
