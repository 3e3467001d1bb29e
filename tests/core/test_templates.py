"""Templates of names and tags: what they give. No value can break a name, or is read as a template."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.base.errors import InputError
from shared.core.base.ids import ResourceId, digest
from shared.core.kinds.endpoint import endpoint_name
from shared.core.policy.templates import (
    FIELDS,
    MAX_FIELDS,
    MAX_LENGTH,
    TemplateKind,
    expanded_tags,
    parse,
    problems,
    region_text,
    type_text,
)

NAMES: tuple[TemplateKind, ...] = ("endpoint", "network_interface", "zone_group", "link", "peering", "rule")
HASH = "0a1b2c3d"
VALUES = {
    "name": "orders",
    "type": "st",
    "group": "blob",
    "resource_group": "rg-orders",
    "region": "weu",
    "placement": "we",
    "hash": HASH,
}
# Microsoft Learn, naming rules of Microsoft.Network: letters, digits, underscores, periods and hyphens; first
# a letter or a digit, last one or an underscore.
AZURE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_])?")


def endpoint(text: str, tags: dict[str, str] | None = None, **values: str) -> str:
    return parse(text, "endpoint").expand(VALUES | values, tags)


def all_problems(text: str, kind: TemplateKind = "endpoint") -> list[str]:
    return [found.problem for found in problems(text, kind)]


@pytest.mark.parametrize("name", ["orders", "Orders_Archive", "o" * 60, "sql.server"])
@pytest.mark.parametrize("group", ["blob", "Blob_Secondary", "sites-a-very-long-slot-name"])
def test_the_documented_template_gives_the_name_that_is_made_without_one(name: str, group: str) -> None:
    at = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers"
    target = ResourceId.parse(f"{at}/Microsoft.Sql/servers/{name}")
    subnet = ResourceId.parse(f"{at}/Microsoft.Network/virtualNetworks/hub/subnets/endpoints")
    values = {
        "name": name,
        "group": group,
        "hash": digest(f"{target.key}|{group.lower()}|{subnet.key}"),
    }
    made = parse("pe-{name:24}-{group:20}-{hash}", "endpoint").expand(values)
    assert made == endpoint_name(target, group, subnet)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pep-{name}-{group}-{region}-{hash}", f"pep-orders-blob-weu-{HASH}"),
        ("PE-{type}-{name:3}-{hash}", f"PE-st-ord-{HASH}"),
        ("{name}-{tag:ENV|none}-{hash}", f"orders-prod-{HASH}"),
        ("{name}-{tag:owner|none}-{hash}", f"orders-none-{HASH}"),
        ("{name}-{tag:owner}{hash}", f"orders-{HASH}"),
        ("-{name}-{hash}.", f"orders-{HASH}"),
        ("{name}_{hash}_", f"orders_{HASH}_"),
    ],
)
def test_a_template_is_filled_in(text: str, expected: str) -> None:
    assert endpoint(text, {"env": "Prod"}) == expected


def test_what_azure_spells_in_several_ways_gives_one_name() -> None:
    text = "PE-{name}-{resource_group}-{hash}"
    assert endpoint(text, name="Orders", resource_group="RG-Orders") == endpoint(text)


@pytest.mark.parametrize("value", ["{hash}", "{name}/../x", "a{tag:env|b}", "|}{", "pe\n\0"])
def test_a_value_is_never_read_as_a_template(value: str) -> None:
    made = endpoint("pe-{tag:env|x}-{hash}", {"env": value})
    assert made == "pe-" + re.sub(r"[^a-z0-9.-]", "-", value.lower()) + f"-{HASH}"
    assert expanded_tags({"env": "is {tag:env}"}, VALUES, {"env": value}) == {"env": f"is {value}"}


def test_a_name_that_is_too_long_loses_the_end_of_its_longest_part_and_keeps_the_rest() -> None:
    made = endpoint("pe-{name}-{tag:env|x}-{group}-{hash}", {"env": "e" * 30}, name="n" * 90)
    assert re.fullmatch(rf"pe-(n+)-(e+)-blob-{HASH}", made)
    assert len(made) == MAX_LENGTH["endpoint"]
    assert abs(made.count("n") - made.count("e")) <= 1


def test_a_sub_resource_is_cut_only_where_all_else_is_short() -> None:
    made = endpoint("pe-{name}-{group}-{hash}", name="n" * 90, group="sites-" + "s" * 80)
    assert re.fullmatch(rf"pe-n-sites-s+-{HASH}", made)
    assert len(made) == MAX_LENGTH["endpoint"]


def test_an_empty_name_is_the_hash() -> None:
    assert endpoint("{tag:env}") == HASH
    assert endpoint("{name}", name="a") == f"a-{HASH}"


PIECES = st.sampled_from(["pe-", "_", ".", *(f"{{{name}}}" for name in VALUES), "{name:4}", "{tag:a|none}"])
TEXT = st.text(max_size=90)


@given(
    st.lists(PIECES, min_size=1, max_size=12).map("".join),
    st.fixed_dictionaries({name: TEXT for name in VALUES if name != "hash"}),
    TEXT,
)
def test_every_result_is_a_name_that_azure_accepts(text: str, values: dict[str, str], tag: str) -> None:
    if problems(text, "endpoint"):
        return
    made = parse(text, "endpoint").expand(values | {"hash": HASH}, {"A": tag})
    assert AZURE_NAME.fullmatch(made), made
    assert 2 <= len(made) <= MAX_LENGTH["endpoint"]
    if "{hash}" in text:
        assert HASH in made


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pe-{nmae}-{hash}", "there is no field {nmae} here"),
        ("pe/{name}-{hash}", "a name cannot have this character"),
        ("pe-{name-{hash}", "a brace without its other half"),
        ("pe-{name}}-{hash}", "a brace without its other half"),
        ("pe-{}-{hash}", "it is not the form of a field"),
        ("pe-{Name}-{hash}", "it is not the form of a field"),
        ("pe-{name:x}-{hash}", "its length is not a number from 1 to 999"),
        ("pe-{name:0}-{hash}", "its length is not a number from 1 to 999"),
        ("pe-{name}-{hash:4}", "a shorter hash makes two names equal"),
        ("pe-{tag}-{hash}", "it names no tag"),
        ("pe-{tag:|x}-{hash}", "it names no tag"),
        ("pe-{tag:env|a/b}-{hash}", "a name cannot have its `otherwise`"),
        ("p" * 33 + "{hash}", "more than half of what it can have is fixed text"),
        ("p" * 65, "it has more than 64 characters"),
        ("p" * 600, "it has more than 512 characters"),
        ("{name}" * (MAX_FIELDS + 1), f"it has more than {MAX_FIELDS} fields"),
        ("", "it is empty"),
    ],
)
def test_a_template_that_cannot_work_has_one_problem(text: str, problem: str) -> None:
    assert all_problems(text) == [problem]
    with pytest.raises(InputError):
        parse(text, "endpoint")


def test_all_problems_of_a_template_are_found_at_once() -> None:
    assert len(all_problems("{nmae}-{name:x}-{hash:2}/")) == 4


@pytest.mark.parametrize(("kind", "field"), [("link", "tag:env"), ("peering", "name"), ("rule", "network")])
def test_a_field_that_an_object_does_not_have_is_a_problem(kind: TemplateKind, field: str) -> None:
    assert len(problems(f"{{{field}}}-{{hash}}", kind)) == 1


@pytest.mark.parametrize(("kind", "length"), [*product(NAMES, (1, 50, 200))])
def test_every_field_of_every_kind_of_name_is_filled_in(kind: TemplateKind, length: int) -> None:
    for name in sorted(FIELDS[kind] - {"tag", "hash"}):
        text = f"{{{name}}}-x"
        made = parse(text, kind).expand({name: "v" * length, "hash": HASH})
        assert made.endswith("-x")
        assert made.startswith("v")


def test_tags_take_values_as_they_are_and_leave_out_empty_ones() -> None:
    templates = {
        "cost": "{tag:Cost|none}",
        "owner": "{tag:owner}",
        "by": "causeway",
        "of": "{name} ({group})",
    }
    found = expanded_tags(templates, VALUES, {"cost": "A/1 ü", "x": "y"})
    assert found == {"cost": "A/1 ü", "by": "causeway", "of": "orders (blob)"}
    assert expanded_tags(templates, {}, {}) == {"cost": "none", "by": "causeway", "of": " ()"}


def test_a_tag_s_value_is_no_longer_than_azure_allows() -> None:
    made = expanded_tags({"a": "x{tag:a}"}, {}, {"a": "v" * 256})
    assert made == {"a": "x" + "v" * 255}


def test_the_words_for_types_and_regions_are_the_operator_s_or_azure_s() -> None:
    types, regions = {"Microsoft.Storage/storageAccounts": "ST"}, {"West Europe": "weu"}
    assert type_text("microsoft.storage/storageaccounts", types) == "ST"
    assert type_text("Microsoft.KeyVault/vaults", types) == "vaults"
    assert region_text("westeurope", regions) == "weu"
    assert region_text("North Europe", regions) == "northeurope"
