"""Control API, clock, durations, identity, scenarios."""

import asyncio
import base64
import json

import pytest

from sandbox.azure import scenario
from sandbox.azure.events.event_grid import Subscription
from sandbox.azure.kernel import durations
from sandbox.azure.kernel.clock import RealClock
from sandbox.azure.kernel.durations import QUANTILES, Durations, quantile
from tests.sandbox.cloud import GROUP, SUB, Cloud, network_body, vnet


async def test_state_shows_everything_that_exists(cloud):
    await cloud.make(vnet(), network_body())
    state = (await cloud.get("/_sandbox/state")).body
    assert {one["id"] for one in state["resources"]} == {GROUP, vnet()}
    assert state["running"] == 0


async def test_reset_deletes_all_but_the_scenario(cloud):
    cloud.simulator.apply({"resources": [{"id": GROUP, "location": "westeurope"}]})
    await cloud.make(vnet(), network_body())
    await cloud.post("/_sandbox/faults", {"delay": 1})
    await cloud.post("/_sandbox/reset", {"seed": 7})
    state = (await cloud.get("/_sandbox/state")).body
    assert [one["id"] for one in state["resources"]] == [GROUP]
    assert state["seed"] == 7
    assert (await cloud.get("/_sandbox/requests")).body["total"] == 0
    assert (await cloud.get("/_sandbox/faults")).body["rules"] == []


async def test_advancing_the_clock_ends_what_was_running(cloud):
    await cloud.put(vnet(), network_body())
    await cloud.post("/_sandbox/clock", {"advance": 400})
    assert (await cloud.get("/_sandbox/clock")).body["now"] == 400
    (operation,) = (one for one in cloud.world.operations if one.resource.text == vnet())
    assert operation.status == "Succeeded"
    assert operation.ended == operation.due < 400


async def test_what_follows_from_something_due_is_timed_from_when_it_was_due(cloud):
    seen = []
    cloud.world.at(10, lambda: cloud.world.at(5, lambda: seen.append(cloud.world.now)))
    await cloud.post("/_sandbox/clock", {"advance": 400})
    assert seen == [15]


async def test_an_unknown_control_path_is_404_and_the_root_lists_them(cloud):
    assert (await cloud.get("/_sandbox/nonsense")).status == 404
    assert "POST /_sandbox/reset" in (await cloud.get("/_sandbox")).body["paths"]


@pytest.mark.parametrize("path", ["clock", "events", "role", "policies"])
async def test_a_control_request_without_its_body_is_400(cloud, path):
    assert (await cloud.post(f"/_sandbox/{path}", None)).status == 400


async def test_waiting_takes_no_time_on_the_virtual_loop():
    loop = asyncio.get_running_loop()
    before = loop.time()
    await asyncio.sleep(100_000)
    assert loop.time() - before == pytest.approx(100_000)


async def test_waits_interleave_in_the_order_of_simulated_time():
    order = []

    async def one(name, seconds):
        await asyncio.sleep(seconds)
        order.append(name)

    await asyncio.gather(one("late", 30), one("soon", 1), one("middle", 10))
    assert order == ["soon", "middle", "late"]


async def test_a_fast_clock_shows_more_seconds_than_pass():
    clock = RealClock(speed=60)
    clock.now()
    await asyncio.sleep(2)
    assert clock.now() == pytest.approx(120)
    await clock.sleep(60)
    assert clock.now() == pytest.approx(180)


def test_a_clock_with_speed_zero_is_refused():
    with pytest.raises(ValueError, match="speed"):
        RealClock(speed=0)


@pytest.mark.parametrize(("u", "seconds"), [(0.0, 11), (0.1, 11), (0.5, 31), (0.9, 64), (1.0, 582)])
def test_durations_pass_through_the_recorded_quantiles(u, seconds):
    assert quantile(QUANTILES["privateEndpoints/write"], u) == pytest.approx(seconds)


def test_between_quantiles_durations_are_log_linear():
    middle = quantile(QUANTILES["privateEndpoints/write"], 0.7)
    assert middle == pytest.approx((31 * 64) ** 0.5)


@pytest.mark.parametrize("kind", sorted(QUANTILES))
def test_every_kind_has_rising_quantiles_and_draws_within_them(kind):
    low, median, high, top = QUANTILES[kind]
    assert 0 < low <= median <= high <= top
    drawn = Durations(1)
    assert all(low <= drawn.draw(kind, "x") <= top + 1e-9 for _ in range(200))


def test_a_draw_depends_on_seed_resource_and_count_but_not_on_others():
    alone, among = Durations(1), Durations(1)
    among.draw("subnets/write", "other")
    assert alone.draw("subnets/write", "a") == among.draw("subnets/write", "a")
    assert alone.draw("subnets/write", "a") != Durations(1).draw("subnets/write", "a")
    assert durations.QUANTILES["virtualNetworks/write"][1] == 3


async def test_the_identity_endpoint_speaks_the_app_service_protocol(cloud):
    secret = {"X-IDENTITY-HEADER".lower(): cloud.simulator.identity_headers["app"]}
    query = {"resource": "https://management.azure.com/"}
    response = await cloud.get("/msi/token", headers=secret, query=query, version="2019-08-01", as_=None)
    assert set(response.body) >= {"access_token", "expires_on", "resource", "token_type", "client_id"}
    claims = json.loads(base64.urlsafe_b64decode(response.body["access_token"].split(".")[1] + "=="))
    assert claims["tid"] == "11111111-1111-1111-1111-111111111111"
    as_app = await cloud.put(vnet(), network_body(), as_=f"Bearer {response.body['access_token']}")
    assert as_app.status == 403


async def test_the_identity_endpoint_wants_its_header_and_version(cloud):
    query = {"resource": "x"}
    assert (await cloud.get("/msi/token", query=query, version="2019-08-01")).status == 401
    secret = {"x-identity-header": cloud.simulator.identity_headers["app"]}
    assert (await cloud.get("/msi/token", headers=secret, query=query, version="2017-09-01")).status == 400


def test_azure_accepts_the_default_scenario():
    cloud = Cloud()
    cloud.simulator.apply(scenario.load(scenario.DEFAULT))
    world = cloud.world
    networks = world.store.of_type("Microsoft.Network/virtualNetworks")
    assert sorted(one.name for one in networks) == ["hub-ne", "hub-we", "spoke-a", "spoke-b"]
    assert all(one.state == "Succeeded" for one in networks)
    assert world.operations == []
    assert world.now < 1


async def test_a_scenario_makes_no_events(cloud):
    received = []

    async def take(payload):
        received.append(payload)
        return 200

    cloud.simulator.events.subscribe(Subscription("x", take))
    cloud.simulator.apply(scenario.load(scenario.DEFAULT))
    await cloud.wait(100)
    assert received == []


def test_a_scenario_that_azure_would_refuse_names_the_resource():
    cloud = Cloud()
    with pytest.raises(scenario.ScenarioError, match=r"hub.*ResourceGroupNotFound"):
        cloud.simulator.apply({"resources": [{"id": vnet()} | network_body()]})


def test_a_file_that_is_no_scenario_is_refused(tmp_path):
    path = tmp_path / "odd.yaml"
    path.write_text("- 1\n")
    with pytest.raises(scenario.ScenarioError, match="mapping"):
        scenario.load(path)


async def test_resolve_needs_its_parameters(cloud):
    assert (await cloud.get("/_sandbox/resolve", query={"name": "x"})).status == 400
    assert (await cloud.get(SUB)).status == 200
