"""What readings of management groups at different times say together."""

import pytest

from shared.core.base.errors import BlockedError, TransientError
from shared.core.policy.hierarchy import APART, Branch, Names, Place, above, places
from shared.core.policy.scope import Scope, asks_for_groups
from tests.builders.policies import a_policy

PREFIX = "/providers/Microsoft.Management/managementGroups"
ONE, TWO = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"


def listed(name: str, parent: str) -> dict[str, object]:
    at = f"/subscriptions/{name}" if name[0] == "0" else f"{PREFIX}/{name}"
    return {"id": at, "name": name, "properties": {"parent": {"id": f"{PREFIX}/{parent}"}}}


def test_each_subscription_has_the_groups_from_it_up_to_the_one_that_was_asked_for() -> None:
    found = places("MG-corp", [listed("mg-prod", "mg-corp"), listed(ONE, "mg-prod"), listed(TWO, "mg-corp")])
    assert found == {ONE: ("mg-prod", "mg-corp"), TWO: ("mg-corp",)}


def test_a_list_that_is_no_tree_is_no_reading() -> None:
    with pytest.raises(TransientError, match="mg-gone"):
        places("mg-corp", [listed(ONE, "mg-gone")])
    with pytest.raises(TransientError):
        places("mg-corp", [listed("mg-a", "mg-b"), listed("mg-b", "mg-a"), listed(ONE, "mg-a")])


def test_the_groups_above_are_those_of_the_entity_of_that_name() -> None:
    entity = {"name": "mg-Corp", "properties": {"parentNameChain": ["root", "Mg-Top"]}}
    assert above("MG-corp", [entity]) == ("mg-top", "root")
    assert above("mg-other", [entity]) is None


IN_PROD: Names = ("mg-prod",)
IN_DEV: Names = ("mg-dev",)


def test_what_one_reading_lacks_stays_until_a_second_one_well_apart_lacks_it_too() -> None:
    place = Place(IN_PROD).after(None, 100.0)
    assert place.groups == IN_PROD
    assert place.after(None, 100.0 + APART - 1).groups == IN_PROD
    assert place.after(None, 100.0 + APART).groups is None
    assert place.after(IN_PROD, 200.0) == Place(IN_PROD)


def test_a_reading_in_between_that_shows_something_else_begins_the_wait_again() -> None:
    place = Place(IN_PROD).after(None, 0.5).after(IN_DEV, 1000.0)
    assert place.after(None, APART + 1).groups == IN_PROD
    assert place.after(IN_DEV, 1000.0 + APART).groups == IN_DEV


def branch(**subscriptions: Names) -> Branch:
    return Branch("mg-corp").after({ONE: ("mg-corp",), **subscriptions}, ("root",), 10.0)


def test_a_new_subscription_counts_at_once() -> None:
    later = branch().after({ONE: ("mg-corp",), TWO: ("mg-corp",)}, ("root",), 20.0)
    assert later.groups_above(TWO) == ("mg-corp", "root")


def test_a_branch_is_the_same_after_it_was_written_and_read() -> None:
    found = branch().after({TWO: ("mg-prod", "mg-corp")}, None, 20.0)
    assert Branch.parse(found.text()) == found


@pytest.mark.parametrize("text", ["", "7", "{}", '{"name": "a", "read": 1, "above": [3], "places": {}}'])
def test_another_text_is_no_branch(text: str) -> None:
    assert Branch.parse(text) is None


CORP = a_policy(top={"subscriptions": [], "management_groups": ["mg-corp"]})


def test_without_any_reading_of_a_management_group_nothing_is_known_to_be_outside() -> None:
    scope = Scope(CORP, {}, {"mg-corp": BlockedError("X", "refused", "grant it")})
    assert scope.watches(ONE) is None
    assert isinstance(scope.failure(), BlockedError)
    assert "never read" in scope.problems["mg-corp"]


def test_what_was_known_before_a_failed_reading_counts_and_the_rest_is_not_known() -> None:
    scope = Scope(CORP, {"mg-corp": branch()}, {"mg-corp": TransientError("busy")}, now=3610.0)
    assert scope.watches(ONE.upper()) is True
    assert scope.watches(TWO) is None
    assert "60 minutes ago" in scope.problems["mg-corp"]


def test_after_a_good_reading_the_rest_is_outside() -> None:
    assert Scope(CORP, {"mg-corp": branch()}).watches(TWO) is False


def test_a_subscription_that_moves_between_two_listed_groups_is_where_it_was_until_that_is_confirmed() -> (
    None
):
    left = branch().after({}, ("root",), 20.0)
    other = Branch("mg-dev").after({ONE: ("mg-dev",)}, ("root",), 20.0)
    policy = a_policy(top={"subscriptions": [], "management_groups": ["mg-dev", "mg-corp"]})
    assert Scope(policy, {"mg-dev": other, "mg-corp": left}).above(ONE) == ("mg-corp", "root")


def test_groups_above_are_asked_for_by_exclusions_rules_and_sets_of_networks() -> None:
    match = {"management_group": "mg-prod"}
    assert not asks_for_groups(CORP)
    assert asks_for_groups(a_policy(top={"exclude": [match]}))
    assert asks_for_groups(a_policy(top={"networks": {"spokes": match}}))
    rule = {"name": "a", "match": match, "profile": "none"}
    assert asks_for_groups(a_policy(tag_may_choose=[], top={"rules": [rule]}))


def test_what_a_complete_reading_does_not_show_below_a_group_is_not_in_it() -> None:
    """But a group that the reading says nothing of, and a pattern, may hold it all the same."""
    read = {"mg-corp": branch(**{ONE: ("mg-prod", "mg-corp")})}
    scope = Scope(CORP, read)
    assert scope.lacks(TWO, ["mg-corp"])
    assert scope.lacks(TWO, ["MG-Prod", "mg-corp"])
    assert not scope.lacks(ONE, ["mg-prod"])
    for other in ("root", "mg-elsewhere", "mg-*"):
        assert not scope.lacks(TWO, ["mg-prod", other])
    unread = {"mg-corp": BlockedError("X", "refused", "grant it")}
    assert not Scope(CORP, read, unread).lacks(TWO, ["mg-prod"])
    assert not Scope(CORP).lacks(TWO, ["mg-prod"])
