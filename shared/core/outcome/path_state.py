"""What was read of one path: where its endpoint is, how it is approved, and under which names it is found."""

from dataclasses import dataclass

from shared.core.base.ids import ResourceId
from shared.core.kinds import zone_configs
from shared.core.kinds.endpoint import addresses_of, connection_of
from shared.core.kinds.nic import Address
from shared.core.kinds.zone_configs import ReportedRecord, records_of
from shared.core.plan.group_path import GroupPath
from shared.core.readings.observed import Observed


@dataclass(frozen=True, slots=True)
class PathState:
    """The result for one group: where its endpoint is and under which names it is found.

    `placement`: which of several it is; empty where there is one.
    """

    group: str
    endpoint: ResourceId
    status: str
    addresses: tuple[Address, ...]
    records: tuple[ReportedRecord, ...]
    placement: str = ""

    @property
    def ips(self) -> tuple[str, ...]:
        """The endpoint's addresses."""
        return tuple(address.ip for address in self.addresses)


def state_of_path(path: GroupPath, observed: Observed) -> PathState:
    """The state by what was read."""
    endpoint = observed.present(path.endpoint.id)
    if endpoint is None:
        return PathState(path.group.group_id, path.endpoint.id, "Missing", (), (), path.placement)
    connection = connection_of(endpoint)
    return PathState(
        path.group.group_id,
        endpoint.id,
        connection.status if connection else "None",
        addresses_of(endpoint, observed),
        _records(path, observed),
        path.placement,
    )


def _records(path: GroupPath, observed: Observed) -> tuple[ReportedRecord, ...]:
    if path.zone_group is None and not path.external:
        return ()
    groups = observed.listed(path.endpoint.id, zone_configs.COLLECTION)
    return tuple(record for group in groups for record in records_of(group))
