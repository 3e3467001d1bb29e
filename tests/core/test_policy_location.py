"""The blob from which the policy is read: what its URL may be, and that a fault repeats no secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.policy.location import fault_of, is_url

GOOD = "https://acct.blob.core.windows.net/policies/connectivity.yaml"


@pytest.mark.parametrize(
    "url",
    [
        GOOD,
        "https://acct.blob.core.usgovcloudapi.net/policies/a/b/connectivity.yaml",
        "https://acct.blob.core.chinacloudapi.cn/policies/my%20policy.yaml",
        "https://acct.z17.blob.storage.azure.net/policies/connectivity.yaml",
        "HTTPS://ACCT.blob.core.windows.net/policies/connectivity.yaml",
    ],
)
def test_the_blob_service_of_each_cloud_is_accepted(url: str) -> None:
    assert is_url(url)
    assert fault_of(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://acct.blob.core.windows.net/policies/connectivity.yaml",
        "ftp://acct.blob.core.windows.net/policies/connectivity.yaml",
        "https://acct.queue.core.windows.net/policies/connectivity.yaml",
        "https://acct.blob.core.windows.net.evil.example/policies/connectivity.yaml",
        "https://evil.example/acct.blob.core.windows.net/connectivity.yaml",
        "https://acct.blob.core.windows.net:8443/policies/connectivity.yaml",
        "https://raw.githubusercontent.com/org/repo/connectivity.yaml",
        "https://acct.blob.core.windows.net/connectivity.yaml",
        "https://acct.blob.core.windows.net/policies/",
        "https://acct.blob.core.windows.net/policies/../connectivity.yaml",
        "https://acct.blob.core.windows.net/policies/my policy.yaml",
        "https://[acct.blob.core.windows.net/policies/connectivity.yaml",
    ],
)
def test_another_address_is_refused_before_a_token_is_sent_to_it(url: str) -> None:
    fault = fault_of(url)
    assert fault is not None
    assert fault.path == "CAUSEWAY_POLICY"


@pytest.mark.parametrize(
    "url",
    [
        f"{GOOD}?sv=2024-11-04&sig=SECRET",
        f"{GOOD}?SECRET",
        f"{GOOD}#SECRET",
        f"{GOOD}?",
        "https://SECRET@acct.blob.core.windows.net/policies/connectivity.yaml",
        "https://user:SECRET@acct.blob.core.windows.net/policies/connectivity.yaml",
        f"http{GOOD[5:]}?sig=SECRET",
        f"{GOOD.replace('//', '/')}?sig=SECRET",
        f"{GOOD.removeprefix('https://')}?sig=SECRET",
        "https:/SECRET@acct.blob.core.windows.net/policies/connectivity.yaml",
    ],
)
def test_a_url_with_a_secret_is_refused_and_the_secret_is_not_repeated(url: str) -> None:
    assert is_url(url)
    fault = fault_of(url)
    assert fault is not None
    assert "SECRET" not in str(fault)
    assert "Storage Blob Data Reader" in fault.remedy


def test_the_blob_service_that_the_settings_name_is_accepted_whatever_its_name() -> None:
    url = "https://blobs.example:8443/acct/policies/connectivity.yaml"
    assert fault_of(url) is not None
    assert fault_of(url, "https://blobs.example:8443") is None
    assert fault_of(url.replace("https", "http"), "https://blobs.example:8443") is not None


@given(st.text(max_size=80), st.sampled_from("?#"))
def test_any_text_is_accepted_or_refused_in_words_and_what_follows_a_query_is_never_repeated(
    text: str, mark: str
) -> None:
    fault_of(text)
    fault = fault_of(f"{text}{mark}SECRET-SIGNATURE")
    assert fault is not None
    assert "SECRET-SIGNATURE" not in str(fault)


@pytest.mark.parametrize("path", ["connectivity.yaml", "/etc/causeway/connectivity.yaml", r"C:\policy.yaml"])
def test_a_path_is_no_url(path: str) -> None:
    assert not is_url(path)
