"""`policy explain`: the rule that counts, why the others do not, and nothing that is not known."""

import json

import pytest

from causeway.explanation import CONNECTED, LEFT_ALONE, REFUSED, UNDECIDED, explained
from causeway.given import Given
from shared.core.base.ids import ResourceId
from shared.core.policy.policy import Policy
from tests.causeway.command import run
from tests.causeway.policies import GROUP, ORDERS, SUB, policy, profile, rule, subnet

KNOWN = {"region": "westeurope", "sku": "Standard_LRS", "tags": {}, "group_tags": {}, "managed_by": ""}


def explain(text: str, **known: object):
    """What a policy does with the storage account `orders`, of which everything is known but its groups."""
    return explained(Given.of(ResourceId.parse(ORDERS), **{**KNOWN, **known}), Policy.parse(text))


@pytest.fixture
def file(tmp_path):
    """Writes a policy and returns its path."""

    def write(text: str) -> str:
        (tmp_path / "connectivity.yaml").write_text(text)
        return str(tmp_path / "connectivity.yaml")

    return write


def test_the_rule_that_counts_is_named_with_profile_mode_and_subnets():
    rules = [rule("sql", type="Microsoft.Sql/servers"), {**rule("app", "app", name="ord*"), "mode": "plan"}]
    found = explain(policy({"app": profile(at=subnet("spoke"))}, rules=rules))
    assert (found.verdict, found.rule, found.profile, found.mode) == (CONNECTED, "app", "app", "plan")
    (place,) = found.places
    assert [at.names for at in place.subnets["westeurope"]] == [("spoke", "endpoints")]


def test_each_rule_before_it_is_named_with_the_first_field_that_does_not_fit():
    rules = [
        rule("sql", type="Microsoft.Sql/servers"),
        rule("far", region="northeurope", name="orders"),
        rule("tagged", tags={"team": "blue"}),
        rule("mine", name="ord*"),
        rule("rest"),
    ]
    text = policy(rules=rules, opt_in={"tag_may_choose": ["default"]}, exclude=[{"resource_group": "mc-*"}])
    found = explain(text, tags={"team": "red"})
    assert [(p.key, p.field, p.value) for p in found.passed] == [
        ("exclude[0]", "resource_group", ("rg-app",)),
        ("rules[0]", "type", ("microsoft.storage/storageaccounts",)),
        ("rules[1]", "region", ("westeurope",)),
        ("rules[2]", "tag:team", ("red",)),
    ]


def test_a_field_that_is_not_known_makes_it_undecided_unless_another_field_is_against_the_rule():
    undecided = explain(policy(rules=[rule("near", region="westeurope"), rule("rest")]), region=None)
    assert (undecided.verdict, undecided.key, undecided.unknown) == (UNDECIDED, "rules[0]", ("region",))
    other = [rule("near", region="westeurope", name="x*"), rule("rest")]
    assert explain(policy(rules=other), region=None).rule == "rest"


def test_unknown_tags_make_it_undecided_and_what_it_would_be_without_one_is_said():
    text = policy(rules=[rule("rest")])
    found = explain(text, tags=None)
    assert (found.verdict, found.key, found.unknown) == (UNDECIDED, "opt_in.tag", ("tags",))
    assert found.without.verdict == CONNECTED
    assert explain(text).verdict == CONNECTED


def test_unknown_tags_of_the_group_count_only_where_the_policy_inherits_them():
    inherits = {"tag_may_choose": ["default"], "inherit": "resource_group"}
    text = policy(rules=[rule("rest")], opt_in=inherits)
    assert explain(text, group_tags=None).unknown == ("tags of its resource group",)
    assert explain(text, group_tags=None, tags={"private-connectivity": "enabled"}).verdict == CONNECTED
    assert explain(policy(rules=[rule("rest")]), group_tags=None).verdict == CONNECTED
    by_tag = policy(rules=[rule("blue", tags={"team": "blue"}), rule("rest")], opt_in=inherits)
    asked = {"private-connectivity": "enabled"}
    assert explain(by_tag, group_tags=None, tags=asked).unknown == ("tag:team",)
    assert explain(by_tag, group_tags=None, tags={**asked, "team": "blue"}).rule == "blue"


def test_a_tag_of_its_own_hides_the_same_tag_of_its_group_in_whatever_case():
    by_tag = policy(
        {"default": profile()},
        rules=[rule("blue", tags={"team": "blue"}), rule("rest", "none")],
        opt_in={"inherit": "resource_group", "tag_may_choose": ["default"]},
    )
    assert explain(by_tag, group_tags={"Team": "blue"}).rule == "blue"
    assert explain(by_tag, group_tags={"Team": "blue"}, tags={"team": "red"}).rule == "rest"


def test_what_is_stronger_than_a_tag_is_decided_without_knowing_the_tags():
    excluded = explain(policy(rules=[rule("rest")], exclude=[{"name": "orders"}]), tags=None)
    assert (excluded.verdict, excluded.key) == (LEFT_ALONE, "exclude[0]")
    none = explain(policy(rules=[rule("not these", "none", name="orders"), rule("rest")]), tags=None)
    assert (none.verdict, none.key, none.rule) == (LEFT_ALONE, "rules[0]", "not these")


def test_an_entry_that_fits_for_certain_decides_whatever_an_earlier_one_needs_to_know():
    entries = [{"management_group": "mg-lab"}, {"name": "orders"}]
    found = explain(policy(rules=[rule("rest")], exclude=entries), management_groups=None)
    assert (found.verdict, found.key) == (LEFT_ALONE, "exclude[1]")
    other = [*entries[:1], {"name": "x*"}]
    found = explain(policy(rules=[rule("rest")], exclude=other), management_groups=None)
    assert (found.verdict, found.key, found.unknown) == (UNDECIDED, "exclude[0]", ("management_group",))


def test_whether_a_service_manages_its_group_has_to_be_known_where_that_decides() -> None:
    text = policy(rules=[rule("rest")])
    found = explain(text, managed_by=None)
    assert (found.verdict, found.key, found.without.verdict) == (UNDECIDED, "exclude_managed", CONNECTED)
    assert explain(text, managed_by="/subscriptions/x").key == "exclude_managed"
    assert explain(policy(rules=[rule("rest")], exclude_managed=False), managed_by=None).rule == "rest"
    excluded = policy(rules=[rule("rest")], exclude=[{"name": "orders"}])
    assert explain(excluded, managed_by=None).key == "exclude[0]"


def test_by_its_type_alone_a_resource_in_a_managed_group_is_not_connected_and_by_a_tag_it_is():
    always = {"always": ["Microsoft.Storage/storageAccounts"]}
    text, asked = policy(opt_in=always), {"private-connectivity": "enabled"}
    managed = explain(text, managed_by="/subscriptions/x")
    assert (managed.verdict, managed.key, managed.keep) == (LEFT_ALONE, "exclude_managed", True)
    unknown = explain(text, managed_by=None)
    assert (unknown.verdict, unknown.without.verdict) == (UNDECIDED, CONNECTED)
    for manager in ("/subscriptions/x", None):
        assert explain(text, managed_by=manager, tags=asked).verdict == CONNECTED
        assert explain(policy(opt_in=always, exclude_managed=False), managed_by=manager).verdict == CONNECTED


def test_a_resource_outside_the_watched_scope_is_left_alone_and_an_unknown_scope_is_undecided():
    elsewhere = policy(subscriptions=["00000000-0000-0000-0000-000000000009"])
    assert explain(elsewhere).key == "subscriptions"
    by_group = policy(subscriptions=[], management_groups=["corp"], rules=[rule("rest")])
    assert explain(by_group).key == "management_groups"
    assert explain(by_group).verdict == UNDECIDED
    assert explain(by_group, management_groups=("tenant-root", "Corp")).verdict == CONNECTED
    assert explain(by_group, management_groups=("tenant-root",)).verdict == LEFT_ALONE


def test_a_tag_with_a_profile_that_tags_may_not_choose_is_refused():
    text = policy({"default": profile(), "open": profile()}, rules=[rule("rest")])
    assert explain(text, tags={"private-connectivity": "open"}).verdict == REFUSED
    assert explain(text, tags={"private-connectivity": "nothing"}).verdict == REFUSED


def test_a_group_that_the_type_does_not_have_is_refused():
    asks = {"private-connectivity": "enabled", "private-connectivity-groups": "blob, vault"}
    assert "vault" in explain(policy(), tags=asks).reason


def test_names_are_those_that_the_app_gives_and_follow_the_tag_for_groups():
    asks = {"private-connectivity": "enabled", "private-connectivity-groups": "file,table"}
    names = explain(policy(), tags=asks).names
    assert [name.group for name in names] == ["file", "table"]
    assert names[0].endpoint.startswith("pe-orders-file-")


def test_names_follow_the_policy_s_template_unless_what_it_asks_for_is_not_known():
    naming = {
        "endpoint": "pep-{name}-{region}-{tag:env|none}-{hash}",
        "network_interface": "nic-{endpoint}",
        "zone_group": "zg-{group}",
    }
    text = policy(rules=[rule("rest")], naming=naming)
    (name,) = explain(text, tags={"env": "prod"}).names
    assert name.endpoint.startswith("pep-orders-westeurope-prod-")
    assert (name.interface, name.zone_group) == (f"nic-{name.endpoint}", "zg-blob")
    (usual,) = explain(policy(rules=[rule("rest")])).names
    assert (usual.interface, usual.zone_group) == ("", "causeway")
    assert explain(text, region=None).names == ()


def test_each_placement_has_its_own_subnets_and_names():
    dns = {"zones_resource_group": f"{GROUP}/rg-dns-two"}
    two = {
        "one": {"subnets": {"westeurope": [subnet("a")]}},
        "two": {"subnets": {"westeurope": [subnet("b")]}, "dns": dns},
    }
    both = {key: value for key, value in profile().items() if key != "subnets"}
    found = explain(policy({"default": {**both, "placements": two}}, rules=[rule("rest")]))
    assert [place.name for place in found.places] == ["one", "two"]
    assert [(name.placement, name.subnet.names[0]) for name in found.names] == [("one", "a"), ("two", "b")]
    assert len({name.endpoint for name in found.names}) == 2


def test_subnets_of_a_type_come_before_the_others():
    of_type = {"Microsoft.Storage/storageAccounts": {"westeurope": [subnet("storage")]}}
    text = policy({"default": profile(types=of_type)}, rules=[rule("rest")])
    for region in ("westeurope", None):
        (place,) = explain(text, region=region).places
        assert [at.names[0] for at in place.subnets["westeurope"]] == ["storage"]


def test_another_region_falls_back_or_has_no_subnet_and_an_unknown_one_shows_all():
    text = policy({"default": profile(fallback_region="westeurope")}, rules=[rule("rest")])
    assert "fallback_region" in explain(text, region="uksouth").places[0].note
    alone = explain(policy(rules=[rule("rest")]), region="uksouth").places[0]
    assert (alone.subnets, "no subnet" in alone.note) == ({}, True)
    assert "not known" in explain(policy(rules=[rule("rest")]), region=None).places[0].note


@pytest.mark.parametrize(
    ("words", "code", "verdict"),
    [
        (["--no-tags", "--region", "westeurope"], 0, CONNECTED),
        (["--tag", "private-connectivity=disabled"], 3, LEFT_ALONE),
        (["--tags", "private-connectivity=open"], 3, REFUSED),
        ([], 4, UNDECIDED),
    ],
)
def test_the_exit_code_says_the_verdict(file, words, code, verdict):
    at = file(policy(rules=[rule("rest")]))
    found = run("policy", "explain", at, ORDERS, "--not-managed", *words, "-o", "json")
    assert (found.code, json.loads(found.out)["verdict"]) == (code, verdict)
    assert verdict in run("policy", "explain", at, ORDERS, "--not-managed", *words).out


def test_a_resource_can_be_described_without_an_id(file):
    at = file(policy(rules=[rule("rest", region="westeurope")]))
    words = ["--type", "Microsoft.KeyVault/vaults", "--subscription", SUB, "--no-tags", "--not-managed"]
    assert run("policy", "explain", at, *words).code == 4
    assert run("policy", "explain", at, *words, "--region", "West Europe").code == 0
    named = run(
        "policy", "explain", at, *words, "--region", "westeurope", "--resource-group", "rg", "--name", "kv"
    )
    assert "pe-kv-vault-" in named.out


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["not-an-id"],
        [ORDERS, "--name", "x"],
        [ORDERS, "--tag", "x"],
        [ORDERS, "--tag", "a=b", "--no-tags"],
    ],
)
def test_wrong_usage_has_exit_code_2(file, words):
    assert run("policy", "explain", file(policy()), *words).code == 2


def test_a_bad_policy_has_exit_code_2_and_a_missing_one_1(file, tmp_path):
    assert run("policy", "explain", file("version: 3"), ORDERS).code == 2
    assert run("policy", "explain", str(tmp_path / "none.yaml"), ORDERS).code == 1


def test_long_lists_of_rules_are_cut_and_all_shows_them(file):
    at = file(policy(rules=[*(rule(f"r{n}", name=f"other{n}") for n in range(40)), rule("rest")]))
    words = ["policy", "explain", at, ORDERS, "--no-tags"]
    assert "30 more before these" in run(*words).out
    assert "'r0'" not in run(*words).out
    assert "'r0'" in run(*words, "--all").out


def test_a_tag_of_a_stranger_cannot_move_the_cursor(file):
    found = run("policy", "explain", file(policy()), ORDERS, "--tag", "private-connectivity=\x1b[2Jx\u202e")
    assert found.code == 3
    assert "\x1b" not in found.out + found.err
    assert "\u202e" not in found.out


def test_without_a_subscription_one_that_is_watched_is_assumed_and_said(file):
    words = ["--type", "Microsoft.KeyVault/vaults", "--no-tags", "--not-managed"]
    found = run("policy", "explain", file(policy(rules=[rule("rest")])), *words)
    assert (found.code, "rule 'rest'" in found.out) == (0, True)
    assert "one that is watched is assumed" in found.out
    by_id = run("policy", "explain", file(policy(rules=[rule("rest")])), ORDERS, "--not-managed", "--no-tags")
    assert "assumed" not in by_id.out
