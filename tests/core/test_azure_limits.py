"""Which of Azure's limits a request counts against, and which 429 says that one is reached."""

import pytest

from shared.core.base.azure_limits import is_throttling, limit_keys, limit_of
from shared.core.base.rate import Bucket, Window

SUB = "/subscriptions/S1"
NETWORK = f"{SUB}/resourceGroups/rg/providers/Microsoft.Network"
OPERATION = f"https://arm{SUB}/providers/Microsoft.Network/locations/northeurope/operations/1?api-version=1"


def keys(method: str, url: str, region: str = "westeurope") -> list[str]:
    return [key.text for key in limit_keys(method, url, region)]


@pytest.mark.parametrize(
    ("method", "url", "wanted"),
    [
        ("GET", f"{SUB}/resources?api-version=1", ["s1||Resource Manager|reads"]),
        ("GET", "/providers/x/operations", ["||Resource Manager|reads", "||x|reads"]),
        (
            "GET",
            f"{NETWORK}/privateEndpoints/pe",
            ["s1||Resource Manager|reads", "s1|westeurope|microsoft.network|reads"],
        ),
        ("GET", OPERATION, ["s1||Resource Manager|reads", "s1|northeurope|microsoft.network|reads"]),
        (
            "DELETE",
            f"{NETWORK}/privateEndpoints/pe",
            ["s1||Resource Manager|deletes", "s1|westeurope|microsoft.network|writes"],
        ),
        ("PUT", f"{NETWORK}/privateDnsZones/z", ["s1||Resource Manager|writes", "s1||private DNS|writes"]),
        (
            "GET",
            f"{NETWORK}/privateDnsOperationStatuses/1",
            ["s1||Resource Manager|reads", "s1||private DNS|reads"],
        ),
        (
            "PATCH",
            f"{SUB}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a",
            ["s1||Resource Manager|writes", "s1||microsoft.storage|writes"],
        ),
        (
            "GET",
            f"{NETWORK}/privateEndpoints/pe/providers/Microsoft.Authorization/locks",
            ["s1||Resource Manager|reads", "s1||microsoft.authorization|reads"],
        ),
    ],
)
def test_a_request_counts_against_resource_manager_and_the_service(
    method: str, url: str, wanted: list[str]
) -> None:
    assert keys(method, url) == wanted


def test_a_service_without_a_known_limit_has_none() -> None:
    front, service = limit_keys("GET", f"{SUB}/providers/Microsoft.Storage/storageAccounts")
    assert limit_of(front) == Bucket(200.0, 25.0)
    assert limit_of(service) is None


def test_a_rate_above_one_is_a_faster_clock_and_below_one_a_part() -> None:
    network = limit_keys("PUT", f"{NETWORK}/privateEndpoints/pe")[1]
    front = limit_keys("GET", f"{SUB}/resources")[0]
    assert (limit_of(network, 60.0), limit_of(front, 60.0)) == (Window(1000.0, 5.0), Bucket(200.0, 1500.0))
    assert (limit_of(network, 0.5), limit_of(front, 0.5)) == (Window(500.0, 300.0), Bucket(100.0, 12.5))


@pytest.mark.parametrize(
    ("status", "code", "throttled"),
    [
        (429, "SubscriptionRequestsThrottled", True),
        (429, "TooManyRequests", True),
        (429, "Http429", True),
        (429, "RetryableErrorDueToAnotherOperation", False),
        (429, "RetryableError", False),
        (409, "AnotherOperationInProgress", False),
        (503, "TooManyRequests", False),
    ],
)
def test_only_a_429_that_is_no_lock_says_that_a_limit_is_reached(
    status: int, code: str, throttled: bool
) -> None:
    assert is_throttling(status, code) is throttled
