"""One name everywhere: infra/, host.json, function_app.py, the sample settings, the documents."""

import ast
import json
import re
from typing import Any

import pytest

from shared import settings, storage_account
from shared.adapters.queue import TIME_TO_LIVE
from tests.infra.check import INFRA, REPOSITORY
from tests.infra.syntax import Source, key, nodes, properties, read_folder, string, text

SOURCES = {source.name: source for source in read_folder(INFRA)}
STORAGE, APP = SOURCES["modules/storage.bicep"], SOURCES["modules/app.bicep"]
EVENTS = SOURCES["modules/event-subscriptions.bicep"]
HOST = json.loads((REPOSITORY / "host.json").read_text("utf-8"))
SAMPLE = json.loads((REPOSITORY / "local.settings.sample.json").read_text("utf-8"))["Values"]
WIRING = (REPOSITORY / "shared" / "wiring.py").read_text("utf-8")
OPERATIONS = (REPOSITORY / "docs" / "operations.md").read_text("utf-8")
DEPLOY = (REPOSITORY / "docs" / "deploy.md").read_text("utf-8")
README = (REPOSITORY / "README.md").read_text("utf-8")

# Microsoft Learn, "Flex Consumption plan deprecations": functionAppConfig says it instead.
NOT_ON_FLEX = {
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_RUN_FROM_PACKAGE",
}
LOCAL_ONLY = {"FUNCTIONS_WORKER_RUNTIME"}  # the local host needs it
OF_THE_HOST = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AzureWebJobsStorage__credential",
    "PYTHON_ENABLE_OPENTELEMETRY",
}
OF_THE_STORAGE = {
    one
    for one in vars(storage_account).values()
    if isinstance(one, str) and re.fullmatch(r"AzureWebJobsStorage(__\w+)?", one)
}
OF_THE_APP = {settings.CLIENT, *settings.OWN, *OF_THE_STORAGE}
# Not set in Azure: the string, because shared keys are off; the id, because the host fails with it.
BY_OTHER_MEANS = {storage_account.STORAGE, storage_account.RESOURCE, settings.ARM}


TREE = ast.parse((REPOSITORY / "function_app.py").read_text("utf-8"))


def triggers(kind: str) -> dict[str, dict[str, Any]]:
    """The functions with a decorator of this kind, each with its literal arguments."""
    functions = [node for node in TREE.body if isinstance(node, ast.AsyncFunctionDef)]
    found = [
        (one.name, mark) for one in functions for mark in one.decorator_list if isinstance(mark, ast.Call)
    ]
    return {name: _literals(mark) for name, mark in found if ast.unparse(mark.func) == f"app.{kind}"}


def _literals(mark: ast.Call) -> dict[str, Any]:
    given = [(one.arg or "", one.value) for one in mark.keywords]
    return {name: value.value for name, value in given if isinstance(value, ast.Constant)}


QUEUES = {one["queue_name"]: name for name, one in triggers("queue_trigger").items()}


def listed(source: Source, name: str) -> set[str]:
    """The words of a variable."""
    value = source.of("var")[name].value
    assert value is not None, f"{source.name} has no {name}"
    return {found for node in nodes(value) if (found := string(node)) is not None}


def variable(source: Source, name: str) -> str:
    value = source.of("var")[name].value
    return (string(value) or text(value)) if value else ""


def at(source: Source, symbol: str, path: str) -> str:
    """The literal at a path of a resource."""
    [one] = [one for one in source.resources if one.symbol == symbol]
    found = one.property(path)
    return (string(found) or text(found)) if found else ""


def app_settings() -> set[str]:
    """Every setting that app.bicep can set."""
    keys = (key(node) for node in nodes(APP.root) if node.type == "object_property")
    return {one for one in keys if one and (one.isupper() or one.startswith("AzureWebJobs"))}


def seconds(span: str) -> int:
    """Of a span as host.json writes it."""
    hours, minutes, rest = span.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(rest)


# Queues and tables


def test_every_queue_with_a_trigger_is_made_and_no_other() -> None:
    assert listed(STORAGE, "queues") == set(QUEUES)


def test_every_queue_has_its_poison_queue() -> None:
    work = {name for name in QUEUES if not name.endswith("-poison")}
    assert {f"{name}-poison" for name in work} == set(QUEUES) - work


def test_events_are_delivered_to_a_queue_with_a_trigger_and_live_as_long_as_work_items() -> None:
    where = "properties.deliveryWithResourceIdentity.destination.properties"
    assert at(EVENTS, "events", f"{where}.queueName") in QUEUES
    assert at(EVENTS, "events", f"{where}.queueMessageTimeToLiveInSeconds") == "messageSeconds"
    default = EVENTS.of("param")["messageSeconds"].value
    assert default is not None
    assert int(text(default)) == TIME_TO_LIVE.total_seconds()


def test_the_app_sends_to_a_queue_that_is_made() -> None:
    sent = set(re.findall(r'open_queue\([^)]*"([\w-]+)"', WIRING))
    assert sent
    assert sent <= listed(STORAGE, "queues")


def test_the_tables_that_are_made_are_those_of_the_app() -> None:
    assert listed(STORAGE, "tables") == set(re.findall(r'AzureTable\(tables, "(\w+)"', WIRING))


def test_dead_letters_go_to_the_container_that_is_made() -> None:
    where = "properties.deadLetterWithResourceIdentity.deadLetterDestination.properties.blobContainerName"
    assert at(EVENTS, "events", where) == variable(STORAGE, "deadLetterContainer")


# Settings


def test_every_setting_that_is_deployed_is_one_that_the_app_or_the_host_reads() -> None:
    assert app_settings() - OF_THE_HOST - OF_THE_APP == set()
    assert app_settings() >= OF_THE_HOST


def test_no_setting_is_deployed_that_flex_consumption_does_not_take() -> None:
    assert app_settings() & NOT_ON_FLEX == set()
    assert "linuxFxVersion" not in text(APP.root)


def test_every_setting_of_the_app_is_deployed_but_those_that_follow_from_others() -> None:
    assert OF_THE_APP - app_settings() == BY_OTHER_MEANS


def test_the_sample_has_the_settings_of_the_app_and_what_the_local_host_needs() -> None:
    assert set(SAMPLE) - OF_THE_APP == LOCAL_ONLY
    assert {name for name in OF_THE_APP if name.startswith("CAUSEWAY_")} <= set(SAMPLE)


def test_every_setting_is_documented() -> None:
    every = (OF_THE_APP | set(SAMPLE)) - LOCAL_ONLY - {storage_account.RESOURCE}
    assert [name for name in sorted(every) if f"`{name}`" not in OPERATIONS] == []


@pytest.mark.parametrize(
    ("name", "parameter"),
    [(settings.SWEEP, "sweepSchedule"), (settings.RATE, "requestRate"), (settings.MODE, "mode")],
)
def test_the_default_of_a_parameter_is_the_value_of_the_sample(name: str, parameter: str) -> None:
    default = SOURCES["main.bicep"].of("param")[parameter].value
    assert default is not None
    assert string(default) == SAMPLE[name]


def test_the_policy_that_the_settings_name_is_in_the_repository() -> None:
    assert (REPOSITORY / SAMPLE[settings.POLICY]).is_file()


def test_a_pass_ends_before_the_host_ends_its_function() -> None:
    budgets = set(re.findall(rf"{settings.BUDGET}: '(\d+)'", text(APP.root)))
    assert budgets == {SAMPLE[settings.BUDGET]}
    assert int(*budgets) < seconds(HOST["functionTimeout"])


def test_the_schedule_of_the_timer_is_a_setting_that_is_deployed() -> None:
    [sweep] = triggers("timer_trigger").values()
    assert sweep["schedule"].strip("%") in app_settings()


# Scale groups, routes, host.json


def test_the_instances_that_are_always_ready_are_those_of_the_work_queue() -> None:
    """On Flex Consumption http, durable and blob are groups; every other function is one by itself."""
    value = APP.of("var")["warm"].value
    assert value is not None
    [group] = [string(properties(one)["name"]) for one in nodes(value) if one.type == "object"]
    assert group == f"function:{QUEUES['work']}"


def test_the_address_of_the_health_is_a_route_of_the_app() -> None:
    routes = {f"/api/{one['route']}" for one in triggers("route").values()}
    deployed = set(re.findall(r"/api/[\w/]+", text(SOURCES["main.bicep"].root)))
    assert deployed
    assert deployed <= routes
    assert [route for route in routes if route.partition("{")[0] not in README] == []


def test_the_documents_name_no_queue_that_the_app_does_not_have() -> None:
    named = {found for one in (README, OPERATIONS, DEPLOY) for found in re.findall(r"queue `([\w-]+)`", one)}
    assert named
    assert named <= set(QUEUES)


@pytest.mark.parametrize("option", HOST["extensions"]["queues"])
def test_the_options_of_the_queues_are_documented(option: str) -> None:
    assert f"`{option}`" in OPERATIONS or f"extensions.queues.{option}" in OPERATIONS
