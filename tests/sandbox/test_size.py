"""The cost of a request does not grow with the number of resources; counted in calls, not in seconds."""

import json
import sys
from collections.abc import Callable

import pytest
import yaml

from sandbox.azure import scenario
from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.model import Request, Resource
from sandbox.azure.kernel.rows import SLACK, Rows
from sandbox.azure.kernel.store import Store
from sandbox.azure.providers.network import addresses
from sandbox.azure.reachability import reach
from sandbox.azure.simulator import Simulator
from sandbox.sized import scenario as sized

SMALL, LARGE = 300, 3000
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-team-0"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
ZONE = f"{SUBSCRIPTION}/resourceGroups/rg-dns/providers/Microsoft.Network/privateDnsZones/records.example"
STORAGE = "Microsoft.Storage/storageAccounts"
SUBNET = ArmId.parse(f"{NETWORK}/virtualNetworks/net/subnets/endpoints")


def calls(action: Callable[[], object]) -> int:
    """How many functions the action calls, those of C and each step of a generator included."""
    count = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return count


def loaded(size: int) -> Simulator:
    simulator = Simulator()
    simulator.apply(sized(size))
    return simulator


@pytest.fixture(scope="module")
def azures() -> dict[int, Simulator]:
    return {size: loaded(size) for size in (SMALL, LARGE)}


def answer(azure: Simulator, path: str, **query: str) -> dict:
    request = Request("GET", path, {"api-version": "2024-01-01"} | query)
    return azure.gateway.answer(request, "user").response.body


def whole(azure: Simulator, path: str, **query: str) -> list[str]:
    """Ids on all pages of a list."""
    found, token = [], {}
    while True:
        body = answer(azure, path, **query, **token)
        found += [one["id"] for one in body["value"]]
        if "nextLink" not in body:
            return found
        token = {"$skiptoken": body["nextLink"].rsplit("%24skiptoken=", 1)[1]}


def test_loading_costs_each_resource_the_same():
    sizes = (SMALL, 4 * SMALL)
    spent = {size: calls(lambda size=size: loaded(size)) / size for size in sizes}
    assert spent[sizes[1]] < 1.1 * spent[sizes[0]]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (f"{SUBSCRIPTION}/resources", {}),
        (f"{SUBSCRIPTION}/resources", {"$skiptoken": "200", "$top": "20"}),
        (f"{SUBSCRIPTION}/resources", {"$filter": f"resourceType eq '{STORAGE}'", "$top": "20"}),
        (f"{SUBSCRIPTION}/providers/{STORAGE}", {"$top": "20"}),
        (f"{GROUP}/resources", {"$top": "50"}),
        (f"{GROUP}/providers/{STORAGE}", {"$top": "10"}),
        (f"{ZONE}/A", {"$top": "10"}),
        (f"{ZONE}/ALL", {"$top": "10"}),
        (ZONE, {}),
        (f"{NETWORK}/networkSecurityGroups/nsg", {}),
        (f"{NETWORK}/virtualNetworks/team", {}),
        (f"{SUBSCRIPTION}/providers/Microsoft.Network/locations/westeurope/usages", {}),
    ],
)
def test_a_request_costs_the_same_among_ten_times_as_many_resources(azures, path, query):
    spent = {size: calls(lambda size=size: answer(azures[size], path, **query)) for size in azures}
    assert spent[LARGE] < 1.1 * spent[SMALL]


def test_a_generated_scenario_has_the_asked_size_and_each_kind_of_resource(azures):
    assert len(sized(SMALL)["resources"]) == SMALL
    stored = {one.type for one in azures[SMALL].world.store}
    assert {STORAGE, "Microsoft.KeyVault/vaults", "Microsoft.Sql/servers"} < stored
    assert {f"Microsoft.Network/{one}" for one in ("networkInterfaces", "networkSecurityGroups")} < stored
    records = azures[SMALL].world.store.of_type("Microsoft.Network/privateDnsZones/A")
    assert len(records) > len(answer(azures[SMALL], f"{ZONE}/A")["value"])  # those of zone groups too


def test_pages_hold_every_resource_once_in_the_order_of_creation(azures):
    azure = azures[SMALL]
    found = whole(azure, f"{SUBSCRIPTION}/resources")
    tracked = [one.id.text for one in azure.world.store if azure.registry[one.type].tracked]
    assert found == [one for one in tracked if one.startswith(SUBSCRIPTION)]
    types = ("Microsoft.Sql/servers", STORAGE)
    either = " or ".join(f"resourceType eq '{one}'" for one in types)
    filtered = whole(azure, f"{SUBSCRIPTION}/resources", **{"$filter": either})
    assert filtered == [one for one in found if any(f"/{kind}/" in one for kind in types)]
    neither = whole(azure, f"{SUBSCRIPTION}/resources", **{"$filter": f"resourceType ne '{STORAGE}'"})
    assert neither == [one for one in found if f"/{STORAGE}/" not in one]


def test_a_deletion_between_two_pages_neither_repeats_nor_omits_another_resource():
    azure = loaded(SMALL)
    whole_list = whole(azure, f"{SUBSCRIPTION}/resources")
    first = answer(azure, f"{SUBSCRIPTION}/resources")
    azure.world.remove(ArmId.parse(first["value"][0]["id"]))
    token = first["nextLink"].rsplit("%24skiptoken=", 1)[1]
    second = answer(azure, f"{SUBSCRIPTION}/resources", **{"$skiptoken": token})
    assert [one["id"] for one in second["value"]] == whole_list[100:200]


def test_a_store_forgets_what_is_discarded_in_every_index():
    store = Store()
    account, other = (
        Resource(ArmId.parse(f"{GROUP}/providers/{STORAGE}/{name}"), {"location": "westeurope"})
        for name in ("one", "two")
    )
    for one in (account, other):
        store.add(one)
        store.refer(one.id, "friend", ["X", "y"])
    store.discard(account.id)
    scope = ArmId.parse(GROUP)
    assert list(store) == store.below(scope) == store.of_type(STORAGE.upper(), scope) == [other]
    assert store.referring("friend", "x") == store.referring("friend", "Y") == [other]
    assert store.named(STORAGE, "ONE") == []
    assert store.count(STORAGE, scope, "westeurope") == 1
    store.refer(other.id, "friend", ["y"])
    assert (store.referring("friend", "x"), store.referring("friend", "y")) == ([], [other])


def test_rows_stay_in_order_when_most_are_removed():
    rows, resource = Rows(), Resource(SUBNET, {})
    for number in range(1, 4 * SLACK):
        rows.add(number, resource)
    for number in range(1, 4 * SLACK - 3):
        rows.discard(number)
    rows.add(4 * SLACK, resource)
    kept = [4 * SLACK - 3, 4 * SLACK - 2, 4 * SLACK - 1, 4 * SLACK]
    assert [number for number, _ in rows.after(0)] == kept
    assert [number for number, _ in rows.after(kept[1])] == kept[2:]


def a_subnet(*prefixes: str) -> Resource:
    return Resource(SUBNET, {"properties": {"addressPrefixes": list(prefixes)}})


def test_an_address_costs_the_same_in_a_full_subnet_and_in_an_empty_one():
    subnet = a_subnet("10.0.0.0/16")
    spent = [calls(lambda: addresses.take(subnet, "holder")) for _ in range(3000)]
    assert spent[-1] < 1.1 * spent[1]


def test_the_lowest_free_address_is_assigned_whatever_was_taken_and_released_before():
    subnet = a_subnet("10.0.0.0/29", "10.0.1.0/29")
    assert addresses.take(subnet, "static", "10.0.0.5") == "10.0.0.5"
    assert [addresses.take(subnet, "any") for _ in range(3)] == ["10.0.0.4", "10.0.0.6", "10.0.1.4"]
    for one in ("10.0.0.6", "10.0.0.5", "10.0.1.6"):
        addresses.release(subnet, one)
    assert addresses.take(subnet, "static", "10.0.0.5") == "10.0.0.5"
    assert [addresses.take(subnet, "any") for _ in range(3)] == ["10.0.0.6", "10.0.1.5", "10.0.1.6"]
    assert addresses.free(subnet) == 0


def test_a_subnet_with_other_prefixes_begins_at_their_first_free_address():
    subnet = a_subnet("10.0.0.0/29")
    addresses.take(subnet, "any")
    subnet.properties["addressPrefixes"] = ["10.0.5.0/29", "10.0.0.0/29"]
    assert [addresses.take(subnet, "any") for _ in range(4)][-1] == "10.0.0.5"


def test_a_scenario_is_the_same_in_yaml_and_in_json(tmp_path):
    content = sized(20)
    (tmp_path / "one.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "one.json").write_text(json.dumps(content))
    assert scenario.load(tmp_path / "one.yaml") == scenario.load(tmp_path / "one.json") == content


def test_a_file_that_is_no_scenario_is_named(tmp_path):
    for name in ("bad.yaml", "bad.json"):
        (tmp_path / name).write_text("[1]")
        with pytest.raises(scenario.ScenarioError, match=name):
            scenario.load(tmp_path / name)


def test_a_path_and_a_name_cost_the_same_among_ten_times_as_many_endpoints(azures):
    subnet = ArmId.parse(f"{NETWORK}/virtualNetworks/team/subnets/clients-0")
    name = "sta00000000.blob.core.windows.net"
    for ask in (lambda world: reach.resolve(world, subnet.parent, name), among(subnet, name), at(subnet)):
        spent = {size: calls(lambda ask=ask, azure=azure: ask(azure.world)) for size, azure in azures.items()}
        assert spent[LARGE] < 1.1 * spent[SMALL]


def among(subnet, name):
    """Asks for the path to a name, which has an endpoint but no linked zone."""

    def ask(world):
        found = reach.reach(world, subnet, name, 443)
        assert (found.hop, found.public) == ("resolve", True)

    return ask


def at(subnet):
    """Asks for the path to an address, which an endpoint has in a network without peerings."""

    def ask(world):
        assert reach.reach(world, subnet, "10.0.0.4", 443).hop == "peering"

    return ask
