"""Template deployments: what they create, in which order, and how they are refused and fail."""

from dataclasses import replace

import pytest

from sandbox.azure.kernel.model import ArmError
from tests.sandbox.cloud import APP, GROUP, SUB, code, vnet

NETWORK = "Microsoft.Network/virtualNetworks"
DEPLOYMENTS = f"{GROUP}/providers/Microsoft.Resources/deployments"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def template(*resources, **more) -> dict:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources)} | more


def network(name="hub", **more) -> dict:
    return {
        "type": "Microsoft.Network/virtualNetworks",
        "apiVersion": "2024-05-01",
        "name": name,
        "location": "[resourceGroup().location]",
        "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
    } | more


def account(name="mine", **more) -> dict:
    return {
        "type": "Microsoft.Storage/storageAccounts",
        "apiVersion": "2023-05-01",
        "name": name,
        "location": "westeurope",
        "kind": "StorageV2",
        "sku": {"name": "Standard_LRS"},
    } | more


def body(what, mode="Incremental", **values) -> dict:
    given = {name: {"value": value} for name, value in values.items()}
    return {"properties": {"mode": mode, "template": what, "parameters": given}}


async def deploy(cloud, what, name="one", at=DEPLOYMENTS, as_=None, **values) -> dict:
    """Deploy and wait for the end; the deployment."""
    more = {"as_": as_} if as_ else {}
    answer = await cloud.put(f"{at}/{name}", body(what, **values) | {"location": "westeurope"}, **more)
    assert answer.status in (200, 201), answer.body
    while (last := await cloud.poll(answer)).body["status"] == "Running":
        await cloud.wait(5)
    assert last.body["status"] in ("Succeeded", "Failed", "Canceled")
    return (await cloud.get(f"{at}/{name}")).body


async def outputs(cloud, what, **values) -> dict:
    made = await deploy(cloud, what, **values)
    assert made["properties"]["provisioningState"] == "Succeeded", made["properties"]
    return {name: one.get("value") for name, one in made["properties"]["outputs"].items()}


# Resources


async def test_a_template_creates_its_resources_and_says_which(cloud):
    made = await deploy(cloud, template(network(), account()))
    assert made["properties"]["provisioningState"] == "Succeeded"
    ids = [one["id"] for one in made["properties"]["outputResources"]]
    assert ids == [vnet(), f"{GROUP}/providers/Microsoft.Storage/storageAccounts/mine"]
    assert [(await cloud.get(one)).status for one in ids] == [200, 200]


async def test_a_resource_waits_for_what_it_depends_on(cloud):
    subnet = {
        "type": "Microsoft.Network/virtualNetworks/subnets",
        "apiVersion": "2024-05-01",
        "name": "hub/one",
        "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks', 'hub')]"],
        "properties": {"addressPrefix": "[cidrSubnet('10.0.0.0/16', 24, 2)]"},
    }
    made = await deploy(cloud, template(subnet, network()))
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert made["properties"]["dependencies"][0]["dependsOn"][0]["id"] == vnet()
    shown = (await cloud.get(f"{vnet()}/subnets/one")).body
    assert shown["properties"]["addressPrefix"] == "10.0.2.0/24"
    operations = (await cloud.get(f"{DEPLOYMENTS}/one/operations")).body["value"]
    by_type = {one["properties"]["targetResource"]["resourceType"]: one["properties"] for one in operations}
    first, then = by_type["Microsoft.Network/virtualNetworks"], by_type[subnet["type"]]
    assert first["timestamp"] <= then["timestamp"]
    assert (first["provisioningState"], first["statusCode"]) == ("Succeeded", "Created")


async def test_a_deployment_runs_until_its_slowest_resource_is_done(cloud):
    answer = await cloud.put(f"{DEPLOYMENTS}/one", body(template(account())))
    assert (answer.status, answer.body["properties"]["provisioningState"]) == (201, "Accepted")
    assert (await cloud.get(f"{DEPLOYMENTS}/one")).body["properties"]["provisioningState"] == "Running"
    kind = {"resourceType": "storageAccounts", "locations": ["westeurope"]}
    assert answer.body["properties"]["providers"][0]["resourceTypes"] == [kind]
    assert code(await cloud.put(f"{DEPLOYMENTS}/one", body(template()))) == "DeploymentActive"
    assert code(await cloud.delete(f"{DEPLOYMENTS}/one")) == "DeploymentActive"
    await cloud.wait(100)
    assert (await cloud.get(f"{DEPLOYMENTS}/one")).body["properties"]["provisioningState"] == "Succeeded"
    assert (await cloud.put(f"{DEPLOYMENTS}/one", body(template()))).status == 200


async def test_a_condition_a_loop_and_a_child_are_followed(cloud):
    child = {"type": "subnets", "apiVersion": "2024-05-01", "name": "in",
             "properties": {"addressPrefix": "10.0.9.0/24"}}  # fmt: skip
    what = template(
        network("[concat('net', copyIndex(1))]", copy={"name": "loop", "count": 2}),
        network("never", condition=False),
        network("parent", dependsOn=["loop", "never"], resources=[child]),
    )
    assert (await deploy(cloud, what))["properties"]["provisioningState"] == "Succeeded"
    found = cloud.world.store.of_type("Microsoft.Network/virtualNetworks")
    assert [one.name for one in found] == ["net1", "net2", "parent"]
    assert (await cloud.get(f"{vnet('parent')}/subnets/in")).status == 200


async def test_a_nested_deployment_is_one_of_its_own(cloud):
    inner = template(
        network("[parameters('name')]"),
        parameters={"name": {"type": "string"}},
        outputs={"id": {"type": "string", "value": f"[resourceId('{NETWORK}', 'sub')]"}},
    )  # fmt: skip
    module = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "module",
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "template": inner,
            "parameters": {"name": {"value": "sub"}},
        },
    }
    read = "[reference(resourceId('Microsoft.Resources/deployments', 'module')).outputs.id.value]"
    found = await outputs(cloud, template(module, outputs={"id": {"type": "string", "value": read}}))
    assert found == {"id": vnet("sub")}
    names = [one["name"] for one in (await cloud.get(DEPLOYMENTS)).body["value"]]
    assert names == ["module", "one"]


async def test_a_subscription_deployment_makes_groups_and_deploys_into_them(cloud):
    group = {"type": "Microsoft.Resources/resourceGroups", "apiVersion": "2022-09-01", "name": "made",
             "location": "westeurope"}  # fmt: skip
    module = {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "inside",
        "resourceGroup": "made",
        "dependsOn": ["made"],
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": "inner"},
            "template": template(network()),
        },
    }
    at = f"{SUB}/providers/Microsoft.Resources/deployments"
    made = await deploy(cloud, template(group, module), at=at)
    assert (made["location"], made["properties"]["provisioningState"]) == ("westeurope", "Succeeded")
    assert (await cloud.get(vnet(group=f"{SUB}/resourceGroups/made"))).status == 200


async def test_a_lock_of_a_resource_can_be_part_of_a_template(cloud):
    lock = {
        "type": "Microsoft.Authorization/locks",
        "apiVersion": "2020-05-01",
        "name": "keep",
        "scope": "[format('Microsoft.Network/virtualNetworks/{0}', 'hub')]",
        "dependsOn": ["hub"],
        "properties": {"level": "CanNotDelete"},
    }
    assert (await deploy(cloud, template(lock, network())))["properties"]["provisioningState"] == "Succeeded"
    assert code(await cloud.delete(vnet())) == "ScopeLocked"


async def test_an_app_with_its_logs_alerts_and_events_is_deployed(cloud):
    def one(type_name, name, needs=(), **more):
        named = {"type": type_name, "apiVersion": "2023-01-01", "name": name, "dependsOn": list(needs)}
        return (
            named | ({} if "/config" in type_name or "scope" in more else {"location": "westeurope"}) | more
        )

    insights = "[reference('logs').ConnectionString]"
    function = "[resourceId('Microsoft.Web/sites/functions', 'app', 'on_event')]"
    workspace = "[resourceId('Microsoft.OperationalInsights/workspaces', 'work')]"
    destination = {"endpointType": "AzureFunction", "properties": {"resourceId": function}}
    what = template(
        one("Microsoft.OperationalInsights/workspaces", "work", properties={"retentionInDays": 30}),
        one("Microsoft.Insights/components", "logs", ["work"], kind="web",
            properties={"WorkspaceResourceId": workspace}),
        one("Microsoft.Web/serverfarms", "plan", sku={"name": "FC1"}),
        one("Microsoft.Web/sites", "app", ["plan", "logs"], kind="functionapp,linux", properties={}),
        one("Microsoft.Web/sites/config", "app/appsettings", ["app"], properties={"INSIGHTS": insights}),
        one("Microsoft.Insights/diagnosticSettings", "all", ["app"], scope="Microsoft.Web/sites/app",
            properties={"workspaceId": workspace}),
        one("Microsoft.Insights/actionGroups", "people", properties={"enabled": True}),
        one("Microsoft.Insights/scheduledQueryRules", "alert", ["logs", "people"], properties={}),
        one("Microsoft.EventGrid/eventSubscriptions", "events", ["app"], scope="[resourceGroup().id]",
            properties={"destination": destination}),
    )  # fmt: skip
    made = (await deploy(cloud, what))["properties"]
    assert made["provisioningState"] == "Succeeded", made["error"]
    app = f"{GROUP}/providers/Microsoft.Web/sites/app"
    settings = (await cloud.get(f"{app}/config/appsettings")).body["properties"]
    assert settings["INSIGHTS"].startswith("InstrumentationKey=")
    found = (await cloud.get(f"{app}/providers/Microsoft.Insights/diagnosticSettings")).body["value"]
    assert [one["name"] for one in found] == ["all"]
    without = await cloud.put(f"{app}/providers/Microsoft.Insights/diagnosticSettings/no", {"properties": {}})
    assert (without.status, code(without)) == (400, "BadRequest")


# Values


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[toUpper(format('{0}-{1}', 'a', 7))]", "A-7"),
        ("[[plain]", "[plain]"),
        ("[equals(guid('a', 'b'), guid('a', 'b'))]", True),
        ("[equals(guid('a', 'b'), guid('a', 'c'))]", False),
        ("[if(equals(parameters('n'), 3), 'yes', int('no'))]", "yes"),
        ("[variables('b')]", "x-3"),
        ("[variables('many')[2]]", 20),
        ("[union(createObject('a', 1), createObject('b', createArray(2)))]", {"a": 1, "b": [2]}),
        ("[subscription().subscriptionId]", SUB.rsplit("/", 1)[1]),
        ("[resourceId('other', 'Microsoft.Network/virtualNetworks/subnets', 'a', 'b')]",
         f"{SUB}/resourceGroups/other/providers/Microsoft.Network/virtualNetworks/a/subnets/b"),
        ("[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')]",
         f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/r"),
        ("[extensionResourceId(resourceGroup().id, 'Microsoft.Authorization/locks', 'l')]",
         f"{GROUP}/providers/Microsoft.Authorization/locks/l"),
        ("[coalesce(tryGet(createObject('a', null()), 'b'), 'it''s')]", "it's"),
        ("[parseCidr('10.1.2.3/20').firstUsable]", "10.1.0.1"),
        ("[environment().suffixes.storage]", "core.windows.net"),
        ("[length(uniqueString(resourceGroup().id))]", 13),
        ("[skip(createArray(1, 2, 3), 1)]", [2, 3]),
    ],
)  # fmt: skip
async def test_expressions_have_the_values_that_azure_documents(cloud, expression, value):
    what = template(
        parameters={"n": {"type": "int"}},
        variables={
            "b": "[concat(variables('a'), '-', parameters('n'))]",
            "a": "x",
            "copy": [{"name": "many", "count": 3, "input": "[mul(copyIndex('many'), 10)]"}],
        },
        outputs={"it": {"type": "object", "value": expression}},
    )
    assert await outputs(cloud, what, n=3) == {"it": value}


async def test_an_output_reads_what_a_resource_has_become(cloud):
    what = template(
        account(),
        outputs={
            "blob": {"type": "string", "value": "[reference('mine').primaryEndpoints.blob]"},
            "key": {"type": "securestring", "value": "[listKeys('mine', '2023-05-01').keys[0].value]"},
            "sku": {"type": "string", "value": "[reference('mine', '2023-05-01', 'Full').sku.name]"},
            "none": {"type": "string", "condition": False, "value": "x"},
        },
    )
    found = await outputs(cloud, what)
    assert found == {"blob": "https://mine.blob.core.windows.net/", "key": None, "sku": "Standard_LRS"}


async def test_a_reference_is_a_dependency_too(cloud):
    tags = {"made": "[reference(resourceId('Microsoft.Storage/storageAccounts', 'mine')).creationTime]"}
    made = await deploy(cloud, template(network(tags=tags), account()))
    assert made["properties"]["provisioningState"] == "Succeeded"
    assert (await cloud.get(vnet())).body["tags"]["made"].startswith("2026-01-01T")


async def test_symbols_take_the_place_of_names(cloud):
    what = template(languageVersion="2.0") | {
        "resources": {
            "net": network("[parameters('name')]"),
            "old": network("old", existing=True),
            "store": account(dependsOn=["net"]),
        },
        "parameters": {"name": {"type": "string", "defaultValue": "hub"}},
        "outputs": {"id": {"type": "string", "value": "[reference('net', '2024-05-01', 'full').id]"}},
    }
    assert await outputs(cloud, what) == {"id": vnet()}
    assert (await cloud.get(vnet("old"))).status == 404


# Refusals


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ({}, "'$schema'"),
        (template(parameters={"n": {"type": "int"}}), "'n' is not provided"),
        (template(parameters={"m": {"type": "string", "defaultValue": 3}}), "type 'String'"),
        (template(parameters={"m": {"type": "string", "defaultValue": "z", "allowedValues": ["a"]}}), "'a'"),
        (template(network(), network()), "defined multiple times"),
        (template(network(dependsOn=["gone"])), "'gone' is not defined in the template"),
        (template(network(dependsOn=["hub"])), "Circular dependency"),
        (template(network("a/b")), "must be equal"),
        (template(network("[variables('gone')]")), "'gone' is not found"),
        (template(network("[concat('a']")), "Unable to parse"),
        (template(network("[nothing()]")), "'nothing' is not valid"),
        (template(variables={"a": "[variables('a')]"}, resources=[network("[variables('a')]")]), "itself"),
    ],
)  # fmt: skip
async def test_a_wrong_template_is_refused_before_anything_is_created(cloud, what, says):
    for answer in (
        await cloud.put(f"{DEPLOYMENTS}/one", body(what)),
        await cloud.post(f"{DEPLOYMENTS}/one/validate", body(what)),
    ):
        assert (answer.status, code(answer)) == (400, "InvalidTemplate")
        assert says in answer.body["error"]["message"]
    assert (await cloud.get(f"{DEPLOYMENTS}/one")).status == 404


async def test_an_unknown_parameter_is_refused(cloud):
    answer = await cloud.put(f"{DEPLOYMENTS}/one", body(template(), extra=1))
    assert code(answer) == "InvalidTemplate"
    assert "'extra'" in answer.body["error"]["message"]


async def test_validation_names_the_resources_and_creates_none(cloud):
    answer = await cloud.post(f"{DEPLOYMENTS}/one/validate", body(template(network())))
    assert answer.status == 200
    assert answer.body["properties"]["validatedResources"] == [{"id": vnet()}]
    assert (await cloud.get(vnet())).status == 404


@pytest.mark.parametrize(
    ("method", "path", "sent", "refusal"),
    [
        ("PUT", "/one", body(template(), mode="Complete"), (400, "DeploymentModeNotSupported")),
        ("PUT", "/one", body(template(), mode="Some"), (400, "InvalidRequestContent")),
        ("PUT", "/one", {"properties": {"mode": "Incremental", "templateLink": {"uri": "https://x"}}},
         (400, "InvalidContentLink")),
        ("GET", "/gone", None, (404, "DeploymentNotFound")),
        ("POST", "/gone/cancel", None, (404, "DeploymentNotFound")),
        ("GET", "/gone/operations", None, (404, "DeploymentNotFound")),
    ],
)  # fmt: skip
async def test_what_is_not_simulated_or_missing_is_refused(cloud, method, path, sent, refusal):
    answer = await cloud.send(method, f"{DEPLOYMENTS}{path}", sent)
    assert (answer.status, code(answer)) == refusal


async def test_what_if_is_a_result_that_failed(cloud):
    answer = await cloud.post(f"{DEPLOYMENTS}/one/whatIf", body(template(network())))
    assert (answer.status, answer.body["status"]) == (200, "Failed")
    assert code(answer) == "DeploymentWhatIfNotSupported"


async def test_a_template_may_have_comments_and_names_without_quotes(cloud):
    text = """{"properties": {"mode": "Incremental", template: { // the schema
      "$schema": "https://schema", "contentVersion": "1.0.0.0", /* none
      yet */ "resources": [], "outputs": {"a": {"type": "string", "value": "two
lines: //"}}}}}"""
    await cloud.put(f"{DEPLOYMENTS}/one", text.replace("Incremental", "incremental"))
    made = (await cloud.get(f"{DEPLOYMENTS}/one")).body["properties"]
    assert made["outputs"]["a"]["value"] == "two\nlines: //"
    refused = await cloud.put(f"{DEPLOYMENTS}/one", "{properties: {")
    assert (refused.status, code(refused)) == (400, "InvalidRequestContent")


async def test_a_missing_group_subscription_or_location_is_refused(cloud):
    at = "providers/Microsoft.Resources/deployments/one"
    gone = await cloud.put(f"{SUB}/resourceGroups/gone/{at}", body(template()))
    assert (gone.status, code(gone)) == (404, "ResourceGroupNotFound")
    other = await cloud.get(f"/subscriptions/22222222-2222-2222-2222-222222222222/{at}")
    assert (other.status, code(other)) == (404, "SubscriptionNotFound")
    assert code(await cloud.put(f"{SUB}/{at}", body(template()))) == "LocationRequired"
    here = body(template(network())) | {"location": "westeurope"}
    refused = await cloud.put(f"{SUB}/{at}", here)
    assert "'resourcegroup' is not expected at this location" in refused.body["error"]["message"]
    assert (await cloud.put(f"{vnet()}/{at}", body(template()))).status == 404


async def test_a_caller_deploys_what_it_may_write_itself(cloud):
    role = cloud.simulator.access.roles["app"]
    role.actions += ["Microsoft.Resources/deployments/*", "Microsoft.Network/virtualNetworks/*"]
    refused = await cloud.put(f"{DEPLOYMENTS}/one", body(template(network(), account())), as_=APP)
    assert (refused.status, code(refused)) == (403, "InvalidTemplateDeployment")
    assert "'Microsoft.Storage/storageAccounts/write'" in refused.body["error"]["message"]
    made = await deploy(cloud, template(network()), as_=APP)
    assert made["properties"]["provisioningState"] == "Succeeded"


# Failures


async def test_a_refused_resource_fails_the_deployment_and_stops_what_follows(cloud):
    subnet = {
        "type": f"{NETWORK}/subnets",
        "apiVersion": "2024-05-01",
        "name": "hub/one",
        "dependsOn": ["bad"],
        "properties": {"addressPrefix": "10.0.1.0/24"},
    }
    what = template(account("Bad-Name"), network(), network("bad", location="atlantis"), subnet)
    made = (await deploy(cloud, what))["properties"]
    assert (made["provisioningState"], made["error"]["code"]) == ("Failed", "DeploymentFailed")
    assert "AccountNameInvalid" in [one["code"] for one in made["error"]["details"]]
    operations = (await cloud.get(f"{DEPLOYMENTS}/one/operations")).body["value"]
    states = {one["properties"]["targetResource"]["resourceName"]: one["properties"] for one in operations}
    assert states["Bad-Name"]["statusMessage"]["error"]["code"] == "AccountNameInvalid"
    assert states["Bad-Name"]["statusCode"] == "BadRequest"
    assert states["hub"]["provisioningState"] == "Succeeded"
    assert "hub/one" not in states


async def test_an_operation_that_fails_later_fails_the_deployment(cloud):
    answer = await cloud.put(f"{DEPLOYMENTS}/one", body(template(account())))
    (running,) = [one for one in cloud.world.operations if one.running]
    running.plan = replace(running.plan, fail=ArmError(500, "Broken", "It broke."))
    await cloud.wait(200)
    made = (await cloud.get(f"{DEPLOYMENTS}/one")).body["properties"]
    assert made["error"]["details"][0]["code"] == "Broken"
    assert (await cloud.poll(answer)).body["error"]["code"] == "DeploymentFailed"


async def test_a_canceled_deployment_starts_nothing_more(cloud):
    what = template(account(), network(dependsOn=["mine"]))
    await cloud.put(f"{DEPLOYMENTS}/one", body(what))
    assert (await cloud.post(f"{DEPLOYMENTS}/one/cancel")).status == 204
    await cloud.wait(200)
    assert (await cloud.get(vnet())).status == 404
    assert (await cloud.get(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/mine")).status == 200
    assert code(await cloud.post(f"{DEPLOYMENTS}/one/cancel")) == "DeploymentCannotBeCancelled"


async def test_a_read_only_lock_refuses_a_deployment(cloud):
    await cloud.put(
        f"{GROUP}/providers/Microsoft.Authorization/locks/l", {"properties": {"level": "ReadOnly"}}
    )
    assert code(await cloud.put(f"{DEPLOYMENTS}/one", body(template()))) == "ScopeLocked"


# The record


async def test_a_deployment_ends_with_its_group_and_leaves_its_resources_when_it_is_deleted(cloud):
    await deploy(cloud, template(network()))
    exported = await cloud.post(f"{DEPLOYMENTS}/one/exportTemplate")
    assert exported.body["template"] == template(network())
    assert (await cloud.send("HEAD", f"{DEPLOYMENTS}/one")).status == 204
    assert (await cloud.delete(f"{DEPLOYMENTS}/one")).status == 204
    assert (await cloud.send("HEAD", f"{DEPLOYMENTS}/one")).status == 404
    assert (await cloud.get(vnet())).status == 200
    await deploy(cloud, template(), name="two")
    await cloud.remove(GROUP)
    await cloud.put(GROUP, {"location": "westeurope"})
    assert (await cloud.get(DEPLOYMENTS)).body["value"] == []
