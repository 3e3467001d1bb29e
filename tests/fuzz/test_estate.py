"""What a person gives the command line as lists: whatever JSON it is, it is read or refused in words."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from causeway.comparison import compared
from causeway.estate import read_estate
from causeway.files import UnreadableError
from shared.core.policy.policy import Policy
from tests.causeway.policies import GROUP, ORDERS, policy, profile, rule

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANY = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner)
)
NAMES = st.sampled_from(
    ["id", "resource_id", "profile", "result", "owned", "location", "sku", "tags", "managedBy", "name"]
)
IDS = st.sampled_from([ORDERS, ORDERS.upper(), f"{GROUP}/rg-app", "/subscriptions/x", ""])
ITEMS = st.dictionaries(NAMES | st.just("parentNameChain"), ANY | IDS, max_size=8)
OLD = Policy.parse(policy(rules=[rule("rest")]))
NEW = Policy.parse(
    policy(
        {"default": profile(peering="require")},
        rules=[rule("blue", tags={"a": "b"})],
        opt_in={"tag_may_choose": ["default"]},
    )
)


@given(st.lists(ITEMS, max_size=4), st.lists(ITEMS, max_size=4) | ANY)
def test_any_lists_are_compared_or_refused_in_words(tmp_path_factory: Any, rows: Any, lists: Any) -> None:
    folder: Path = tmp_path_factory.mktemp("lists")
    (folder / "rows.json").write_text(json.dumps(rows))
    (folder / "lists.json").write_text(json.dumps(lists))
    try:
        estate = read_estate(str(folder / "rows.json"), [str(folder / "lists.json")])
    except UnreadableError:
        return
    found = compared(OLD, NEW, estate)
    assert found.compared <= len(estate.every)
    assert sum(found.counts.values()) >= len(found.changes)
