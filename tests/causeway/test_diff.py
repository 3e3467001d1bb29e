"""`policy diff`: every kind of change is found, nothing is guessed, and an export is compared offline."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from tests.causeway.command import Ran, run
from tests.causeway.policies import GROUP, ORDERS, SUB, policy, profile, rule, subnet

VAULT = f"{GROUP}/rg-app/providers/Microsoft.KeyVault/vaults/keys"
KNOWN = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "tags": {}}
ENDPOINT = f"{GROUP}/rg-net/providers/Microsoft.Network/privateEndpoints/pe"


def row(at: str = ORDERS, profile_name: str = "default", result: str = "Connected", owned: int = 2) -> dict:
    """A connection as the HTTP API gives it."""
    made = [f"{ENDPOINT}-{number}" for number in range(owned)]
    return {"resource_id": at, "profile": profile_name, "result": result, "owned": made}


def listed(at: str = ORDERS, **more: object) -> dict:
    """A resource as `az resource list` prints it."""
    return {"id": at, **KNOWN, **more}


def group(**more: object) -> dict:
    """Its resource group as `az group list` prints it."""
    return {"id": f"{GROUP}/rg-app", "tags": {}, "managedBy": None, **more}


class Files:
    """Writes what the command reads, and runs it."""

    def __init__(self, folder) -> None:
        self._folder = folder

    def write(self, name: str, content: object) -> str:
        text = content if isinstance(content, str) else json.dumps(content)
        (self._folder / name).write_text(text)
        return str(self._folder / name)

    def ran(
        self, old: str, new: str, rows: Iterable[dict] = (), lists: Iterable[dict] | None = None, *words: str
    ) -> Ran:
        files = [self.write("old.yaml", old), self.write("new.yaml", new)]
        ledger = ["--ledger", self.write("ledger.json", {"value": list(rows)})] if rows else []
        resources = [] if lists is None else ["--resources", self.write("lists.json", list(lists))]
        return run("policy", "diff", *files, *ledger, *resources, *words)

    def diff(
        self,
        old: str,
        new: str,
        rows: Iterable[dict] = (),
        lists: Iterable[dict] | None = (listed(), group()),
    ) -> tuple[int, dict[str, Any]]:
        """Exit code and the comparison, by default with all facts of `orders`."""
        found = self.ran(old, new, rows, lists, "-o", "json")
        assert found.err == ""
        return found.code, json.loads(found.out)


@pytest.fixture
def files(tmp_path) -> Files:
    return Files(tmp_path)


def kinds(found: dict[str, Any]) -> list[str]:
    (change,) = found["changes"]
    return change["kinds"]


BY_RULE = policy(rules=[rule("rest")])


def test_equal_policies_change_nothing_whatever_is_known(files):
    for lists in ((listed(), group()), None):
        code, found = files.diff(BY_RULE, BY_RULE, [row()], lists)
        assert (code, found["changes"], found["compared"]) == (0, [], 1)


def test_a_resource_that_is_newly_connected_is_found_in_the_lists_without_a_ledger(files):
    code, found = files.diff(policy(rules=[rule("vaults", type="Microsoft.KeyVault/vaults")]), BY_RULE)
    assert (code, kinds(found)) == (10, ["newly connected"])
    assert found["changes"][0]["after"]["rule"] == "rest"
    assert any("what is removed, is not known" in note for note in found["notes"])


def test_without_a_list_newly_connected_resources_are_said_to_be_unknown(files):
    _, found = files.diff(BY_RULE, BY_RULE, [row()], None)
    assert any("newly connected are not known" in note for note in found["notes"])


def test_a_resource_that_is_left_alone_counts_what_is_removed_by_the_profile_of_the_ledger(files):
    removes = {"default": profile(on_opt_out="remove")}
    old = policy(removes, rules=[rule("rest")])
    new = policy(removes, rules=[rule("rest")], exclude=[{"name": "orders"}])
    code, found = files.diff(old, new, [row(owned=3)])
    assert (code, kinds(found), found["removed_objects"]) == (10, ["no longer connected"], 3)
    assert found["changes"][0]["after"]["reason"] == "exclude[0] leaves it out"


def test_what_was_made_stays_where_the_new_policy_keeps_it(files):
    new = policy(
        {"default": profile(on_opt_out="keep")}, rules=[rule("not", "none", name="orders"), rule("rest")]
    )
    _, found = files.diff(
        policy({"default": profile(on_opt_out="remove")}, rules=[rule("rest")]), new, [row()]
    )
    (change,) = found["changes"]
    assert (change["kinds"], change["removed_objects"]) == (["no longer connected"], 0)
    assert "stays" in change["details"][0]


def test_what_was_made_in_a_managed_group_stays_whatever_the_profile_says(files):
    removes = {"default": profile(on_opt_out="remove")}
    old = policy(removes, rules=[rule("rest")], exclude_managed=False)
    lists = (listed(), group(managedBy="/subscriptions/x"))
    code, found = files.diff(old, policy(removes, rules=[rule("rest")]), [row()], lists)
    assert (code, kinds(found), found["removed_objects"]) == (10, ["no longer connected"], 0)


LEFT_OUT = {"rules": [rule("rest")], "exclude": [{"name": "orders"}]}


def test_a_removal_of_what_the_old_policy_kept_is_found_where_neither_connects_it(files):
    keeps = policy({"default": profile(on_opt_out="keep")}, **LEFT_OUT)
    removes = policy({"default": profile(on_opt_out="remove")}, **LEFT_OUT)
    code, found = files.diff(keeps, removes, [row(result="NotAsked", owned=3)])
    assert (code, kinds(found)) == (10, ["not connected, and no longer kept"])
    assert found["removed_objects"] == 3
    assert files.diff(removes, removes, [row(result="NotAsked")])[1]["changes"] == []
    assert files.diff(removes, keeps, [row(result="NotAsked")])[1]["changes"] == []


def test_a_mode_that_writes_again_removes_what_a_plan_kept(files):
    removes = {"default": profile(on_opt_out="remove")}
    plan, apply = policy(removes, mode="plan", **LEFT_OUT), policy(removes, mode="apply", **LEFT_OUT)
    assert files.diff(plan, apply, [row(result="Planned")])[1]["removed_objects"] == 2
    connects = policy(removes, rules=[rule("rest")])
    code, found = files.diff(connects, plan, [row()])
    assert (code, kinds(found), found["removed_objects"]) == (10, ["no longer connected"], 0)


def test_nothing_is_removed_for_a_refused_tag_or_a_subscription_that_left_a_management_group(files):
    removes = {"default": profile(on_opt_out="remove")}
    tagged = (listed(tags={"private-connectivity": "nothing"}), group())
    old = policy(removes, opt_in={"tag": "other", "always": ["Microsoft.Storage/storageAccounts"]})
    new = policy(removes, opt_in={"always": ["Microsoft.Storage/storageAccounts"]})
    _, found = files.diff(old, new, [row()], tagged)
    assert (kinds(found), found["removed_objects"]) == (["no longer connected"], 0)
    entities = {"name": SUB, "parentNameChain": ["root", "corp"]}
    old = policy(removes, subscriptions=[], management_groups=["corp"], rules=[rule("rest")])
    new = policy(removes, subscriptions=[], management_groups=["lab"], rules=[rule("rest")])
    _, found = files.diff(old, new, [row()], (listed(), group(), entities))
    assert (kinds(found), found["removed_objects"]) == (["no longer connected"], 0)


def test_a_sku_that_a_list_does_not_show_is_not_known(files):
    old = policy(rules=[rule("rest", "none")])
    new = policy(rules=[rule("premium", sku="premium"), rule("rest", "none")])
    known = {"id": VAULT, "location": "westeurope", "tags": {}, "sku": None}
    _, found = files.diff(old, new, (), ({**known, "properties": None}, group()))
    assert kinds(found) == ["undecided"]
    _, found = files.diff(old, new, (), ({**known, "properties": {"sku": {"name": "premium"}}}, group()))
    assert kinds(found) == ["newly connected"]
    assert files.diff(old, new, (), ({**known, "properties": {}}, group()))[1]["changes"] == []


def test_another_profile_and_another_mode_are_named(files):
    both = {"app": profile()}
    new = policy(both, rules=[{**rule("app", "app"), "mode": "plan"}])
    code, found = files.diff(BY_RULE, new, [row()])
    (change,) = found["changes"]
    assert (code, change["kinds"]) == (10, ["another profile", "another mode"])
    assert change["details"] == ["profile default → app", "mode apply → plan"]


def test_a_subnet_that_is_taken_out_moves_endpoints_and_one_that_is_added_does_not(files):
    def of(*subnets: str) -> str:
        place = {"subnets": {"westeurope": list(subnets)}}
        return policy({"default": {**profile(), **place}}, rules=[rule("rest")])

    one, two = of(subnet("a")), of(subnet("a"), subnet("b"))
    assert files.diff(one, two, [row()])[0] == 0
    code, found = files.diff(two, one, [row()])
    assert (code, kinds(found)) == (10, ["other subnets"])
    assert "b/endpoints" in found["changes"][0]["details"][0]


def test_a_change_in_another_region_does_not_move_it_and_with_an_unknown_region_it_is_undecided(files):
    def of(north: str) -> str:
        place = {"subnets": {"westeurope": [subnet("a")], "northeurope": [subnet(north)]}}
        return policy({"default": {**profile(), **place}}, rules=[rule("rest")])

    assert files.diff(of("b"), of("c"), [row()])[0] == 0
    unknown = ({"id": ORDERS, "tags": {}, "sku": None}, group())
    code, found = files.diff(of("b"), of("c"), [row()], unknown)
    assert (code, kinds(found)) == (4, ["undecided"])


def test_other_zones_and_other_settings_are_named(files):
    dns = {"mode": "manage", "zones_resource_group": f"{GROUP}/rg-other", "create_zones": False}
    new = policy({"default": {**profile(public_access="disable"), "dns": dns}}, rules=[rule("rest")])
    code, found = files.diff(BY_RULE, new, [row()])
    (change,) = found["changes"]
    assert (code, change["kinds"]) == (10, ["other zones", "other settings of its profile"])
    assert change["details"] == ["dns.zones_resource_group", "public_access, dns.create_zones"]


def test_objects_of_a_resource_that_stays_connected_are_said_to_be_uncounted(files):
    narrower = {**profile(), "groups": {"Microsoft.Storage/storageAccounts": ["blob"]}}
    new = policy({"default": narrower}, rules=[rule("rest")])
    _, found = files.diff(BY_RULE, new, [row(owned=3)])
    assert (kinds(found), found["removed_objects"]) == (["other settings of its profile"], 0)
    (note,) = found["notes"]
    assert "3 of Causeway's objects" in note
    assert "not counted" in note
    for same, owned in ((BY_RULE, 3), (new, 0)):  # nothing changes, or nothing was made
        assert not files.diff(BY_RULE, same, [row(owned=owned)])[1]["notes"]


def test_a_part_that_is_for_all_resources_is_a_change_of_its_own(files):
    new = policy(rules=[rule("rest")], limits={"creations_per_hour": 7})
    code, found = files.diff(BY_RULE, new, [row()])
    assert (code, found["for_all"], found["changes"]) == (10, ["limits"], [])


def test_a_row_alone_is_undecided_where_the_choice_depends_on_more_than_the_ledger_has(files):
    new = policy(
        rules=[rule("blue", tags={"team": "blue"}), rule("rest")], opt_in={"tag_may_choose": ["default"]}
    )
    code, found = files.diff(BY_RULE, new, [row()], None)
    assert (code, kinds(found)) == (4, ["undecided"])
    assert "undecided" in files.ran(BY_RULE, new, [row()]).out


def test_where_the_same_is_chosen_the_ledger_says_by_which_profile(files):
    new = policy({"default": profile(peering="require")}, rules=[rule("rest")])
    code, found = files.diff(BY_RULE, new, [row(), row(VAULT, "", "Declined", 0)], None)
    by_id = {one["resource_id"]: one["kinds"] for one in found["changes"]}
    assert code == 10
    assert by_id == {ORDERS: ["other settings of its profile"], VAULT: ["undecided"]}


def test_watching_more_changes_nothing_for_what_was_watched_though_its_tags_are_not_known(files):
    more = policy(
        rules=[rule("rest")], subscriptions=[ORDERS.split("/")[2], "00000000-0000-0000-0000-000000000002"]
    )
    assert files.diff(BY_RULE, more, [row()], None)[0] == 0
    elsewhere = policy(rules=[rule("rest")], subscriptions=["00000000-0000-0000-0000-000000000002"])
    code, found = files.diff(BY_RULE, elsewhere, [row()])
    assert (code, kinds(found)) == (10, ["no longer connected"])


def test_management_groups_are_known_by_the_list_of_entities(files):
    new = policy(rules=[rule("corp", management_group="corp"), rule("not", "none")])
    entity = {"name": GROUP.split("/")[2], "parentNameChain": ["tenant", "corp"]}
    assert files.diff(BY_RULE, new, [row()])[0] == 4
    assert files.diff(BY_RULE, new, [row()], (listed(), group(), entity))[0] == 0


def test_a_page_that_is_not_the_whole_ledger_is_refused(files):
    page = files.write("page.json", {"value": [row()], "nextLink": "/api/connections?continuation=x"})
    old = files.write("old.yaml", BY_RULE)
    found = run("policy", "diff", old, old, "--ledger", page)
    assert (found.code, found.out) == (1, "")
    assert "one page of a longer list" in found.err


def test_rows_that_name_no_resource_are_counted(files):
    _, found = files.diff(BY_RULE, BY_RULE, [row(), row("nonsense"), {}])
    assert "2 entries of the ledger name no resource" in " ".join(found["notes"])


@pytest.mark.parametrize("content", ["not json", "{}", "3", '"text"', "[" * 100_000])
def test_a_list_that_cannot_be_read_has_exit_code_1(files, content):
    old, bad = files.write("old.yaml", BY_RULE), files.write("bad.json", content)
    assert run("policy", "diff", old, old, "--resources", bad).code == 1


def test_wrong_usage_and_a_bad_policy_have_exit_code_2(files):
    old = files.write("old.yaml", BY_RULE)
    assert run("policy", "diff", old, old).code == 2
    found = files.ran(BY_RULE, "version: 9", [row()])
    assert found.code == 2
    assert "new.yaml" in found.err


def test_long_lists_are_cut_and_all_shows_them(files):
    rows = [row(f"{ORDERS}{number:03}") for number in range(30)]
    lists = [group(), *(listed(one["resource_id"]) for one in rows)]
    new = policy({"default": profile(peering="require")}, rules=[rule("rest")])
    found = files.ran(BY_RULE, new, rows, lists)
    assert "10 more: --all shows them" in found.out
    assert "30 resources compared: 30 other settings of its profile" in found.out
    assert "orders029" in files.ran(BY_RULE, new, rows, lists, "--all").out
