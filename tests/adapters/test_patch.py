"""Disabling public network access of every catalogued type through the real client: an awaited PATCH."""

from functools import reduce
from typing import Any

import pytest

from shared.core.catalogue.catalogue import load
from tests.adapters.azure import GROUP, LATE, Cloud

CATALOGUE = load()
SWITCHED = sorted(kind for kind in CATALOGUE.types if CATALOGUE.public_switch(kind))
# What some types cannot be made without.
NEEDS: dict[str, dict[str, Any]] = {
    "Microsoft.DocumentDB/databaseAccounts": {"locations": [{"locationName": "westeurope"}]},
    "Microsoft.KeyVault/vaults": {
        "tenantId": "11111111-1111-1111-1111-111111111111",
        "sku": {"family": "A", "name": "standard"},
    },
    "Microsoft.Sql/servers": {"administratorLogin": "a", "administratorLoginPassword": "P@ssw0rd-1"},
}


@pytest.mark.parametrize("kind", SWITCHED)
async def test_public_access_is_disabled_when_the_call_returns_and_the_rest_is_kept(kind):
    cloud = Cloud()
    await cloud.begin()
    cloud.allow_everything()
    switch, version = CATALOGUE.public_switch(kind), CATALOGUE.api_version(kind)
    assert switch is not None
    target = GROUP.resource(kind, "thing1")
    made = {"location": "westeurope", "tags": {"kept": "yes"}, "sku": {"name": "Standard_LRS"}}
    cloud.simulator.world.instant = True
    whole = made | {"kind": "StorageV2", "properties": NEEDS.get(kind, {})}
    assert (await cloud.user("PUT", target.text, whole, version)).status < 300
    cloud.simulator.world.instant = False

    closed: Any = reduce(lambda inner, name: {name: inner}, reversed(switch.path), switch.closed)
    body = await cloud.arm.patch(target, {"properties": closed}, api_version=version, deadline=LATE)

    found = reduce(lambda inner, name: inner[name], switch.path, body["properties"])
    assert str(found).lower() == str(switch.closed).lower()
    assert body["tags"] == {"kept": "yes"}
    cloud.simulator.events.close()
