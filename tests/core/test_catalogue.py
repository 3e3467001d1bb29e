"""The catalogue: its data is whole, and a resource's own properties choose its groups and zones."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.core.base.errors import InputError
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import Catalogue, Cloud, Port, PublicSwitch, load
from shared.core.catalogue.eligibility import Restriction
from shared.core.plan.desired_rules import rule_ports

CLOUDS: tuple[Cloud, ...] = ("AzureCloud", "AzureUSGovernment", "AzureChinaCloud")
# Rows that its source does not have yet, and the fact that states them.
ADDED = {"Microsoft.HardwareSecurityModules/cloudHsmClusters": "TGT-63"}
SOURCE = Path(__file__).parents[3] / "shared" / "data" / "private-link-catalogue.json"
STORAGE = "Microsoft.Storage/storageAccounts"
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
PRIMARY = {"blob", "table", "queue", "file", "web", "dfs"}


@pytest.fixture
def catalogue() -> Catalogue:
    return load()


def a_target(of_type: str = STORAGE, **body: Any) -> Target:
    """A resource in westeurope; `body` are further fields of what ARM returns."""
    at = f"/subscriptions/s/resourceGroups/rg-app/providers/{of_type}/name"
    return Target.parse({"id": at, "location": "westeurope", **body})


def an_account(kind: str = "StorageV2", sku: str = "Standard_LRS", *, hns: bool = False) -> Target:
    return a_target(kind=kind, sku={"name": sku}, properties={"isHnsEnabled": hns})


def a_cosmos_account(*capabilities: str, kind: str = "GlobalDocumentDB", **properties: Any) -> Target:
    named = [{"name": name} for name in capabilities]
    return a_target(COSMOS, kind=kind, properties={"capabilities": named, **properties})


def zones_of(
    catalogue: Catalogue, target: Target, group: str, *fqdns: str, cloud: Cloud = "AzureCloud"
) -> tuple[str, ...] | None:
    (found,) = catalogue.resolve(target, [group])
    return catalogue.zones(found, target, cloud, fqdns)


# The data


def test_every_row_of_the_table_is_there(catalogue: Catalogue) -> None:
    rows = [row for kind in catalogue.types for row in catalogue.groups(kind)]
    named = {cloud: len([row for row in rows if cloud in row.zones]) for cloud in CLOUDS}
    assert (len(catalogue.types), len(rows)) == (80, 114)
    assert named == {"AzureCloud": 107, "AzureUSGovernment": 67, "AzureChinaCloud": 46}
    assert len({zone for row in rows for zone in row.zones.get("AzureCloud", ())}) == 92


def test_no_two_rows_differ_for_one_key(catalogue: Catalogue) -> None:
    rows = [row for kind in catalogue.types for row in catalogue.groups(kind)]
    assert len({(row.type.lower(), row.group_id.lower(), row.discriminator) for row in rows}) == len(rows)


def test_every_row_belongs_to_a_type_that_is_known_by_the_same_spelling(catalogue: Catalogue) -> None:
    for kind in catalogue.types:
        assert catalogue.groups(kind), kind
        assert {row.type for row in catalogue.groups(kind)} == {kind}


def test_every_zone_is_a_private_link_name_with_known_placeholders(catalogue: Catalogue) -> None:
    label = r"(\{(regionName|regionCode|region|dnsPrefix|partitionId|subzone)\}|[a-z0-9][a-z0-9-]*)"
    for kind in catalogue.types:
        for row in catalogue.groups(kind):
            assert set(row.zones) <= set(CLOUDS)
            for zone in (zone for zones in row.zones.values() for zone in zones):
                assert re.fullmatch(rf"{label}(\.{label})+", zone), zone
                assert any(part.startswith("privatelink") for part in zone.split(".")), zone


def test_every_port_range_is_one(catalogue: Catalogue) -> None:
    ports = [port for kind in catalogue.types for row in catalogue.groups(kind) for port in row.ports]
    assert all(0 <= port.first <= port.last <= 65535 for port in ports)
    assert any(port.first < port.last for port in ports)


def test_every_type_has_an_api_version(catalogue: Catalogue) -> None:
    for kind in catalogue.types:
        assert re.fullmatch(r"20\d\d-\d\d-\d\d(-preview)?", catalogue.api_version(kind.upper())), kind
    previews = {kind for kind in catalogue.types if catalogue.api_version(kind).endswith("-preview")}
    assert previews == {"Microsoft.IoTCentral/iotApps", "Microsoft.Maps/accounts"}


def test_where_nothing_on_the_resource_decides_the_default_is_a_row_of_the_type(catalogue: Catalogue) -> None:
    asks_the_resource = {
        "Microsoft.Network/applicationGateways",
        "Microsoft.ContainerService/managedClusters",
        "Microsoft.ElasticSan/elasticSans",
    }
    for kind in catalogue.types - asks_the_resource:
        chosen = catalogue.default_groups(a_target(kind))
        assert chosen, kind
        assert set(chosen) <= {row.group_id for row in catalogue.groups(kind)}, kind


def test_a_type_is_known_in_any_case_and_answered_in_the_tables(catalogue: Catalogue) -> None:
    assert catalogue.knows("MICROSOFT.storage/STORAGEACCOUNTS")
    assert not catalogue.knows("Microsoft.Storage/storageAccounts/blobServices")
    assert not catalogue.knows("")
    assert catalogue.groups("Microsoft.Compute/virtualMachines") == ()
    assert catalogue.default_groups(a_target("Microsoft.Compute/virtualMachines")) == ()


def test_sql_prints_both_connection_policies(catalogue: Catalogue) -> None:
    (row,) = catalogue.groups("Microsoft.Sql/servers")
    assert row.ports == (
        Port(1433, 1433, "connection policy Proxy"),
        Port(1433, 65535, "connection policy Redirect over a private endpoint"),
    )


SQL = ResourceId.parse("/subscriptions/s/resourceGroups/rg-app/providers/microsoft.sql/SERVERS/name")


@pytest.mark.parametrize(
    ("policy", "ports"),
    [
        ("Proxy", ("1433",)),
        ("Default", ("1433",)),
        ("redirect", ("1433-65535",)),
        ("Tunnel", ("1433-65535",)),
        (None, ("1433-65535",)),
    ],
)
def test_sql_uses_the_ports_of_its_connection_policy_or_all_where_it_is_not_known(
    catalogue: Catalogue, policy: str | None, ports: tuple[str, ...]
) -> None:
    (row,) = catalogue.groups("Microsoft.Sql/servers")
    setting = {"properties": {"connectionType": policy}} if policy else {}
    assert rule_ports(catalogue.with_ports(row, setting)) == ports


def test_only_sql_servers_have_ports_that_depend_on_a_setting(catalogue: Catalogue) -> None:
    asked = [kind for kind in catalogue.types if catalogue.port_setting(a_target(kind).id)]
    assert asked == ["Microsoft.Sql/servers"]
    assert catalogue.port_setting(SQL) == SQL.child("connectionPolicies", "default")


def test_modes_of_other_types_do_not_narrow_the_ports(catalogue: Catalogue) -> None:
    for policy in ("Proxy", "Default", "Redirect"):
        setting = {"properties": {"connectionType": policy}}
        rows = [row for kind in catalogue.types for row in catalogue.groups(kind)]
        changed = {row.type for row in rows if catalogue.with_ports(row, setting) != row}
        assert changed == {"Microsoft.Sql/servers"}


def test_every_type_with_public_access_has_the_path_and_value_that_disable_it(catalogue: Catalogue) -> None:
    assert catalogue.public_switch(STORAGE) == PublicSwitch(("publicNetworkAccess",), "Enabled", "Disabled")
    assert catalogue.public_switch("microsoft.sql/managedInstances") == PublicSwitch(
        ("publicDataEndpointEnabled",), True, False
    )
    assert catalogue.public_switch("Microsoft.DBforPostgreSQL/flexibleServers") == PublicSwitch(
        ("network", "publicNetworkAccess"), "Enabled", "Disabled"
    )
    assert catalogue.public_switch("Microsoft.Network/privateLinkServices") is None
    assert catalogue.public_switch("Microsoft.Cache/redisEnterprise") == PublicSwitch(
        ("publicNetworkAccess",), "Enabled", "Disabled"
    )


def test_regions_hold_geo_codes_and_every_cloud(catalogue: Catalogue) -> None:
    assert {"westeurope", "usgovvirginia", "chinanorth3"} <= catalogue.regions


def test_only_azure_monitor_in_government_has_more_zones_than_a_zone_group_holds(
    catalogue: Catalogue,
) -> None:
    found = [
        (row.type, cloud)
        for kind in catalogue.types
        for row in catalogue.groups(kind)
        for cloud, zones in row.zones.items()
        if len(zones) > 5
    ]
    assert found == [("Microsoft.Insights/privateLinkScopes", "AzureUSGovernment")]


@pytest.mark.skipif(not SOURCE.is_file(), reason="the table's source is not kept with this copy")
def test_the_data_agrees_with_its_source(catalogue: Catalogue) -> None:
    source = json.loads(SOURCE.read_text(encoding="utf-8"))
    wanted = [
        (
            entry["resource_type"],
            entry["group_id"],
            entry["zones"],
            (entry["government"] or {}).get("zones", []),
            (entry["china"] or {}).get("zones", []),
            [(port["tcp"], port.get("when", "")) for port in entry["ports"]],
        )
        for entry in source["entries"]
    ]
    found = [
        (
            row.type,
            row.group_id,
            *(list(row.zones.get(cloud, ())) for cloud in CLOUDS),
            [(f"{port.first}-{port.last}".removesuffix(f"-{port.first}"), port.when) for port in row.ports],
        )
        for kind in catalogue.types - set(ADDED)
        for row in catalogue.groups(kind)
    ]
    assert sorted(found) == sorted(wanted)
    assert set(source["region_geo_codes"]) <= catalogue.regions


def test_a_cloud_hsm_has_the_names_and_ports_that_its_document_lists(catalogue: Catalogue) -> None:
    (row,) = catalogue.groups("microsoft.hardwaresecuritymodules/cloudhsmclusters")
    assert (row.group_id, row.zones) == ("cloudhsm", {"AzureCloud": ("privatelink.cloudhsm.azure.net",)})
    assert [str(port) for port in row.ports] == ["2224-2225", "443", "444"]


# Which groups a resource has


@pytest.mark.parametrize("kind", ["StorageV2", "Storage", ""])
def test_a_general_purpose_account_has_all_six_services(catalogue: Catalogue, kind: str) -> None:
    assert set(catalogue.valid_groups(an_account(kind))) == PRIMARY


@pytest.mark.parametrize(
    ("kind", "hns", "groups"),
    [
        ("BlobStorage", False, {"blob"}),
        ("BlobStorage", True, {"blob", "dfs"}),
        ("BlockBlobStorage", False, {"blob", "dfs", "web"}),
        ("FileStorage", False, {"file"}),
    ],
)
def test_an_accounts_kind_limits_its_services(
    catalogue: Catalogue, kind: str, hns: bool, groups: set[str]
) -> None:
    assert set(catalogue.valid_groups(an_account(kind, hns=hns))) == groups


@pytest.mark.parametrize("sku", ["Standard_RAGRS", "Standard_RAGZRS"])
def test_secondaries_exist_only_where_a_secondary_can_be_read(catalogue: Catalogue, sku: str) -> None:
    assert set(catalogue.valid_groups(an_account(sku=sku))) == PRIMARY | {
        f"{name}_secondary" for name in PRIMARY
    }
    assert set(catalogue.valid_groups(an_account("BlobStorage", sku))) == {"blob", "blob_secondary"}
    assert set(catalogue.valid_groups(an_account(sku="Standard_GRS"))) == PRIMARY


@pytest.mark.parametrize(
    ("account", "groups"),
    [
        (an_account(), ("blob",)),
        (an_account(hns=True), ("blob", "dfs")),
        (an_account("FileStorage"), ("file",)),
        (an_account("BlockBlobStorage", hns=True), ("blob", "dfs")),
        (an_account(sku="Standard_RAGRS"), ("blob",)),
    ],
    ids=["plain", "hns", "files", "premium blobs with hns", "readable secondary"],
)
def test_an_account_is_connected_by_what_it_is_for(
    catalogue: Catalogue, account: Target, groups: tuple[str, ...]
) -> None:
    assert catalogue.default_groups(account) == groups


@pytest.mark.parametrize(
    ("account", "default", "valid"),
    [
        (a_cosmos_account(), "Sql", {"Sql", "SqlDedicated"}),
        (a_cosmos_account(kind="MongoDB"), "MongoDB", {"MongoDB"}),
        (a_cosmos_account("EnableMongo"), "MongoDB", {"MongoDB"}),
        (a_cosmos_account("EnableCassandra"), "Cassandra", {"Cassandra"}),
        (a_cosmos_account("EnableServerless", "EnableTable"), "Table", {"Table", "Sql"}),
        (a_cosmos_account("EnableGremlin"), "Gremlin", {"Gremlin", "Sql"}),
        (a_cosmos_account(enableAnalyticalStorage=True), "Sql", {"Sql", "SqlDedicated", "Analytical"}),
    ],
    ids=["sql", "mongo by kind", "mongo", "cassandra", "table", "gremlin", "analytical"],
)
def test_a_cosmos_account_has_the_groups_of_its_api(
    catalogue: Catalogue, account: Target, default: str, valid: set[str]
) -> None:
    assert catalogue.default_groups(account) == (default,)
    assert set(catalogue.valid_groups(account)) == valid


@pytest.mark.parametrize(
    "profile", [None, {}, {"enablePrivateCluster": False}, {"enablePrivateCluster": "true"}]
)
def test_a_public_cluster_has_nothing_to_connect_to(catalogue: Catalogue, profile: object) -> None:
    cluster = a_target(
        "Microsoft.ContainerService/managedClusters", properties={"apiServerAccessProfile": profile}
    )
    assert catalogue.default_groups(cluster) == catalogue.valid_groups(cluster) == ()
    with pytest.raises(InputError, match="nothing that a private endpoint"):
        catalogue.resolve(cluster, ["management"])


def test_a_private_cluster_is_connected_by_its_api(catalogue: Catalogue) -> None:
    properties = {"apiServerAccessProfile": {"enablePrivateCluster": True}}
    cluster = a_target("Microsoft.ContainerService/managedClusters", properties=properties)
    assert catalogue.default_groups(cluster) == ("management",)


def test_an_application_gateway_is_reached_by_its_own_frontends(catalogue: Catalogue) -> None:
    frontends = [
        {"name": "internal", "properties": {"privateLinkConfiguration": {"id": "x"}}},
        {"name": "public", "properties": {}},
        {"name": "odd", "properties": None},
    ]
    gateway = a_target(
        "Microsoft.Network/applicationGateways", properties={"frontendIPConfigurations": frontends}
    )
    assert catalogue.valid_groups(gateway) == catalogue.default_groups(gateway) == ("internal",)
    (group,) = catalogue.resolve(gateway, ["INTERNAL"])
    assert (group.group_id, catalogue.zones(group, gateway, "AzureCloud")) == ("internal", ())
    with pytest.raises(InputError, match="use one of: internal"):
        catalogue.resolve(gateway, ["public"])


def test_a_private_link_service_is_connected_without_a_group_id(catalogue: Catalogue) -> None:
    service = a_target("Microsoft.Network/privateLinkServices")
    assert catalogue.default_groups(service) == ("",)
    (group,) = catalogue.resolve(service, [""])
    assert (group.group_id, group.ports) == ("", ())
    with pytest.raises(InputError, match="an empty group id"):
        catalogue.resolve(service, ["blob"])


def test_a_volume_group_is_connected_only_by_its_name(catalogue: Catalogue) -> None:
    san = a_target("Microsoft.ElasticSan/elasticSans")
    assert catalogue.default_groups(san) == ()
    (group,) = catalogue.resolve(san, ["vg-data1"])
    assert group.group_id == "vg-data1"
    assert catalogue.zones(group, san, "AzureCloud") == ("privatelink.blob.core.windows.net",)


# Groups that tags ask for


def test_groups_are_asked_for_in_any_case_and_answered_in_the_tables(catalogue: Catalogue) -> None:
    found = catalogue.resolve(an_account(), ["FILE", "Blob"])
    assert [group.group_id for group in found] == ["file", "blob"]
    assert found[0].ports[0] == Port(445, 445, "SMB")


def test_a_group_asked_for_twice_is_there_once(catalogue: Catalogue) -> None:
    assert len(catalogue.resolve(an_account(), ["blob", "BLOB"])) == 1


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (["blob"], ["blob", "dfs"]),
        (["dfs"], ["dfs", "blob"]),
        (["file", "dfs"], ["file", "dfs", "blob"]),
        (["blob", "dfs"], ["blob", "dfs"]),
        (["blob_secondary"], ["blob_secondary", "dfs_secondary"]),
        (["dfs_secondary"], ["dfs_secondary", "blob_secondary"]),
        (["queue"], ["queue"]),
    ],
)
def test_with_a_hierarchical_namespace_blob_and_dfs_come_together(
    catalogue: Catalogue, asked: list[str], given: list[str]
) -> None:
    found = catalogue.resolve(an_account(sku="Standard_RAGRS", hns=True), asked)
    assert [group.group_id for group in found] == given


def test_without_a_hierarchical_namespace_dfs_comes_alone(catalogue: Catalogue) -> None:
    assert [group.group_id for group in catalogue.resolve(an_account(), ["dfs"])] == ["dfs"]


@pytest.mark.parametrize(
    ("account", "asked", "valid"),
    [
        (an_account("FileStorage"), "blob", "file"),
        (an_account(), "blob_secondary", "blob, table, queue, web, dfs, file"),
        (an_account(), "sqlServer", "blob, table, queue, web, dfs, file"),
        (a_cosmos_account(kind="MongoDB"), "Sql", "MongoDB"),
        (an_account(), "<frontend IP configuration name>", "blob, table, queue, web, dfs, file"),
    ],
)
def test_a_group_that_the_resource_lacks_is_refused_with_those_it_has(
    catalogue: Catalogue, account: Target, asked: str, valid: str
) -> None:
    with pytest.raises(InputError) as refused:
        catalogue.resolve(account, ["blob" if asked != "blob" and "blob" in valid else asked, asked])
    assert (refused.value.field, refused.value.value) == ("group", asked)
    assert refused.value.remedy == f"use one of: {valid}"


@pytest.mark.parametrize("hostile", ["blob\n", "blob;rm", "/subscriptions/x", "x" * 10_000])
def test_a_tag_with_anything_but_a_group_is_refused(catalogue: Catalogue, hostile: str) -> None:
    for target in (
        an_account(),
        a_target("Microsoft.ElasticSan/elasticSans"),
        a_target("Microsoft.Web/sites"),
    ):
        with pytest.raises(InputError) as refused:
            catalogue.resolve(target, [hostile])
        assert len(refused.value.value) <= 80
        assert refused.value.value.isprintable()


def test_a_slot_is_a_group_of_its_site(catalogue: Catalogue) -> None:
    site = a_target("Microsoft.Web/sites")
    assert catalogue.default_groups(site) == ("sites",)
    assert zones_of(catalogue, site, "sites-staging") == ("privatelink.azurewebsites.net",)
    with pytest.raises(InputError):
        catalogue.resolve(site, ["sites-"])


@pytest.mark.parametrize(
    ("kind", "group", "possible"),
    [
        (STORAGE, "BLOB", True),
        (STORAGE, "blob_secondary", True),
        (STORAGE, "sqlServer", False),
        ("Microsoft.Web/sites", "sites-staging", True),
        ("Microsoft.Network/applicationGateways", "my-frontend", True),
        ("Microsoft.Network/applicationGateways", "a/b", False),
        ("Microsoft.Compute/virtualMachines", "blob", False),
    ],
)
def test_the_groups_that_a_type_may_have_are_known_without_a_resource(
    catalogue: Catalogue, kind: str, group: str, possible: bool
) -> None:
    assert catalogue.may_have(kind, group) is possible


# Under which zones it is named


@pytest.mark.parametrize(
    ("cloud", "zone"),
    [
        ("AzureCloud", "privatelink.dfs.core.windows.net"),
        ("AzureUSGovernment", "privatelink.dfs.core.usgovcloudapi.net"),
        ("AzureChinaCloud", "privatelink.dfs.core.chinacloudapi.cn"),
    ],
)
def test_each_cloud_has_its_own_zones(catalogue: Catalogue, cloud: Cloud, zone: str) -> None:
    assert zones_of(catalogue, an_account(), "dfs", cloud=cloud) == (zone,)


def test_a_secondary_is_named_in_its_primarys_zone(catalogue: Catalogue) -> None:
    account = an_account(sku="Standard_RAGRS")
    assert zones_of(catalogue, account, "blob_secondary") == zones_of(catalogue, account, "blob")


def test_a_zone_that_is_known_does_not_change_with_what_the_endpoint_reports(catalogue: Catalogue) -> None:
    vault = a_target("Microsoft.KeyVault/vaults")
    before = zones_of(catalogue, vault, "vault")
    assert before == ("privatelink.vaultcore.azure.net",)
    assert zones_of(catalogue, vault, "vault", "name.vault.azure.net") == before


def test_the_same_group_id_means_another_zone_on_another_type(catalogue: Catalogue) -> None:
    table = a_cosmos_account("EnableTable")
    assert zones_of(catalogue, table, "table") == ("privatelink.table.cosmos.azure.com",)
    assert zones_of(catalogue, an_account(), "table") == ("privatelink.table.core.windows.net",)


def test_a_cloud_without_a_row_has_no_zone(catalogue: Catalogue) -> None:
    dedicated = a_cosmos_account()
    assert zones_of(catalogue, dedicated, "SqlDedicated", cloud="AzureChinaCloud") == ()
    foundry = a_target("Microsoft.CognitiveServices/accounts")
    assert zones_of(catalogue, foundry, "account", cloud="AzureChinaCloud") == ()


def test_one_group_may_need_several_zones(catalogue: Catalogue) -> None:
    workspace = a_target("Microsoft.MachineLearningServices/workspaces")
    assert zones_of(catalogue, workspace, "amlworkspace") == (
        "privatelink.api.azureml.ms",
        "privatelink.notebooks.azure.net",
    )
    assert (
        len(zones_of(catalogue, a_target("Microsoft.Insights/privateLinkScopes"), "azuremonitor") or ()) == 5
    )


@pytest.mark.parametrize("location", ["westeurope", "West Europe"])
def test_a_region_placeholder_is_the_targets_region(catalogue: Catalogue, location: str) -> None:
    cluster = a_target("Microsoft.Kusto/clusters", location=location)
    assert (zones_of(catalogue, cluster, "cluster") or ())[0] == "privatelink.westeurope.kusto.windows.net"
    monitor = a_target("Microsoft.Monitor/accounts", location=location)
    expected = ("privatelink.westeurope.prometheus.monitor.azure.com",)
    assert zones_of(catalogue, monitor, "prometheusMetrics") == expected


def test_the_zone_of_a_target_without_a_region_is_unknown(catalogue: Catalogue) -> None:
    assert zones_of(catalogue, a_target("Microsoft.Kusto/clusters", location=None), "cluster") is None
    assert zones_of(catalogue, a_target("Microsoft.KeyVault/vaults", location=None), "vault") is not None


def test_backup_zones_have_the_geo_code_of_the_region(catalogue: Catalogue) -> None:
    vault = a_target("Microsoft.RecoveryServices/vaults", location="UK South")
    assert zones_of(catalogue, vault, "AzureBackup") == (
        "privatelink.uks.backup.windowsazure.com",
        "privatelink.blob.core.windows.net",
        "privatelink.queue.core.windows.net",
    )


def test_the_zone_of_a_region_without_a_geo_code_is_read_from_the_endpoint(catalogue: Catalogue) -> None:
    vault = a_target("Microsoft.RecoveryServices/vaults", location="newregion")
    assert zones_of(catalogue, vault, "AzureBackup") is None
    reported = "x-fc1.nrg.backup.windowsazure.com"
    found = zones_of(catalogue, vault, "AzureBackup", "y.blob.core.windows.net", reported)
    assert (found or ())[0] == "privatelink.nrg.backup.windowsazure.com"
    assert zones_of(catalogue, vault, "AzureBackup", "y.blob.core.windows.net") is None


def test_a_registrys_data_endpoints_are_records_of_one_zone(catalogue: Catalogue) -> None:
    registry = a_target("Microsoft.ContainerRegistry/registries", location="usgovvirginia")
    assert zones_of(catalogue, registry, "registry") == ("privatelink.azurecr.io",)
    assert zones_of(catalogue, registry, "registry", cloud="AzureUSGovernment") == ("privatelink.azurecr.us",)


@pytest.mark.parametrize(
    ("reported", "zones"),
    [
        (["name.cognitiveservices.azure.com"], {"privatelink.cognitiveservices.azure.com"}),
        (["name.openai.azure.com"], {"privatelink.openai.azure.com"}),
        (
            ["Name.CognitiveServices.azure.com.", "name.openai.azure.com", "name.services.ai.azure.com"],
            {
                "privatelink.cognitiveservices.azure.com",
                "privatelink.openai.azure.com",
                "privatelink.services.ai.azure.com",
            },
        ),
    ],
)
def test_alternative_zones_are_chosen_by_the_names_that_the_endpoint_reports(
    catalogue: Catalogue, reported: list[str], zones: set[str]
) -> None:
    account = a_target("Microsoft.CognitiveServices/accounts")
    assert zones_of(catalogue, account, "account") is None
    assert set(zones_of(catalogue, account, "account", *reported) or ()) == zones


@pytest.mark.parametrize(
    "reported", ["name.example.com", "openai.azure.com", "evilopenai.azure.com", "a b.openai.azure.com", "x"]
)
def test_a_name_outside_every_alternative_chooses_none(catalogue: Catalogue, reported: str) -> None:
    account = a_target("Microsoft.CognitiveServices/accounts")
    assert zones_of(catalogue, account, "account", reported) is None


def test_the_order_of_reported_names_does_not_change_the_zones(catalogue: Catalogue) -> None:
    account = a_target("Microsoft.CognitiveServices/accounts")
    names = ["n.openai.azure.com", "n.cognitiveservices.azure.com"]
    forth, back = (zones_of(catalogue, account, "account", *order) for order in (names, names[::-1]))
    assert forth == back


REDIS = "Microsoft.Cache/redisEnterprise"


@pytest.mark.parametrize(
    ("host", "zone"),
    [
        ("name.westeurope.redisenterprise.cache.azure.net", "privatelink.redisenterprise.cache.azure.net"),
        ("name.westeurope.redis.azure.net", "privatelink.redis.azure.net"),
    ],
)
def test_the_two_redis_services_are_distinguished_by_host_name(
    catalogue: Catalogue, host: str, zone: str
) -> None:
    told = a_target(REDIS, properties={"hostName": host})
    (group,) = catalogue.resolve(told, ["redisEnterprise"])
    assert group.zones["AzureCloud"] == (zone,)
    assert catalogue.zones(group, told, "AzureCloud") == (zone,)
    untold = a_target(REDIS)
    assert zones_of(catalogue, untold, "redisEnterprise") is None
    assert zones_of(catalogue, untold, "redisEnterprise", host) == (zone,)


def test_what_the_endpoint_reports_counts_before_what_the_resource_reports(catalogue: Catalogue) -> None:
    told = a_target(REDIS, properties={"hostName": "n.westeurope.redisenterprise.cache.azure.net"})
    assert zones_of(catalogue, told, "redisEnterprise", "n.westeurope.redis.azure.net") == (
        "privatelink.redis.azure.net",
    )


def test_a_managed_instances_zone_holds_its_dns_prefix(catalogue: Catalogue) -> None:
    kind, host = "Microsoft.Sql/managedInstances", "mi.a1b2c3.database.windows.net"
    assert zones_of(catalogue, a_target(kind), "managedInstance") is None
    expected = ("privatelink.a1b2c3.database.windows.net",)
    assert zones_of(catalogue, a_target(kind), "managedInstance", host) == expected
    told = a_target(kind, properties={"fullyQualifiedDomainName": host})
    assert zones_of(catalogue, told, "managedInstance") == expected


@pytest.mark.parametrize(
    ("host", "zone"),
    [
        ("happy-rock-1.azurestaticapps.net", "privatelink.azurestaticapps.net"),
        ("happy-rock-1.2.azurestaticapps.net", "privatelink.2.azurestaticapps.net"),
        ("happy-rock-1.westeurope.2.azurestaticapps.net", "privatelink.2.azurestaticapps.net"),
        ("happy-rock-1.westeurope.azurestaticapps.net", "privatelink.azurestaticapps.net"),
    ],
)
def test_a_static_sites_partition_is_read_from_its_host_name(
    catalogue: Catalogue, host: str, zone: str
) -> None:
    assert zones_of(catalogue, a_target("Microsoft.Web/staticSites"), "staticSites") is None
    told = a_target("Microsoft.Web/staticSites", properties={"defaultHostname": host})
    assert zones_of(catalogue, told, "staticSites") == (zone,)


@pytest.mark.parametrize(
    ("host", "zone"),
    [
        ("aks-1.privatelink.westeurope.azmk8s.io", "privatelink.westeurope.azmk8s.io"),
        ("aks-1.sub.privatelink.westeurope.azmk8s.io", "sub.privatelink.westeurope.azmk8s.io"),
    ],
)
def test_a_private_clusters_zone_is_read_from_its_private_name(
    catalogue: Catalogue, host: str, zone: str
) -> None:
    properties = {"apiServerAccessProfile": {"enablePrivateCluster": True}, "privateFQDN": host}
    cluster = a_target("Microsoft.ContainerService/managedClusters", properties=properties)
    assert zones_of(catalogue, cluster, "management") == (zone,)


def test_the_most_specific_zone_takes_a_name(catalogue: Catalogue) -> None:
    workspace = a_target("Microsoft.HealthcareApis/workspaces")
    found = zones_of(catalogue, workspace, "healthcareworkspace", "w-d.dicom.azurehealthcareapis.com")
    assert found == ("privatelink.dicom.azurehealthcareapis.com",)


@pytest.mark.parametrize(
    ("zone", "cloud", "some", "other"),
    [
        ("privatelink.blob.core.windows.net", "AzureCloud", STORAGE, COSMOS),
        ("Privatelink.BLOB.core.windows.net", "AzureCloud", "Microsoft.Kusto/clusters", COSMOS),
        ("privatelink.blob.core.windows.net", "AzureCloud", "Microsoft.RecoveryServices/vaults", COSMOS),
        ("privatelink.westeurope.kusto.windows.net", "AzureCloud", "Microsoft.Kusto/clusters", STORAGE),
        ("privatelink.x1.database.windows.net", "AzureCloud", "Microsoft.Sql/managedInstances", STORAGE),
        ("privatelink.blob.core.usgovcloudapi.net", "AzureUSGovernment", STORAGE, COSMOS),
    ],
)
def test_a_zone_has_a_list_of_the_types_that_may_be_named_in_it(
    catalogue: Catalogue, zone: str, cloud: Cloud, some: str, other: str
) -> None:
    types = catalogue.types_in(zone, cloud)
    assert some in types
    assert other not in types
    assert len(types) == len(set(types))


def test_a_zone_of_another_cloud_has_no_types(catalogue: Catalogue) -> None:
    assert catalogue.types_in("privatelink.blob.core.windows.net", "AzureChinaCloud") == ()
    assert catalogue.types_in("example.com", "AzureCloud") == ()


@pytest.mark.parametrize(
    ("group", "zone", "named"),
    [
        ("Blob", "privatelink.blob.core.windows.net", True),
        ("blob_secondary", "privatelink.blob.core.windows.net", True),
        ("file", "privatelink.blob.core.windows.net", False),
        ("nothing", "privatelink.blob.core.windows.net", False),
    ],
)
def test_a_group_is_named_in_its_own_zone_alone(
    catalogue: Catalogue, group: str, zone: str, named: bool
) -> None:
    assert catalogue.named_in(zone, an_account(), group, "AzureCloud", ()) is named


def test_only_names_decide_whether_an_alternative_zone_is_the_right_one(catalogue: Catalogue) -> None:
    target = a_target("Microsoft.CognitiveServices/accounts")
    zone = "privatelink.openai.azure.com"
    assert catalogue.named_in(zone, target, "account", "AzureCloud", ()) is None
    assert catalogue.named_in(zone, target, "account", "AzureCloud", ["x.openai.azure.com"]) is True


# What a service itself allows

CACHE = "Microsoft.Cache/Redis"
BUS = "Microsoft.ServiceBus/namespaces"
APIM = "Microsoft.ApiManagement/service"
AI = "Microsoft.CognitiveServices/accounts"
KUSTO = "Microsoft.Kusto/clusters"
SUBNET_ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n"


def with_sku(of_type: str, name: str, **properties: Any) -> Target:
    return a_target(of_type, sku={"name": name}, properties=properties)


def a_web_app(plan: str) -> Target:
    return a_target("Microsoft.Web/sites", properties={"sku": plan})


def a_flexible_server(database: str, **network: Any) -> Target:
    return a_target(f"Microsoft.DBfor{database}/flexibleServers", properties={"network": network})


CLOSED = {"networkingConfiguration": {"properties": {"allowNewPrivateEndpointConnections": False}}}
REFUSED = [
    (an_account("Storage"), "kind is Storage"),
    (with_sku(BUS, "Standard"), "sku is Standard"),
    (with_sku(BUS, "Basic"), "Premium"),
    (with_sku("Microsoft.EventHub/namespaces", "Basic"), "Basic"),
    (with_sku("Microsoft.ContainerRegistry/registries", "Basic"), "Premium"),
    (with_sku("Microsoft.ContainerRegistry/registries", "Standard"), "Premium"),
    (with_sku("Microsoft.AppConfiguration/configurationStores", "free"), "Free"),
    (with_sku("Microsoft.SignalRService/SignalR", "Free_F1"), "Free"),
    (with_sku("Microsoft.SignalRService/webPubSub", "Free_F1"), "Free"),
    (with_sku("Microsoft.Search/searchServices", "free"), "Free"),
    (with_sku("Microsoft.Web/staticSites", "Free"), "Standard"),
    (a_web_app("Free"), "Free"),
    (a_web_app("Shared"), "Shared"),
    (a_web_app("Dynamic"), "Consumption"),
    (with_sku(APIM, "Consumption"), "Consumption"),
    (with_sku(APIM, "BasicV2"), "Basic v2"),
    (with_sku(APIM, "Premium", virtualNetworkType="Internal"), "injected"),
    (with_sku(APIM, "Developer", virtualNetworkType="External"), "injected"),
    (with_sku(APIM, "Standard", platformVersion="stv1"), "stv2"),
    (
        a_target("Microsoft.App/managedEnvironments", properties={"publicNetworkAccess": "Enabled"}),
        "publicNetworkAccess is Enabled",
    ),
    (with_sku("Microsoft.DBforPostgreSQL/servers", "B_Gen5_1"), "General Purpose"),
    (with_sku("Microsoft.DBforMySQL/servers", "B_Gen5_2"), "General Purpose"),
    (with_sku("Microsoft.DBforMariaDB/servers", "B_Gen5_1"), "General Purpose"),
    (a_flexible_server("PostgreSQL", delegatedSubnetResourceId=SUBNET_ID), "virtual network integration"),
    (a_flexible_server("MySQL", delegatedSubnetResourceId=SUBNET_ID), "virtual network integration"),
    (with_sku(CACHE, "Premium", subnetId=SUBNET_ID), "injected"),
    (a_target(KUSTO, properties={"virtualNetworkConfiguration": {"subnetId": SUBNET_ID}}), "injected"),
    (
        a_target(AI, properties={"endpoint": "https://westeurope.api.cognitive.microsoft.com/"}),
        "custom subdomain",
    ),
    (
        a_target(
            "Microsoft.HDInsight/clusters", properties={"networkProperties": {"privateLink": "Disabled"}}
        ),
        "disabled",
    ),
    (
        a_target(
            "Microsoft.HDInsight/clusters",
            properties={"networkProperties": {"resourceProviderConnection": "Inbound"}},
        ),
        "Outbound",
    ),
    (a_target("Microsoft.Network/applicationGateways", properties={"sku": {"tier": "WAF"}}), "v2"),
    (with_sku("Microsoft.Databricks/workspaces", "standard"), "Premium"),
    (with_sku("Microsoft.Logic/integrationAccounts", "Standard"), "Premium"),
    (with_sku(CACHE, "Premium", linkedServers=[{"id": "other"}]), "geo-replicated"),
    (a_target("Microsoft.Web/sites", kind="functionapp,linux,kubernetes"), "Kubernetes"),
    (with_sku("Microsoft.Dashboard/grafana", "Essential"), "Standard"),
    (a_target(COSMOS, kind="MongoDB", properties={"apiProperties": {"serverVersion": "3.2"}}), "3.2"),
    (a_target("Microsoft.Web/hostingEnvironments", kind="ASEV2"), "version 3"),
    (a_target("Microsoft.Web/hostingEnvironments", kind="ASEV3", properties=CLOSED), "new private endpoints"),
    (a_target("Microsoft.App/managedEnvironments", properties={"workloadProfiles": None}), "profiles"),
    (a_target("Microsoft.App/managedEnvironments", properties={"workloadProfiles": []}), "profiles"),
]


@pytest.mark.parametrize(("target", "said"), REFUSED, ids=lambda value: getattr(value, "sku", None) or "")
def test_a_kind_sku_or_mode_that_the_service_excludes_is_refused_with_what_it_has(
    catalogue: Catalogue, target: Target, said: str
) -> None:
    found = catalogue.refused(target)
    assert found is not None
    assert said in found.reason
    assert found.remedy


def test_every_restriction_has_an_example_here(catalogue: Catalogue) -> None:
    met = {one for one in catalogue.restrictions for target, _ in REFUSED if is_of(target, one)}
    assert met == set(catalogue.restrictions)


def is_of(target: Target, restriction: Restriction) -> bool:
    return target.id.is_type(restriction.type) and restriction.applies(target)


def test_every_restriction_is_of_a_type_that_is_catalogued_and_cites_a_documented_fact(
    catalogue: Catalogue,
) -> None:
    documented = (Path(__file__).parents[2] / "docs" / "azure" / "targets.md").read_text(encoding="utf-8")
    assert {one.type for one in catalogue.restrictions} <= catalogue.types
    for one in catalogue.restrictions:
        assert f"### {one.fact}\n" in documented, one.fact


@pytest.mark.parametrize(
    "target",
    [
        an_account("StorageV2"),
        an_account("BlobStorage"),
        an_account(""),
        with_sku(BUS, "Premium"),
        with_sku("Microsoft.EventHub/namespaces", "Standard"),
        with_sku("Microsoft.ContainerRegistry/registries", "Premium"),
        with_sku("Microsoft.SignalRService/SignalR", "Standard_S1"),
        a_web_app("Basic"),
        a_web_app("FlexConsumption"),
        a_web_app("ElasticPremium"),
        with_sku(APIM, "Premium", virtualNetworkType="None", platformVersion="stv2"),
        with_sku(APIM, "StandardV2", virtualNetworkType="External"),  # outbound integration
        a_target("Microsoft.App/managedEnvironments", properties={"publicNetworkAccess": "Disabled"}),
        with_sku("Microsoft.DBforPostgreSQL/servers", "GP_Gen5_2"),
        a_flexible_server("MySQL", delegatedSubnetResourceId=None),
        a_flexible_server("PostgreSQL", delegatedSubnetResourceId=""),
        with_sku(CACHE, "Basic"),
        a_target(
            KUSTO,
            properties={"virtualNetworkConfiguration": {"subnetId": SUBNET_ID, "state": "Disabled"}},
        ),
        a_target(
            AI,
            properties={
                "endpoint": "https://westeurope.api.cognitive.microsoft.com/",
                "customSubDomainName": "words",
            },
        ),
        a_target(AI, properties={"endpoint": "https://words.cognitiveservices.azure.com/"}),
        with_sku("Microsoft.Databricks/workspaces", "trial"),
    ],
    ids=lambda value: f"{value.id.type} {value.sku or value.kind}",
)
def test_what_the_service_allows_is_eligible(catalogue: Catalogue, target: Target) -> None:
    assert catalogue.refused(target) is None


def test_what_a_body_does_not_say_is_no_refusal(catalogue: Catalogue) -> None:
    assert [kind for kind in catalogue.types if catalogue.refused(a_target(kind))] == []


def test_an_unknown_sku_is_no_refusal(catalogue: Catalogue) -> None:
    new = [with_sku(kind, "Quantum_Q1", sku={"tier": "Quantum_v9"}) for kind in catalogue.types]
    assert [target.id.type for target in new if catalogue.refused(target)] == []


def test_a_connection_that_the_service_approved_is_better_evidence_than_the_table(
    catalogue: Catalogue,
) -> None:
    state = {"privateLinkServiceConnectionState": {"status": "Approved"}}
    target = with_sku(BUS, "Standard", privateEndpointConnections=[{"properties": state}])
    assert catalogue.refused(target) is None
    state["privateLinkServiceConnectionState"]["status"] = "Rejected"
    assert catalogue.refused(with_sku(BUS, "Standard", privateEndpointConnections=[{"properties": state}]))


def test_a_hostile_value_is_cleaned_and_cut(catalogue: Catalogue) -> None:
    subnet = "/subscriptions/\x1b[31m" + "x" * 5000
    found = catalogue.refused(with_sku(CACHE, "Premium", subnetId=subnet))
    assert found is not None
    assert "\x1b" not in found.reason
    assert len(found.reason) < 400
