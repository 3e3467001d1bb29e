"""Targets: ARM's body read tolerantly, its id strictly."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from shared.core.base.errors import InputError, InvalidId
from shared.core.base.target import Target

ID = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-app"
    "/providers/Microsoft.Storage/storageAccounts/orders"
)
ENDPOINT = ID.replace("Microsoft.Storage/storageAccounts/orders", "Microsoft.Network/privateEndpoints/pe")


def body(**more: Any) -> dict[str, Any]:
    return {"id": ID, "location": "westeurope", "properties": {}, **more}


def connection(**properties: Any) -> dict[str, Any]:
    return {"name": "orders.1", "properties": properties}


def connected(*entries: object) -> Target:
    return Target.parse(body(properties={"privateEndpointConnections": list(entries)}))


def test_a_body_is_read_into_its_fields() -> None:
    target = Target.parse(
        body(kind="StorageV2", sku={"name": "Standard_RAGRS", "tier": "Standard"}, tags={"a": "b"})
    )
    assert target.id.name == "orders"
    assert (target.location, target.kind, target.sku) == ("westeurope", "StorageV2", "Standard_RAGRS")
    assert target.tags == {"a": "b"}


@pytest.mark.parametrize("missing", [{}, {"tags": None, "sku": None, "kind": None, "properties": None}])
def test_what_arm_leaves_out_or_sends_as_null_is_empty(missing: dict[str, Any]) -> None:
    target = Target.parse({"id": ID, **missing})
    assert (target.kind, target.sku, dict(target.tags), dict(target.properties)) == ("", "", {}, {})
    assert target.connections == ()


def test_a_sku_that_is_a_plain_name_is_read_as_well() -> None:
    assert Target.parse(body(sku="Premium")).sku == "Premium"


def test_a_tag_whose_value_is_no_text_is_an_empty_tag() -> None:
    assert Target.parse(body(tags={"a": None, "b": 1, "c": "x"})).tags == {"a": "", "b": "", "c": "x"}


def test_a_body_without_an_id_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        Target.parse({"location": "westeurope"})
    assert (refused.value.field, refused.value.value) == ("id", "None")


def test_a_body_whose_id_is_none_is_refused() -> None:
    with pytest.raises(InvalidId):
        Target.parse(body(id="/subscriptions/x"))


def test_a_connection_is_read_with_its_endpoint_status_and_groups() -> None:
    (found,) = connected(
        connection(
            privateEndpoint={"id": ENDPOINT},
            groupIds=["sqlServer"],
            privateLinkServiceConnectionState={"status": "Approved", "actionsRequired": "None"},
        )
    ).connections
    assert found.endpoint_id is not None
    assert found.endpoint_id.name == "pe"
    assert (found.name, found.status, found.group_ids) == ("orders.1", "Approved", ("sqlServer",))


@pytest.mark.parametrize("spelled", ["actionRequired", "actionsRequired"])
def test_either_spelling_of_the_required_action_is_read(spelled: str) -> None:
    state = {"status": "Pending", spelled: "None"}
    assert connected(connection(privateLinkServiceConnectionState=state)).connections[0].status == "Pending"


@pytest.mark.parametrize("endpoint", [None, {}, {"id": None}, {"id": "/subscriptions/other-tenant"}, "text"])
def test_an_endpoint_that_cannot_be_read_is_none_and_its_connection_stays(endpoint: object) -> None:
    (found,) = connected(connection(privateEndpoint=endpoint)).connections
    assert found.endpoint_id is None
    assert (found.status, found.group_ids) == ("", ())


def test_what_is_no_connection_is_left_out() -> None:
    target = connected(None, "text", connection())
    assert len(target.connections) == 1


def test_a_target_is_a_value() -> None:
    target = connected(connection())
    assert target == connected(connection())
    for value, name in ((target, "kind"), (target.connections[0], "status")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, "other")
