"""Ids: what is one, which are equal, and which texts are refused."""

import contextlib
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.core.base.errors import InvalidId
from shared.core.base.ids import MAX_LENGTH, GroupId, ResourceId, target_key

SUB = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUB}/resourceGroups/rg-network"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"
SUBNET = f"{NETWORK}/subnets/endpoints"


def test_an_id_is_taken_apart_into_its_parts() -> None:
    subnet = ResourceId.parse(SUBNET)
    assert subnet.subscription == SUB
    assert subnet.resource_group == "rg-network"
    assert subnet.type == "Microsoft.Network/virtualNetworks/subnets"
    assert subnet.names == ("hub", "endpoints")
    assert subnet.name == "endpoints"
    assert subnet.group == GroupId(SUB, "rg-network")


def test_the_canonical_text_fixes_the_fixed_words_and_keeps_names() -> None:
    shouted = "/SUBSCRIPTIONS/a/RESOURCEGROUPS/RG/PROVIDERS/microsoft.sql/Servers/Db"
    found = ResourceId.parse(shouted)
    assert found.text == "/subscriptions/a/resourceGroups/RG/providers/microsoft.sql/Servers/Db"
    assert str(found) == found.text
    assert found.key == shouted.lower()


def test_two_spellings_of_one_id_are_equal_and_hash_alike() -> None:
    created, deleted = ResourceId.parse(SUBNET), ResourceId.parse(SUBNET.upper())
    assert created == deleted
    assert {created: 1}[deleted] == 1
    assert target_key(created) == target_key(deleted)
    assert GroupId.parse(GROUP) == GroupId.parse(GROUP.upper())
    assert len({GroupId.parse(GROUP), GroupId.parse(GROUP.upper())}) == 1


def test_ids_that_differ_in_any_part_are_not_equal() -> None:
    subnet = ResourceId.parse(SUBNET)
    others = [
        SUBNET.replace("0001", "0002"),
        SUBNET.replace("rg-network", "rg-other"),
        SUBNET.replace("hub", "spoke"),
        SUBNET.replace("endpoints", "clients"),
        NETWORK,
    ]
    assert all(subnet != ResourceId.parse(other) for other in others)
    assert subnet != SUBNET
    assert GroupId.parse(GROUP) != GROUP
    assert ResourceId.parse(NETWORK).group != ResourceId.parse(NETWORK)


def test_a_subnets_parent_is_its_network_and_a_networks_is_none() -> None:
    subnet = ResourceId.parse(SUBNET)
    assert subnet.parent == ResourceId.parse(NETWORK)
    assert ResourceId.parse(NETWORK).parent is None
    assert ResourceId.parse(NETWORK).child("subnets", "endpoints") == subnet


def test_a_group_builds_ids_of_resources_in_it() -> None:
    group = GroupId.parse(GROUP)
    assert group.resource("Microsoft.Network/virtualNetworks/subnets", "hub", "endpoints").text == SUBNET
    assert str(group) == group.text == GROUP


def test_a_type_is_compared_whole_and_without_case() -> None:
    subnet = ResourceId.parse(SUBNET)
    assert subnet.is_type("microsoft.network/VIRTUALNETWORKS/subnets")
    assert not subnet.is_type("Microsoft.Network/virtualNetworks")


def test_a_target_key_is_a_legal_row_key_of_fixed_length() -> None:
    key = target_key(ResourceId.parse(NETWORK))
    assert len(key) == 32
    assert set(key) <= set("0123456789abcdef")
    assert key != target_key(ResourceId.parse(SUBNET))


@pytest.mark.parametrize("name", ["a b", "Größe", "a_b-c.d", "(x)", "{placeholder}", "a@b", "x..y"])
def test_names_that_azure_allows_are_allowed(name: str) -> None:
    assert ResourceId.parse(f"{GROUP}/providers/A.B/c/{name}").name == name


MALFORMED = {
    "empty": ("", "begin"),
    "no slash in front": (SUBNET[1:], "begin"),
    "only a group": (GROUP, "resource in a resource group"),
    "below a subscription": (f"/subscriptions/{SUB}/providers/A.B/c/d", "begin"),
    "tenant level": ("/providers/A.B/c/d", "begin"),
    "no provider": (f"{GROUP}/Microsoft.Network/virtualNetworks/hub", "resource in a resource group"),
    "type without a name": (f"{GROUP}/providers/A.B/c", "one name for each part"),
    "namespace alone": (f"{GROUP}/providers/A.B", "one name for each part"),
    "namespace with a space": (f"{GROUP}/providers/A B/c/d", "namespace"),
    "type with a space": (f"{GROUP}/providers/A.B/c c/d", "type"),
    "empty name": (f"{GROUP}/providers/A.B/c/", "name is empty"),
    "empty group": (f"/subscriptions/{SUB}/resourceGroups//providers/A.B/c/d", "resource group is empty"),
    "empty subscription": ("/subscriptions//resourceGroups/g/providers/A.B/c/d", "subscription"),
    "dots that climb": (f"{GROUP}/providers/A.B/c/../e/f", "another path"),
    "group that climbs": (f"/subscriptions/{SUB}/resourceGroups/../providers/A.B/c/d", "another path"),
    "single dot": (f"{GROUP}/providers/A.B/c/.", "another path"),
    "query": (f"{NETWORK}?api-version=1", "character ?"),
    "fragment": (f"{NETWORK}#x", "character #"),
    "percent": (f"{NETWORK}%2f..", "character %"),
    "backslash": (f"{NETWORK}\\x", "character \\"),
    "angle": (f"{NETWORK}<script>", "character <"),
    "closing angle": (f"{NETWORK}>", "character >"),
    "star": (f"{NETWORK}*", "character *"),
    "ampersand": (f"{NETWORK}&", "character &"),
    "colon": (f"{NETWORK}:443", "character :"),
    "newline": (f"{NETWORK}\nx", "unprintable"),
    "trailing newline": (f"{NETWORK}\n", "space"),
    "trailing space": (f"{NETWORK} ", "space"),
    "leading space in a group": (f"/subscriptions/{SUB}/resourceGroups/ g/providers/A.B/c/d", "space"),
    "bidi": (f"{NETWORK}\u202ex", "unprintable"),
    "subscription with a newline": (
        f"/subscriptions/{SUB}\n/resourceGroups/g/providers/A.B/c/d",
        "subscription",
    ),
    "extension": (f"{NETWORK}/providers/Microsoft.Authorization/locks/l", "extension"),
    "too long": (f"{NETWORK}{'x' * MAX_LENGTH}", "2048"),
}


@pytest.mark.parametrize(("text", "why"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_id_is_refused_with_the_rule_it_breaks(text: str, why: str) -> None:
    with pytest.raises(InvalidId) as refused:
        ResourceId.parse(text)
    assert why in refused.value.why
    assert len(refused.value.value) <= 120
    assert refused.value.value.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "",
        NETWORK,
        f"{GROUP}/",
        f"/subscriptions/{SUB}",
        f"{GROUP}?x",
        f"/subscriptions/{SUB}/groups/g",
        GROUP + "x" * MAX_LENGTH,
    ],
)
def test_what_is_no_resource_group_is_refused_as_one(text: str) -> None:
    with pytest.raises(InvalidId):
        GroupId.parse(text)


def test_a_child_cannot_be_built_with_a_name_that_climbs() -> None:
    network = ResourceId.parse(NETWORK)
    for name in ("..", "a/b", "", "x?y"):
        with pytest.raises(InvalidId):
            network.child("subnets", name)
        with pytest.raises(InvalidId):
            network.group.resource("A.B/c", name)


def test_an_id_is_a_value() -> None:
    network = ResourceId.parse(NETWORK)
    assert repr(network) == repr(ResourceId.parse(NETWORK))
    for value, name in ((network, "names"), (network.group, "name")):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, "other")


def test_an_id_built_too_long_is_refused_as_one_read_too_long_is() -> None:
    longest = ResourceId.parse(f"{NETWORK}{'x' * (MAX_LENGTH - len(NETWORK))}")
    assert len(longest.text) == MAX_LENGTH
    with pytest.raises(InvalidId, match="2048"):
        longest.child("subnets", "s")


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="<>*%&:\\?#/"), min_size=1, max_size=30)


@given(st.lists(st.tuples(st.from_regex(r"[a-zA-Z]{1,8}", fullmatch=True), NAMES), min_size=1, max_size=3))
def test_what_an_id_is_made_of_is_read_back_from_its_text(parts: list[tuple[str, str]]) -> None:
    assume(all(name.isprintable() and name == name.strip() and name.strip(".") for _, name in parts))
    assume(all(kind.lower() != "providers" for kind, _ in parts))
    text = GROUP + "/providers/A.B" + "".join(f"/{kind}/{name}" for kind, name in parts)
    assert ResourceId.parse(text).text == text


@given(st.text(max_size=200))
def test_any_text_is_an_id_or_an_invalid_one(text: str) -> None:
    for whole in (text, f"{GROUP}/providers/{text}", f"{NETWORK}/{text}"):
        with contextlib.suppress(InvalidId):
            assert ResourceId.parse(whole).text.lower() == whole.lower()
