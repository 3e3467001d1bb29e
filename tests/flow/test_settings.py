"""The app's settings: all faults are reported at once, and the sample has every setting."""

import json
from pathlib import Path

import pytest

from shared import settings
from shared.settings import Settings, SettingsError, Storage
from shared.storage_account import IGNORED, STORAGE
from tests.builders.environment import given

SAMPLE = Path(__file__).parents[2] / "local.settings.sample.json"


def faults(environment: dict[str, str]) -> dict[str, str]:
    """The faults of an environment: the problem by the setting's name."""
    with pytest.raises(SettingsError) as caught:
        Settings.read(environment)
    return {fault.path: fault.problem for fault in caught.value.faults}


def test_a_setting_that_is_missing_has_its_default() -> None:
    found = Settings.read(given())
    assert (found.policy, found.budget, found.arm_endpoint, found.client_id) == (
        "connectivity.yaml",
        480.0,
        "",
        "",
    )


def test_all_faults_are_named_together_with_their_remedies() -> None:
    wrong = {
        "CAUSEWAY_ARM_ENDPOINT": "http://arm",
        "CAUSEWAY_BUDGET_SECONDS": "soon",
        "CAUSEWAY_SWEEP_SCHEDULE": "*",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.read(wrong)
    assert {fault.path for fault in caught.value.faults} == {*wrong, "AzureWebJobsStorage"}
    assert all(fault.remedy in str(caught.value) for fault in caught.value.faults)


def test_an_account_name_is_enough_where_the_app_has_an_identity() -> None:
    found = Settings.read(given(AzureWebJobsStorage="", AzureWebJobsStorage__accountName="acct"))
    assert (found.account.queue_uri, found.account.table_uri) == (
        "https://acct.queue.core.windows.net",
        "https://acct.table.core.windows.net",
    )


def test_service_uris_serve_clouds_with_other_names() -> None:
    queues, tables = "https://acct.queue.core.chinacloudapi.cn", "https://acct.table.core.chinacloudapi.cn/"
    uris = {"AzureWebJobsStorage__queueServiceUri": queues, "AzureWebJobsStorage__tableServiceUri": tables}
    found = Settings.read(given(AzureWebJobsStorage="", **uris))
    assert (found.account.queue_uri, found.account.table_uri) == (queues, tables.rstrip("/"))


def test_one_service_uri_alone_is_not_enough() -> None:
    uri = {"AzureWebJobsStorage__queueServiceUri": "https://acct.queue.core.windows.net"}
    assert "AzureWebJobsStorage" in faults(given(AzureWebJobsStorage="", **uri))


STORAGE_OF = "AzureWebJobsStorage__"


def by_identity(**parts: str) -> dict[str, str]:
    """An environment without a connection string, with these parts of the storage account's setting."""
    return given(AzureWebJobsStorage="") | {f"{STORAGE_OF}{name}": value for name, value in parts.items()}


def test_a_name_and_uris_of_different_accounts_are_a_fault() -> None:
    found = faults(by_identity(accountName="acct", queueServiceUri="https://other.queue.core.windows.net"))
    assert found == {
        f"{STORAGE_OF}queueServiceUri": "another setting names the account acct in core.windows.net"
    }


def test_uris_of_different_clouds_are_a_fault() -> None:
    uris = {
        "queueServiceUri": "https://acct.queue.core.windows.net",
        "tableServiceUri": "https://acct.table.core.chinacloudapi.cn",
    }
    assert set(faults(by_identity(**uris))) == {f"{STORAGE_OF}tableServiceUri"}


def test_a_blob_uri_of_another_account_is_a_fault_too() -> None:
    found = faults(by_identity(accountName="acct", blobServiceUri="https://other.blob.core.windows.net"))
    assert set(found) == {f"{STORAGE_OF}blobServiceUri"}


def test_a_uri_that_does_not_name_its_account_is_a_fault_beside_a_name() -> None:
    uris = {
        "queueServiceUri": "https://queues.contoso.test",
        "tableServiceUri": "https://tables.contoso.test",
    }
    assert set(faults(by_identity(accountName="acct", **uris))) == {f"{STORAGE_OF}{name}" for name in uris}
    assert Settings.read(by_identity(**uris)).account.queue_uri == uris["queueServiceUri"]


def test_a_name_and_uris_that_agree_are_accepted_in_any_cloud() -> None:
    queues = "https://acct.queue.core.usgovcloudapi.net"
    found = Settings.read(by_identity(accountName="Acct", queueServiceUri=f"{queues}/")).account
    assert (found.queue_uri.lower(), found.table_uri.lower()) == (queues, queues.replace("queue", "table"))


def test_a_name_alone_follows_the_policys_cloud_and_uris_stay_as_they_are() -> None:
    name = Settings.read(by_identity(accountName="acct")).account
    assert name.in_cloud("AzureUSGovernment").table_uri == "https://acct.table.core.usgovcloudapi.net"
    uris = {
        "queueServiceUri": "https://acct.queue.core.windows.net",
        "tableServiceUri": "https://acct.table.core.windows.net",
    }
    given_uris = Settings.read(by_identity(**uris)).account
    assert given_uris.in_cloud("AzureUSGovernment") == given_uris


def test_a_connection_string_that_the_platform_injects_is_ignored_and_said_once() -> None:
    injected = by_identity(accountName="acct") | {STORAGE: "AccountName=acct;AccountKey=x"}
    hosted = Settings.read(injected | {"IDENTITY_ENDPOINT": "http://localhost:1/msi"})
    assert (hosted.account.connection, hosted.notices) == ("", (IGNORED,))
    assert Storage.read(injected | {"IDENTITY_ENDPOINT": "http://localhost:1/msi"}).account.connection == ""
    elsewhere = Settings.read(injected)
    assert (elsewhere.account.connection, elsewhere.notices) == ("AccountName=acct;AccountKey=x", ())


def test_a_connection_string_is_used_where_nothing_else_names_the_account() -> None:
    hosted = Settings.read(given(IDENTITY_ENDPOINT="http://localhost:1/msi"))
    assert (hosted.account.connection, hosted.notices) == ("UseDevelopmentStorage=true", ())


def test_storage_settings_are_read_in_any_case_as_the_host_reads_them() -> None:
    found = Settings.read(by_identity(accountname="acct", CLIENTID="host"))
    assert (found.account.queue_uri, found.client_id) == ("https://acct.queue.core.windows.net", "host")


def test_an_identity_by_its_resource_id_is_a_fault_as_the_host_does_not_take_it() -> None:
    at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
    assert set(faults(by_identity(accountName="acct", managedIdentityResourceId=at))) == {
        f"{STORAGE_OF}managedIdentityResourceId"
    }


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CAUSEWAY_POLCY", "CAUSEWAY_POLICY"),
        ("CAUSEWAY_SWEEP", "CAUSEWAY_SWEEP_SCHEDULE"),
        ("CAUSEWAY_SWEEP_SHEDULE", "CAUSEWAY_SWEEP_SCHEDULE"),
        ("causeway_request_rate", "CAUSEWAY_REQUEST_RATE"),
        ("CAUSEWAY_BUDGET_SECOND", "CAUSEWAY_BUDGET_SECONDS"),
    ],
)
def test_a_misspelled_setting_is_a_fault_that_names_the_right_one(name: str, meant: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read(given(**{name: "1"}))
    [fault] = caught.value.faults
    assert (fault.path, fault.remedy) == (name, f"did you mean {meant}?")


def test_a_setting_that_is_like_none_of_ours_is_only_said() -> None:
    assert Settings.read(given(CAUSEWAY_SHARED="x")).notices == ("CAUSEWAY_SHARED is no setting of Causeway",)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://arm.test",
        "arm.test",
        "https://",
        "https://arm.test/path",
        "https://arm.test?x=1",
        "https://u@arm.test",
    ],
)
def test_an_arm_endpoint_that_is_not_the_https_url_of_a_host_is_a_fault(endpoint: str) -> None:
    assert "CAUSEWAY_ARM_ENDPOINT" in faults(given(CAUSEWAY_ARM_ENDPOINT=endpoint))


def test_a_private_clouds_endpoint_keeps_its_port_and_loses_its_slash() -> None:
    assert (
        Settings.read(given(CAUSEWAY_ARM_ENDPOINT="https://localhost:8443/")).arm_endpoint
        == "https://localhost:8443"
    )


@pytest.mark.parametrize("budget", ["9", "3601", "nan", "inf", "-480", "eight"])
def test_a_budget_out_of_range_is_a_fault(budget: str) -> None:
    assert "CAUSEWAY_BUDGET_SECONDS" in faults(given(CAUSEWAY_BUDGET_SECONDS=budget))


@pytest.mark.parametrize("schedule", ["", "0 */15 * * *", "@hourly", "a b c d e f", "0 0 25 * * *"])
def test_a_schedule_that_the_timer_cannot_read_is_a_fault(schedule: str) -> None:
    assert "CAUSEWAY_SWEEP_SCHEDULE" in faults(given(CAUSEWAY_SWEEP_SCHEDULE=schedule))


def test_a_wrong_schedule_names_the_field_and_shows_a_right_one() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read(given(CAUSEWAY_SWEEP_SCHEDULE="0 0 25 * * *"))
    [fault] = caught.value.faults
    assert (fault.value, fault.problem) == ("0 0 25 * * *", "the hour field cannot be 25")
    assert "0 */15 * * * *" in fault.remedy


def test_the_platforms_identity_is_recognised() -> None:
    assert not Settings.read(given()).hosted
    assert Settings.read(given(IDENTITY_ENDPOINT="http://localhost:1/msi")).hosted


def test_the_sample_is_valid_and_has_every_setting() -> None:
    values = json.loads(SAMPLE.read_text("utf-8"))["Values"]
    own = {STORAGE, *settings.OWN, settings.CLIENT}
    assert set(values) == {*own, "FUNCTIONS_WORKER_RUNTIME"}
    assert Settings.read(values).budget == settings.DEFAULT_BUDGET


@pytest.mark.parametrize(
    ("given_ids", "used"),
    [
        ({"AzureWebJobsStorage__clientId": "host"}, "host"),
        ({"AZURE_CLIENT_ID": "app"}, "app"),
        ({"AzureWebJobsStorage__clientId": "host", "AZURE_CLIENT_ID": "app"}, "app"),
    ],
)
def test_the_hosts_user_assigned_identity_is_the_apps_where_no_other_is_set(
    given_ids: dict[str, str], used: str
) -> None:
    assert Settings.read(given(**given_ids)).client_id == used
    assert Storage.read(given(**given_ids)).client_id == used


def test_the_storage_settings_are_read_also_where_others_are_wrong() -> None:
    wrong = {"CAUSEWAY_SWEEP_SCHEDULE": "*", "AzureWebJobsStorage": "UseDevelopmentStorage=true"}
    assert Storage.read(wrong).account.connection == "UseDevelopmentStorage=true"
    with pytest.raises(SettingsError):
        Storage.read({"CAUSEWAY_SWEEP_SCHEDULE": "*"})


def test_a_policy_in_a_blob_with_a_secret_is_a_fault_that_does_not_repeat_it() -> None:
    url = "https://acct.blob.core.windows.net/policies/connectivity.yaml"
    assert Settings.read(given(CAUSEWAY_POLICY=url)).policy == url
    with pytest.raises(SettingsError) as caught:
        Settings.read(given(CAUSEWAY_POLICY=f"{url}?sv=2024-11-04&sig=SECRET"))
    assert "CAUSEWAY_POLICY" in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_the_blob_service_that_the_host_uses_may_hold_the_policy_whatever_its_name() -> None:
    url = "https://blobs.example/policies/connectivity.yaml"
    assert "CAUSEWAY_POLICY" in faults(given(CAUSEWAY_POLICY=url))
    own = given(CAUSEWAY_POLICY=url, AzureWebJobsStorage__blobServiceUri="https://blobs.example")
    assert Settings.read(own).policy == url


@pytest.mark.parametrize(
    "wrong",
    ["http://t.test/api/events", "t.test", "https://t.test/api/events?x=1", "https://u@t.test/api/events"],
)
def test_a_topic_that_is_no_https_url_is_a_fault(wrong: str) -> None:
    assert "CAUSEWAY_EVENTS_TOPIC" in faults(given(CAUSEWAY_EVENTS_TOPIC=wrong))
    right = "https://evgt.westeurope-1.eventgrid.azure.net/api/events"
    assert Settings.read(given(CAUSEWAY_EVENTS_TOPIC=right)).topic == right


def test_telemetry_is_off_unless_it_is_asked_for() -> None:
    assert Settings.read(given()).telemetry == "none"
    insights = {"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=x"}
    assert Settings.read(given(**insights)).telemetry == "none"
    assert Settings.read(given(CAUSEWAY_TELEMETRY="Azure", **insights)).telemetry == "azure"


def test_telemetry_without_a_destination_is_a_fault() -> None:
    assert set(faults(given(CAUSEWAY_TELEMETRY="azure"))) == {"APPLICATIONINSIGHTS_CONNECTION_STRING"}
    assert set(faults(given(CAUSEWAY_TELEMETRY="grafana"))) == {"CAUSEWAY_TELEMETRY"}
