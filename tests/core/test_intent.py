"""What a resource asks for: tags choose among the operator's profiles, and nothing else."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from shared.core.policy.intent import Connect, Declined, Intent, NotAsked, intent
from tests.builders import bodies
from tests.builders.policies import a_policy

TAG = "private-connectivity"


def asked(
    tags: dict[str, str] | None = None,
    group_tags: dict[str, str] | None = None,
    *,
    hns: bool = False,
    **policy: object,
) -> Intent:
    target = Target.parse(bodies.account(tags, hns=hns))
    return intent(target, group_tags or {}, a_policy(**policy), load())


def groups(found: Intent) -> list[str]:
    assert isinstance(found, Connect)
    return [group.group_id for group in found.groups]


def test_a_type_under_always_is_connected_by_the_default_profile() -> None:
    found = asked()
    assert isinstance(found, Connect)
    assert found.profile_name == "default"


def test_an_untagged_resource_of_another_type_is_not_connected() -> None:
    assert isinstance(asked(always=[]), NotAsked)


def test_disabled_beats_always() -> None:
    found = asked({TAG: "Disabled"})
    assert isinstance(found, NotAsked)
    assert "says disabled" in found.reason


def test_tag_names_compare_without_case() -> None:
    assert isinstance(asked({"Private-Connectivity": "enabled"}, always=[]), Connect)


def test_the_group_s_tag_counts_where_the_resource_has_none() -> None:
    assert isinstance(asked(None, {TAG: "enabled"}, always=[]), Connect)
    assert isinstance(asked({TAG: "disabled"}, {TAG: "enabled"}, always=[]), NotAsked)


def test_the_group_s_tag_is_not_read_where_the_policy_does_not_inherit() -> None:
    assert isinstance(asked(None, {TAG: "enabled"}, always=[], inherit="none"), NotAsked)


def test_an_empty_tag_is_an_unknown_profile_and_not_a_yes() -> None:
    found = asked({TAG: " "})
    assert isinstance(found, Declined)
    assert found.code == "UnknownProfile"


def test_a_hierarchical_account_is_asked_for_blob_and_dfs() -> None:
    assert sorted(groups(asked(hns=True))) == ["blob", "dfs"]


def test_the_groups_tag_narrows() -> None:
    assert groups(asked({f"{TAG}-groups": " file , QUEUE"})) == ["file", "queue"]


def test_the_policy_s_groups_count_where_no_tag_narrows() -> None:
    found = asked(groups={"Microsoft.Storage/storageAccounts": ["table"]})
    assert groups(found) == ["table"]


def test_a_groups_tag_of_ten_thousand_characters_is_declined_shortly() -> None:
    found = asked({f"{TAG}-groups": "x" * 10_000})
    assert isinstance(found, Declined)
    assert len(found.reason) < 300


def test_what_the_service_does_not_allow_is_declined_whatever_group_is_asked_for() -> None:
    account = bodies.account({f"{TAG}-groups": "nonsense"}) | {"kind": "Storage"}
    found = intent(Target.parse(account), {}, a_policy(), load())
    assert isinstance(found, Declined)
    assert found.code == "NotEligible"
    assert "kind is Storage" in found.reason
    assert "upgrade the account" in found.remedy


def test_what_is_not_asked_for_is_not_declined_for_its_kind() -> None:
    account = bodies.account({TAG: "disabled"}) | {"kind": "Storage"}
    assert isinstance(intent(Target.parse(account), {}, a_policy(), load()), NotAsked)


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_tag_value_ever_raises_or_names_a_profile_that_the_policy_lacks(word: str, narrowed: str) -> None:
    found = asked({TAG: word, f"{TAG}-groups": narrowed})
    if isinstance(found, Connect):
        assert found.profile_name == "default"
    if isinstance(found, Declined):
        assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in found.reason)
        assert found.remedy
