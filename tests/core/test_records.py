"""Which records a zone group will write, who owns them, and where names come from before an endpoint."""

from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import InvalidId, ResourceId
from shared.core.base.target import Target
from shared.core.catalogue.service_rules import public_names
from shared.core.kinds import zone_group
from shared.core.kinds.endpoint import reported_addresses
from shared.core.kinds.record import creator_of, records_under
from shared.core.kinds.zone_group import ZoneGroup
from shared.core.plan.actions import Block, Create
from shared.core.plan.decide import decide
from tests.builders import bodies
from tests.builders.pictures import picture

AT = bodies.HUB.group.resource("Microsoft.Network/privateEndpoints", "pe")
GROUP = AT.child(zone_group.COLLECTION, zone_group.NAME)
RECORD = bodies.ZONE.child("A", "orders")
WANT = ZoneGroup(GROUP, AT, (bodies.ZONE,), (RECORD,), "blob", (AT,))
CREATOR = "created by private endpoint pe with resource guid 6bf6e876-97b5-412f-8ed0-fa8da05d81bf"


def zone(name: str) -> ResourceId:
    return bodies.ZONE.group.resource(bodies.ZONE.type, name)


def a_record(*addresses: str, creator: object = None, at: ResourceId = RECORD) -> Seen:
    properties: dict[str, Any] = {"ttl": 300, "aRecords": [{"ipv4Address": ip} for ip in addresses]}
    if creator is not None:
        properties["metadata"] = {"creator": creator}
    return Seen(at, {"id": at.text, "properties": properties})


def names(zones: list[str], *fqdns: str) -> list[str]:
    found = records_under([zone(name) for name in zones], fqdns)
    return [f"{record.name} in {record.names[0]}" for record in found]


@pytest.mark.parametrize(
    ("zones", "fqdn", "expected"),
    [
        (["privatelink.a.net"], "x.a.net", ["x in privatelink.a.net"]),
        (["privatelink.a.net"], "x.scm.a.net", ["x.scm in privatelink.a.net"]),
        (["privatelink.a.net"], "*.x.a.net", ["*.x in privatelink.a.net"]),
        (["privatelink-global.a.net"], "x.a.net", ["x in privatelink-global.a.net"]),
        (["privatelink.a.net", "privatelink.b.a.net"], "x.b.a.net", ["x in privatelink.b.a.net"]),
        (["privatelink.vaultcore.azure.net"], "x.vault.azure.net", ["x in privatelink.vaultcore.azure.net"]),
        (["privatelink.a.net"], "", []),
        (["privatelink.adf.azure.com"], "adf.azure.com", ["portal in privatelink.adf.azure.com"]),
        (["privatelink.adf.azure.com"], "portal.adf.azure.com", ["portal in privatelink.adf.azure.com"]),
    ],
)
def test_a_name_is_one_record_in_the_most_specific_zone(
    zones: list[str], fqdn: str, expected: list[str]
) -> None:
    assert names(zones, fqdn) == expected


def test_a_suffix_without_its_dot_is_not_the_zone_s() -> None:
    assert names(["privatelink.net"], "x.another-net") == ["x in privatelink.net"]


def test_for_a_partitioned_name_both_possible_records_are_read() -> None:
    found = names(["privatelink.blob.core.windows.net"], "md-1.z5.blob.storage.azure.net")
    assert found == [
        "md-1 in privatelink.blob.core.windows.net",
        "md-1.z5 in privatelink.blob.core.windows.net",
    ]


@pytest.mark.parametrize(
    ("creator", "endpoint"),
    [
        (CREATOR, "pe"),
        ("created by private endpoint by-hand", "by-hand"),
        ("external-dns", None),
        ("not created by private endpoint x", None),
        (7, None),
        (None, None),
    ],
)
def test_only_azure_s_own_metadata_names_the_endpoint_of_a_record(
    creator: object, endpoint: str | None
) -> None:
    found = creator_of(a_record("10.9.9.9", creator=creator))
    assert (found and found.name) == endpoint


GUID, OTHER_GUID = "6bf6e876-97b5-412f-8ed0-fa8da05d81bf", "00000000-97b5-412f-8ed0-fa8da05d81bf"
OURS, MOVED = (AT.group.resource(AT.type, f"pe-orders-blob-{n * 8}") for n in "12")


@pytest.mark.parametrize(
    ("creator", "guid", "blocks"),
    [
        (OURS.name, GUID, False),
        (OURS.name.upper(), GUID, False),
        (MOVED.name, OTHER_GUID, False),
        (OURS.name, OTHER_GUID, True),
        ("pe-orders-blob-33333333", OTHER_GUID, True),
        ("pe-orders-blob-prod", OTHER_GUID, True),
        ("by-hand", OTHER_GUID, True),
    ],
    ids=[
        "the guid of our endpoint",
        "the guid under another spelling of the name",
        "an endpoint that the ledger has for this target",
        "our name with the guid of another endpoint",
        "a name of our pattern that the ledger does not have",
        "a team's own name with our prefix",
        "a foreign name",
    ],
)
def test_a_record_is_overwritten_by_its_guid_or_the_ledger_and_never_by_its_name(
    creator: str, guid: str, blocks: bool
) -> None:
    group = OURS.child(zone_group.COLLECTION, zone_group.NAME)
    want = ZoneGroup(group, OURS, (bodies.ZONE,), (RECORD,), "blob", (MOVED,))
    have = bodies.endpoint(OURS)
    have = Seen(OURS, {**have.body, "properties": {**have.properties, "resourceGuid": GUID}})
    signed = f"created by private endpoint {creator} with resource guid {guid}"
    objects = {RECORD: a_record("10.9.9.9", creator=signed), OURS: have}
    action = decide(want, picture(objects, {(OURS, zone_group.COLLECTION): ()}))
    assert isinstance(action, Block) is blocks
    assert not blocks or action.code == "RecordHeldByAnother"  # type: ignore[union-attr]


def decided(record: Seen | None, *own: str, group: Seen | None = None) -> object:
    objects: dict[ResourceId, Seen | None] = {RECORD: record, AT: bodies.endpoint(AT)}
    objects[bodies.nic_id(AT)] = bodies.nic(AT, *own)
    groups = (group,) if group else ()
    return decide(WANT, picture(objects, {(AT, zone_group.COLLECTION): groups}))


def test_a_foreign_record_is_not_overwritten() -> None:
    blocked = decided(a_record("10.9.9.9"), "10.0.1.4")
    assert isinstance(blocked, Block)
    assert (blocked.code, blocked.found) == ("RecordNotOurs", RECORD)
    assert "10.9.9.9" in blocked.reason
    assert "10.0.1.4" in blocked.remedy


def test_a_foreign_record_without_an_address_is_not_overwritten_either() -> None:
    assert isinstance(decided(a_record(), "10.0.1.4"), Block)


@pytest.mark.parametrize(
    ("pointed", "blocks"),
    [(("10.0.1.4",), False), (("10.0.1.4", "10.9.9.9"), True), (("10.0.1.5",), True)],
)
def test_a_foreign_record_is_overwritten_only_if_it_has_exactly_the_endpoint_s_addresses(
    pointed: tuple[str, ...], blocks: bool
) -> None:
    assert isinstance(decided(a_record(*pointed), "10.0.1.4"), Block) is blocks


def test_the_address_of_another_name_of_the_endpoint_does_not_count() -> None:
    nic = bodies.nic(AT, "10.0.1.4", fqdn="orders-westeurope.blob.core.windows.net")
    objects: dict[ResourceId, Seen | None] = {RECORD: a_record("10.0.1.4"), AT: bodies.endpoint(AT)}
    view = picture({**objects, bodies.nic_id(AT): nic}, {(AT, zone_group.COLLECTION): ()})
    assert isinstance(decide(WANT, view), Block)


def test_a_missing_record_and_an_obsolete_one_of_azure_are_written() -> None:
    assert isinstance(decided(None, "10.0.1.4"), Create)
    assert isinstance(decided(a_record("10.9.9.9", creator=CREATOR), "10.0.1.4"), Create)


def read_for(group: Seen) -> set[ResourceId]:
    """The objects that are read by their id if the zone's list agrees with the zone group."""
    lists = {(AT, zone_group.COLLECTION): (group,), (bodies.ZONE, "A"): (a_record("10.0.1.4"),)}
    view = picture({bodies.ZONE: bodies.zone()}, lists)
    return {read.at for read in WANT.reads(view) if not read.collection}


def test_the_record_of_an_existing_zone_group_is_read_only_if_the_zone_group_failed() -> None:
    existing = bodies.zone_group(GROUP, "10.0.1.4")
    assert RECORD not in read_for(existing)
    properties = {**existing.body["properties"], "provisioningState": "Failed"}
    failed = Seen(GROUP, {**existing.body, "properties": properties})
    assert RECORD in read_for(failed)
    assert isinstance(decided(a_record("10.9.9.9"), "10.0.1.4", group=failed), Block)


def test_an_endpoint_reports_its_addresses_each_with_all_of_its_names() -> None:
    configs = [
        {"fqdn": "A.azurewebsites.net.", "ipAddresses": ["10.0.1.4"]},
        {"fqdn": "a.scm.azurewebsites.net", "ipAddresses": ["10.0.1.4"]},
        {"fqdn": "", "ipAddresses": ["10.0.1.5"]},
    ]
    (address,) = reported_addresses(Seen(AT, {"properties": {"customDnsConfigs": configs}}))
    assert address.ip == "10.0.1.4"
    assert address.fqdns == ("a.azurewebsites.net", "a.scm.azurewebsites.net")
    assert reported_addresses(bodies.endpoint(AT)) == ()


def reported_names(kind: str, properties: dict[str, Any], group: str = "") -> tuple[str, ...]:
    at = f"{bodies.ACCOUNT.group.text}/providers/{kind}/orders"
    return public_names(Target.parse({"id": at, "properties": properties}), group)


STORAGE = "Microsoft.Storage/storageAccounts"
PRIMARY = {
    "blob": "https://orders.blob.core.windows.net/",
    "web": "https://orders.z6.web.core.windows.net/",
}


@pytest.mark.parametrize(
    ("kind", "properties", "group", "expected"),
    [
        (STORAGE, {"primaryEndpoints": PRIMARY}, "blob", "orders.blob.core.windows.net"),
        (STORAGE, {"primaryEndpoints": PRIMARY}, "web", None),
        (STORAGE, {"primaryEndpoints": PRIMARY}, "dfs", None),
        (STORAGE, {"primaryEndpoints": PRIMARY}, "blob_secondary", None),
        (STORAGE, {"secondaryEndpoints": {"blob": "https://s.b.c/"}}, "blob_secondary", "s.b.c"),
        (STORAGE, {"primaryEndpoints": None}, "blob", None),
        (
            "Microsoft.KeyVault/vaults",
            {"vaultUri": "https://X.vault.azure.net"},
            "vault",
            "x.vault.azure.net",
        ),
        (
            "Microsoft.KeyVault/vaults",
            {"vaultUri": "https://x.vault.azure.net:443/"},
            "",
            "x.vault.azure.net",
        ),
        ("Microsoft.KeyVault/vaults", {"vaultUri": ""}, "vault", None),
        ("Microsoft.KeyVault/vaults", {"vaultUri": 7}, "vault", None),
        ("Microsoft.Sql/servers", {"fullyQualifiedDomainName": "x.d.w.net"}, "sqlServer", "x.d.w.net"),
        ("Microsoft.Web/sites", {"defaultHostName": "x.azurewebsites.net"}, "sites", None),
    ],
)
def test_a_resource_reports_its_names_as_a_host_name_or_in_a_url(
    kind: str, properties: dict[str, Any], group: str, expected: str | None
) -> None:
    assert reported_names(kind, properties, group) == ((expected,) if expected else ())


@pytest.mark.parametrize("name", ["x.*", "*x", "x*.y", "*"])
def test_a_star_is_valid_only_as_a_record_s_first_label(name: str) -> None:
    with pytest.raises(InvalidId):
        bodies.ZONE.child("A", name)
    with pytest.raises(InvalidId):
        bodies.ZONE.child("virtualNetworkLinks", "*.x")
