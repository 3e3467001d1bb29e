"""What the app's settings say it runs on."""

import pytest

from shared.core.base.target import Target
from shared.core.policy.foundations import Foundations
from tests.builders.bodies import account

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers"
HOST = "mine.blob.core.windows.net"


def target(kind: str, name: str, **properties: object) -> Target:
    return Target.parse({"id": f"{GROUP}/{kind}/{name}", "location": "westeurope", "properties": properties})


STORAGE = target("Microsoft.Storage/storageAccounts", "mine", primaryEndpoints={"blob": f"https://{HOST}/"})
VAULT = target("Microsoft.KeyVault/vaults", "Mine", vaultUri="https://mine.vault.azure.net/")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (f"https://{HOST}/packages/app.zip?sv=1&sig=x", True),
        ("DefaultEndpointsProtocol=https;AccountName=MINE;AccountKey=eA==", True),
        ("UseDevelopmentStorage=true", False),
        ("https://other.blob.core.windows.net", False),
        ("https://mine.blob.core.windows.net.example.com", False),
        ("NotAccountName=mine", False),
        ("", False),
    ],
)
def test_a_setting_names_an_account_by_name_or_host(value: str, found: bool) -> None:
    assert (Foundations.read({"ANY": value}).setting(STORAGE) is not None) is found


@pytest.mark.parametrize(
    "value",
    [
        "@Microsoft.KeyVault(VaultName=mine;SecretName=key)",
        "@Microsoft.KeyVault(SecretUri=https://mine.vault.azure.net/secrets/key/)",
    ],
)
def test_a_reference_names_its_vault(value: str) -> None:
    assert Foundations.read({"KEY": value}).setting(VAULT) == "KEY"


def test_a_resource_that_mentions_the_account_of_the_app_is_not_one_of_its_own() -> None:
    lake = {"accountUrl": f"https://{HOST}"}
    workspace = target("Microsoft.Synapse/workspaces", "analytics", defaultDataLakeStorage=lake)
    assert Foundations.read({"A": f"https://{HOST}"}).setting(workspace) is None


def test_a_resource_of_another_type_and_of_the_same_name_is_not_one_of_its_own() -> None:
    assert Foundations.read({"AzureWebJobsStorage__accountName": "mine"}).setting(VAULT) is None


def test_no_setting_names_nothing() -> None:
    assert Foundations.read({}).setting(Target.parse(account())) is None


def test_a_setting_of_any_length_is_read_in_bounded_time() -> None:
    assert Foundations.read({"A": "a." * 1_000_000}).setting(STORAGE) is None
