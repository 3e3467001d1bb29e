"""The simulator against recorded Azure traffic, and the comparison itself against small untruths."""

import pytest

from tests.conformance import masks, recordings
from tests.conformance.comparison import Actual, Kept, differences
from tests.conformance.neighbours import Neighbours
from tests.conformance.recordings import Exchange
from tests.conformance.replay import Replay
from tests.conformance.report import run
from tests.conformance.timeline import Timeline

EVERYTHING = Kept(retry_after=True, etag=True)
GUID = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"


def exchange(
    seq=0, time=1.0, method="GET", path="/subscriptions/s", status=200, body=None, headers=None, sent=None
):
    version = {"api-version": "2025-03-01"}
    return Exchange("file", seq, method, path, version, {}, sent, status, headers or {}, body, time)


def compare(recorded, actual, *, headers=None, answered=None, status=200):
    return differences(
        exchange(body=recorded, headers=headers), Actual(status, answered or {}, actual), EVERYTHING
    )


@pytest.fixture(scope="module", params=recordings.FOLDERS)
def where(request):
    found = [one for one in recordings.folders() if one.name == request.param]
    if not found:
        pytest.skip("no recordings here: set CAUSEWAY_SHARED to the folder that holds data/arm")
    return found[0]


async def test_recorded_traffic_agrees_with_the_simulator(where):
    report = await run(where)
    print(report.figures())
    assert report.unexplained == []
    assert report.stale == []
    assert report.share >= report.required


# What a recording takes for granted

GROUP = "/subscriptions/s/resourceGroups/g"


async def test_a_group_begins_with_the_tags_of_its_first_reading():
    body = {"id": GROUP, "name": "g", "type": "Microsoft.Resources/resourceGroups", "location": "westus"}
    body |= {"properties": {"provisioningState": "Succeeded"}}
    before, after = body | {"tags": {"a": "1"}}, body | {"tags": {"b": "2"}}
    read, changed = exchange(0, 1.0, path=GROUP, body=before), exchange(2, 3.0, path=GROUP, body=after)
    write = exchange(1, 2.0, "PATCH", GROUP, body=after, sent={"tags": {"b": "2"}})
    result = await Replay([read, write, changed]).run()
    assert [one.problems for one in result.verdicts] == [[], [], []]


async def test_a_group_whose_head_is_404_does_not_exist_beforehand():
    asked = exchange(0, 1.0, "HEAD", GROUP, status=404)
    result = await Replay([asked]).run()
    assert [one.problems for one in result.verdicts] == [[]]


async def test_a_network_interface_that_existed_beforehand_is_shown_as_it_was_read():
    path = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/n"
    configs = [{"name": "one", "properties": {"subnet": {"id": f"{GROUP}/elsewhere"}}}]
    body = {"id": path, "name": "n", "type": "Microsoft.Network/networkInterfaces", "location": "westus"}
    body |= {"etag": f'W/"{GUID}"', "properties": {"ipConfigurations": configs}}
    result = await Replay([exchange(0, 1.0, path=path, body=body, headers={"etag": f'W/"{GUID}"'})]).run()
    assert [one.problems for one in result.verdicts] == [[]]


async def test_an_interface_that_existed_beforehand_keeps_its_machine_and_its_address():
    network = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v"
    subnet = {"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}
    prefixes = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    config = {"subnet": {"id": f"{network}/subnets/s"}, "privateIPAddress": "10.0.0.9"}
    properties = {"virtualMachine": {"id": f"{GROUP}/machine"}}
    properties |= {"ipConfigurations": [{"name": "one", "properties": config}]}
    path = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/n"
    read = [
        exchange(0, 1.0, path=network, body={"location": "westus", "properties": prefixes}),
        exchange(1, 2.0, path=path, body={"location": "westus", "properties": properties}),
    ]
    (*_, verdict) = (await Replay(read).run()).verdicts
    assert not [one for one in verdict.problems if "virtualMachine" in one or "privateIPAddress:" in one]


# What other people had in the recorder's subscription

VAULTS = "/providers/Microsoft.KeyVault/vaults"


def a_list(*ids, **more):
    return {"value": [{"id": one} for one in ids]} | more


async def test_a_list_of_a_subscription_is_compared_by_what_is_the_recordings_own():
    own, other = f"{GROUP}{VAULTS}/own", f"/subscriptions/s/resourceGroups/other{VAULTS}/theirs"
    listed = exchange(1, path=f"/subscriptions/s{VAULTS}", body=a_list(own, other))
    neighbours = Neighbours([exchange(0, path=own), listed])
    assert neighbours.without(listed).body == a_list(own)
    assert neighbours.without_theirs(listed, Actual(200, {}, a_list(own, other))).body == a_list(own)


async def test_a_list_of_a_group_is_compared_as_a_whole():
    listed = exchange(1, path=f"{GROUP}{VAULTS}", body=a_list("/subscriptions/s/resourceGroups/other"))
    assert Neighbours([listed]).without(listed) is listed


async def test_of_a_page_only_what_both_answers_have_is_compared():
    first, second = f"{GROUP}{VAULTS}/first", f"{GROUP}{VAULTS}/second"
    listed = exchange(1, path=f"/subscriptions/s{VAULTS}", body=a_list(first, nextLink="more"))
    neighbours = Neighbours([exchange(0, path=first), listed])
    assert neighbours.without_theirs(listed, Actual(200, {}, a_list(first, second))).body == a_list(first)


async def test_a_resource_that_is_not_simulated_holds_an_address_of_its_subnet():
    subnet = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/v/subnets/s"
    network = {"location": "westus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}}
    network["properties"]["subnets"] = [{"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}]
    config = {"id": f"{GROUP}/config", "name": "c", "properties": {"subnet": {"id": subnet}}}
    firewall = {"properties": {"ipConfigurations": [config]}}
    put = [
        exchange(0, 1.0, "PUT", subnet.rsplit("/", 2)[0], 201, network, sent=network),
        exchange(1, 9.0, "PUT", f"{GROUP}/providers/Microsoft.Network/azureFirewalls/b", 201, firewall),
    ]
    read = exchange(2, 19.0, path=subnet, body={"properties": {"ipConfigurations": [{"id": config["id"]}]}})
    verdict = (await Replay([*put, read]).run()).verdicts[-1]
    assert not [one for one in verdict.problems if "ipConfigurations" in one]


def test_answers_that_differ_only_in_made_up_values_agree():
    assert compare({"id": f"/subscriptions/A/{GUID}"}, {"id": f"/subscriptions/a/{OTHER}"}) == []


def test_another_status_is_a_difference():
    assert compare({}, {}, status=404) != []


def test_a_missing_member_and_one_too_many_are_differences():
    assert compare({"a": 1}, {}) == [".a missing"]
    assert compare({}, {"a": 1}) == [".a extra"]


def test_another_value_deep_inside_is_a_difference():
    assert compare({"a": [{"b": "x"}]}, {"a": [{"b": "y"}]}) == [".a[0].b: 'y', recorded 'x'"]


def test_a_shorter_list_is_a_difference():
    assert compare({"a": [1, 2]}, {"a": [1]}) == [".a: 1 items, recorded 2"]


def test_null_and_absent_are_the_same_to_a_client():
    assert compare({"tags": None}, {}) == []


def test_a_missing_polling_header_is_a_difference():
    assert compare({}, {}, headers={"location": "x"}) == ["header location missing"]


def test_another_wait_is_a_difference():
    assert compare({}, {}, headers={"retry-after": "10"}, answered={"retry-after": "20"}) != []


def test_a_member_newer_than_the_recording_is_forgiven_only_there():
    newer = {"ipVersionType": "IPv4"}
    assert compare({}, newer) != []
    old = Exchange("f", 0, "GET", "/", {"api-version": "2022-01-01"}, {}, None, 200, {}, {}, 0.0)
    assert differences(old, Actual(200, {}, newer), EVERYTHING) == []


def test_every_mask_hides_what_it_is_for():
    assert masks.masked(f"can be retried in 14 seconds {GUID}") == masks.masked(
        f"can be retried in 11 seconds {OTHER}"
    )
    assert masks.masked("10.0.0.4") != masks.masked("10.0.0.5")


def test_an_operation_lasts_until_the_first_poll_that_saw_its_end():
    url = "https://management.azure.com/subscriptions/s/providers/N/locations/l/operations/1"
    begun = exchange(0, 1.0, "PUT", "/subscriptions/s/x", 201, headers={"azure-asyncoperation": url})
    poll = url.removeprefix("https://management.azure.com")
    running = exchange(1, 5.0, path=poll, body={"status": "InProgress"})
    over = exchange(2, 9.0, path=poll, body={"status": "Succeeded"})
    assert 4.0 < Timeline([begun, running, over]).seconds(begun) < 8.0


async def test_a_user_that_no_exchange_addresses_is_not_compared():
    address = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/a"
    nat = f"{GROUP}/providers/Microsoft.Network/natGateways/n"
    read = exchange(0, path=address, body={"properties": {"natGateway": {"id": nat}}})
    made = exchange(1, path=nat)
    shown = Actual(200, {}, {"properties": {}})
    assert Neighbours([read]).without_users(read, shown).body == {"properties": {}}
    assert Neighbours([read, made]).without_users(read, shown).body == read.body
