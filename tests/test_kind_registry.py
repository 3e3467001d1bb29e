"""What every kind of managed object needs outside its own module, and what a new kind still lacks.

Its rows in the decision table are required by tests/core/test_decision_table.py. What no test can require is
a check of the proof (core/outcome), the place where it is desired (core/plan/desired.py), and, for a type
that ARM lists inside its parent's body, an entry in core/readings/embedded.py.
"""

import inspect
import pkgutil
import typing
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from azure.mgmt.network.aio import operations as network
from azure.mgmt.privatedns.aio import operations as dns

from sandbox.azure.front import access
from sandbox.azure.providers.registry import registry
from shared.adapters.arm_types import OPERATIONS, Operations, operations
from shared.adapters.polling import pace
from shared.core import kinds
from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.written import recreation
from shared.core.kinds.kind import Kind, Managed
from shared.core.kinds.registry import KINDS

ROLE = frozenset(access.Role.load().actions)
SIMULATED = registry()
# Kinds whose writes are awaited by the default pace, and why.
DEFAULT_PACE = {
    "microsoft.network/networksecuritygroups": "one is created once for a subnet, and is ready in 3 seconds",
}
AT = ResourceId.parse("/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/e")


def missing(kind: Kind) -> Iterator[str]:
    """What a kind still lacks, each with the file where it belongs."""
    row = operations(kind.TYPE)
    if row is None or not row.written:
        yield "a row that is written in shared/adapters/arm_types.py"
        return
    for action, needed in (("write", True), ("delete", row.deleted)):
        if (f"{kind.TYPE}/{action}" in ROLE) != needed:
            yield f"{'the' if needed else 'no'} right {kind.TYPE}/{action} in shared/core/base/role_table.py"
    if has_default_pace(kind) and kind.TYPE.lower() not in DEFAULT_PACE:
        yield "its pace in shared/adapters/polling.py, or a reason in DEFAULT_PACE here"
    simulated = SIMULATED.get(kind.TYPE)
    if simulated is None or simulated.put is None or (row.deleted and simulated.delete is None):
        yield "a provider in sandbox/azure/providers"
    if row.deleted and (kept := reported_members_kept(row)):
        yield f"{', '.join(kept)} in _REPORTED of shared/core/base/written.py"


def has_default_pace(kind: Kind) -> bool:
    return pace(kind.TYPE, "create") is pace("any/other", "create")


def reported_members_kept(row: Operations) -> list[str]:
    """What the SDK marks as read-only in a type's body and a deletion record would send all the same."""
    model = model_of(row)
    own, inner = reported(model), reported(inner_of(model))
    body = {**dict.fromkeys(own, "x"), "properties": dict.fromkeys(inner, "x")}
    sent = recreation(Seen(AT, body))
    return sorted({*sent, *sent["properties"]} - {"properties"})


def model_of(row: Operations) -> Any:
    """The SDK's model of a type's body: what its `begin_create_or_update` takes last."""
    every = vars(network if row.client == "network" else dns)
    name = f"{row.group.replace('_', '')}operations"
    group = next(one for key, one in every.items() if key.lower() == name)
    taken = [one.annotation for one in inspect.signature(group.begin_create_or_update).parameters.values()]
    union = next(one for one in taken if typing.get_origin(one) is typing.Union)
    return typing.get_args(union)[0]


def inner_of(model: Any) -> Any:
    """The model of its `properties`."""
    package = import_module(model.__module__.rpartition(".")[0])
    text = str(inspect.get_annotations(model)["properties"])
    return next(one for name, one in vars(package).items() if f".{name}'" in text or f".{name}]" in text)


def reported(model: Any) -> set[str]:
    """The members that Azure reports and no client writes."""
    model()  # the SDK fills its table of members with the first instance
    fields = model._attr_to_rest_field.values()
    return {field._rest_name for field in fields if field._visibility == ["read"]}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_a_registered_kind_lacks_nothing(kind: Kind) -> None:
    assert list(missing(kind)) == []


def test_every_kind_is_registered() -> None:
    modules = [import_module(f"{kinds.__name__}.{one.name}") for one in pkgutil.iter_modules(kinds.__path__)]
    classes = {one for module in modules for _, one in inspect.getmembers(module, inspect.isclass)}
    found = {one.TYPE.lower() for one in classes if issubclass(one, Managed) and one is not Managed}
    assert found == set(KINDS)


@pytest.mark.parametrize("kind", sorted(OPERATIONS))
def test_every_type_that_is_read_can_be_read_from_the_simulator(kind: str) -> None:
    assert SIMULATED.get(kind) is not None


def test_every_reason_for_the_default_pace_is_still_needed() -> None:
    assert {at for at, kind in KINDS.items() if has_default_pace(kind)} == set(DEFAULT_PACE)


class Unknown(Managed):
    """A kind of which only the class exists."""

    TYPE = "Microsoft.Network/networkManagers"


def test_a_kind_of_which_only_the_class_exists_lacks_its_row_first() -> None:
    assert list(missing(Unknown)) == ["a row that is written in shared/adapters/arm_types.py"]
