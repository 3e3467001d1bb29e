"""What is known of management groups, in the table `sweeps`: one row for each, in the partition `branch`."""

import contextlib
from collections.abc import Callable

from shared.adapters.tables import MAX_ENTITY, Changed, Exists, Row, Table, joined, split
from shared.core.base.errors import TransientError
from shared.core.policy.hierarchy import Branch

RACES = 50  # re-reads after a lost ETag race
_PARTITION = "branch"


class TableBranches:
    """Implements `ports.Branches`. One per process."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def load(self, name: str) -> Branch | None:
        return _branch(await self._table.get(_PARTITION, name))

    async def update(self, name: str, change: Callable[[Branch], Branch]) -> Branch:
        for _ in range(RACES):
            row = await self._table.get(_PARTITION, name)
            found = change(_branch(row) or Branch(name))
            text = found.text()
            if len(text) > MAX_ENTITY:  # some 10,000 subscriptions: it is read again by each process
                return found
            with contextlib.suppress(Exists, Changed):
                await self._write(row, name, text)
                return found
        raise TransientError(
            "too many workers write one row of the management groups", code="LedgerContended"
        )

    async def _write(self, row: Row | None, name: str, text: str) -> None:
        if row is None:
            await self._table.insert(_PARTITION, name, split("branch", text))
        else:
            await self._table.replace(row, split("branch", text))


def _branch(row: Row | None) -> Branch | None:
    """None too where another program wrote something else."""
    return Branch.parse(joined("branch", row.values)) if row else None
