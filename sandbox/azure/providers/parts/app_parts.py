"""What is around an app in a deployment: its plan and settings, logs, metrics and alerts.

Source: docs/azure/clients.md, CLI-16. They are kept as given, with the ids that their services make; no app
runs here, and nothing is logged.
"""

from __future__ import annotations

from sandbox.azure.kernel.model import Json, Resource
from sandbox.azure.kernel.provider import Registry
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.parts.part import Part


def register(registry: Registry) -> None:
    """Add all types."""
    for part in PARTS:
        part.register(registry)


def _done(world: World, resource: Resource) -> Json:
    return {"provisioningState": "Succeeded"}


def _plan(world: World, plan: Resource) -> Json:
    return _done(world, plan) | {"status": "Ready"}


def _workspace(world: World, workspace: Resource) -> Json:
    """A workspace has an id of its own, by which it is queried."""
    return _done(world, workspace) | {"customerId": workspace.private.setdefault("id", world.new_guid())}


def _component(world: World, component: Resource) -> Json:
    """The key and the connection string, with which an app sends what it logs."""
    key = component.private.setdefault("key", world.new_guid())
    id = component.private.setdefault("id", world.new_guid())
    at = f"https://{component.location}-0.in.applicationinsights.azure.com/"
    text = f"InstrumentationKey={key};IngestionEndpoint={at};ApplicationId={id}"
    return _done(world, component) | {"InstrumentationKey": key, "AppId": id, "ConnectionString": text}


def _tags(world: World, resource: Resource) -> Json:
    return {"tags": resource.tags}


SITES, INSIGHTS = "Microsoft.Web/sites", "Microsoft.Insights"
PARTS = (
    Part("Microsoft.Web/serverfarms", tracked=True, computed=_plan),
    Part(f"{SITES}/config", created=200, deleted=0),
    Part(f"{SITES}/basicPublishingCredentialsPolicies", created=200, deleted=0, changed=0),
    Part("Microsoft.OperationalInsights/workspaces", tracked=True, computed=_workspace, head=_tags),
    Part(f"{INSIGHTS}/components", created=200, tracked=True, computed=_component, head=_tags),
    Part(f"{INSIGHTS}/workbooks", tracked=True, head=_tags),
    Part(f"{INSIGHTS}/actionGroups", tracked=True, head=_tags),
    Part(f"{INSIGHTS}/metricAlerts", created=200, tracked=True, head=_tags),
    Part(f"{INSIGHTS}/scheduledQueryRules", tracked=True, computed=_done, head=_tags),
)
