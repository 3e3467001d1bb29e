"""host.json, local settings and route templates: read or refused, without a running host."""

import json

import pytest

from sandbox.host.app_settings import add_local, connection_string, resolve
from sandbox.host.functions import AppLoadError
from sandbox.host.options import HostOptions, OptionsError, QueueOptions
from sandbox.host.routes import Route


def host_json(queues=None, **more):
    return {"version": "2.0", "extensions": {"queues": queues or {}}, **more}


def test_what_host_json_leaves_out_is_as_in_azure():
    options = HostOptions.parse({"version": "2.0"})
    assert options == HostOptions("api", None, QueueOptions(16, 8, 5, 0.0, 0.1, 60.0, True, 600.0))


def test_the_threshold_is_half_the_batch_by_default():
    assert HostOptions.parse(host_json({"batchSize": 4})).queues.new_batch_threshold == 2


def test_every_setting_of_queues_is_read():
    said = {
        "batchSize": 2,
        "newBatchThreshold": 0,
        "maxDequeueCount": 7,
        "visibilityTimeout": "00:00:30",
        "maxPollingInterval": "1.00:00:00.5",
        "messageEncoding": "none",
    }
    assert HostOptions.parse(host_json(said, functionTimeout="00:10:00")) == HostOptions(
        "api", 600.0, QueueOptions(2, 0, 7, 30.0, 0.1, 86400.5, False, 600.0)
    )


def test_minus_one_is_no_time_limit():
    assert HostOptions.parse(host_json(functionTimeout="-1")).function_timeout is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        host_json({"batchSize": 33}),
        host_json({"batchSize": "16"}),
        host_json({"maxDequeueCount": 0}),
        host_json({"messageEncoding": "hex"}),
        host_json({"visibilityTimeout": "30"}),
        host_json(functionTimeout="soon"),
    ],
)
def test_a_host_json_that_azure_would_refuse_is_refused(body):
    with pytest.raises(OptionsError):
        HostOptions.parse(body)


def test_speed_shortens_the_waits_but_not_below_what_a_machine_can_keep():
    options = QueueOptions(visibility_timeout=30.0, max_polling_interval=2.0)
    assert options.at(1) is options
    fast = options.at(60)
    assert (fast.visibility_timeout, fast.hold) == (0.5, 10.0)
    assert (fast.min_polling_interval, fast.max_polling_interval) == (0.05, 0.2)
    slow = options.at(2)
    assert (slow.visibility_timeout, slow.hold, slow.max_polling_interval) == (15.0, 300.0, 1.0)


def test_local_settings_do_not_override_the_environment(tmp_path):
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": {"A": "file", "B": 7}}))
    environment = {"A": "set"}
    add_local(tmp_path, environment)
    assert environment == {"A": "set", "B": "7"}


def test_settings_are_put_in_where_bindings_name_them():
    assert resolve("%A%-and-%B%", {"A": "x", "B": "y"}) == "x-and-y"
    with pytest.raises(AppLoadError, match="B is missing"):
        resolve("%B%", {})


@pytest.mark.parametrize("name", ["Own", "AzureWebJobsOwn"])
def test_a_connection_is_found_by_its_name_with_or_without_the_prefix(name):
    assert connection_string("Own", {name: "text"}) == "text"


@pytest.mark.parametrize("environment", [{}, {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}])
def test_a_connection_without_a_setting_is_refused(environment):
    with pytest.raises(AppLoadError, match="AzureWebJobsStorage"):
        connection_string(None, environment)


def test_a_default_fills_in_for_a_missing_parameter():
    route = Route.parse("api/{kind=blob}")
    assert (route.match("/api"), route.match("/api/file")) == ({"kind": "blob"}, {"kind": "file"})


def test_more_specific_templates_are_tried_earlier():
    templates = ["api/{*rest}", "api/{name}", "api/{id:int}", "api/list"]
    ranked = sorted(map(Route.parse, templates), key=lambda one: one.rank)
    assert [one.template for one in ranked] == templates[::-1]


@pytest.mark.parametrize("template", ["a{b}c", "{id:datetime}", "{id:length(3)}"])
def test_a_template_that_is_not_understood_is_refused(template):
    with pytest.raises(AppLoadError, match="not supported"):
        Route.parse(template)
