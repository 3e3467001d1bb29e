"""What is hidden in texts of others, and what is not."""

import json
import time

import pytest

from shared.core.base.errors import clean
from shared.core.base.log_lines import line
from shared.core.base.secrets import hide

KEY = "k3yZ" * 21 + "Aw=="
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJhcm0ifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://a.blob.test/c?sv=1&sig=aB%2Fcd12%3D&se=2", "https://a.blob.test/c?sv=1&sig=***&se=2"),
        ("authorization: Bearer abcdef.ghi", "authorization: Bearer ***"),
        (f"the token {JWT} has expired", "the token *** has expired"),
        (f"AccountName=acct;AccountKey={KEY};Suffix=x", "AccountName=acct;AccountKey=***;Suffix=x"),
        (f"a key {KEY} alone", "a key *** alone"),
        ('{"client_secret": "abc~def.g"}', '{"client_secret": "***"}'),
        ("the client 'jane_contoso.test#EXT#@corp.example' has no right", "the client '***' has no right"),
    ],
)
def test_a_secret_is_hidden_and_what_is_around_it_stays(text: str, shown: str) -> None:
    assert hide(text) == shown
    assert clean(text, 400) == shown


@pytest.mark.parametrize(
    "text",
    [
        "/subscriptions/0000/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/my-key",
        "zone key: westeurope; the secret is missing; design=large-and-long",
        "Bearer me",
        "target_key=0123456789abcdef0123456789abcdef",
        "10.0.0.1@eth0 and a@b",
    ],
)
def test_what_is_no_secret_is_shown_as_it_is(text: str) -> None:
    assert hide(text) == text


def test_a_secret_is_hidden_before_a_text_is_cut() -> None:
    assert clean(f"{'x' * 50} {KEY}", 60) == f"{'x' * 50} ***"


def test_a_log_line_stays_json_where_a_secret_is_hidden_in_it() -> None:
    inner = json.dumps({"access_token": JWT, "said": 'Bearer abcdefgh"quoted"'})
    text = line("outcome", reason=inner, tag="jane@corp.example")
    facts = json.loads(text.partition(" ")[2])
    assert json.loads(facts["reason"])["access_token"] == "***"
    assert facts["tag"] == "***"


@pytest.mark.parametrize("part", ["a.", "a@", "eyJa", "key=", "A", "bearer ", "sig=", "x@a."])
def test_a_hostile_text_takes_no_longer_than_its_length(part: str) -> None:
    began = time.process_time()
    hide(part * (100_000 // len(part)))
    assert time.process_time() - began < 1.0
