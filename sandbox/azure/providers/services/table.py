"""The provider of each type: a new type that is created in its own way is a row here."""

from __future__ import annotations

from dataclasses import replace

from sandbox.azure.kernel.manners import Style
from sandbox.azure.providers.services import (
    batch,
    cognitive,
    container_registry,
    cosmos,
    databases,
    event_grid,
    hosts,
    link_service,
    managed_hsm,
    messaging,
    platforms,
)
from sandbox.azure.providers.services.making import Making, Refusal

# Source: docs/azure/targets.md, TGT-73.
SITE_TAKEN = Refusal("Conflict", "Website with given name {name} already exists.", "capitalised")
STORE_TAKEN = Refusal("NameUnavailable", "The specified name is already in use.")

# Types whose specification has PUT and DELETE as long-running operations
# (docs/azure/long-running-operations.md, LRO-24).
LONG = Making(duration="targets/write", style=Style.SERVICE, deleting=Style.SERVICE)
LONG_RUNNING = (
    "microsoft.apimanagement/service",
    "microsoft.cache/redis",
    "microsoft.containerservice/managedclusters",
    "microsoft.databricks/workspaces",
    "microsoft.dbformysql/flexibleservers",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.digitaltwins/digitaltwinsinstances",
    "microsoft.documentdb/mongoclusters",
    "microsoft.elasticsan/elasticsans",
    "microsoft.hdinsight/clusters",
    "microsoft.kusto/clusters",
    "microsoft.machinelearningservices/workspaces",
    "microsoft.synapse/workspaces",
)

MAKINGS: dict[str, Making] = dict.fromkeys(LONG_RUNNING, LONG) | {
    "microsoft.app/managedenvironments": replace(LONG, properties=hosts.environment),
    "microsoft.appconfiguration/configurationstores": replace(platforms.STORE, taken=STORE_TAKEN),
    "microsoft.devices/iothubs": platforms.HUB,
    "microsoft.search/searchservices": platforms.SEARCH,
    "microsoft.signalrservice/signalr": platforms.REALTIME,
    "microsoft.signalrservice/webpubsub": platforms.REALTIME,
    "microsoft.batch/batchaccounts": batch.MAKING,
    "microsoft.cache/redisenterprise": replace(LONG, properties=hosts.redis_enterprise),
    "microsoft.cognitiveservices/accounts": cognitive.MAKING,
    "microsoft.compute/diskaccesses": hosts.DISK_ACCESS,
    "microsoft.containerregistry/registries": container_registry.MAKING,
    "microsoft.dbformariadb/servers": databases.MAKING,
    "microsoft.dbformysql/servers": databases.MAKING,
    "microsoft.dbforpostgresql/servers": databases.MAKING,
    "microsoft.documentdb/databaseaccounts": cosmos.MAKING,
    "microsoft.eventgrid/domains": event_grid.DOMAINS,
    "microsoft.eventgrid/partnernamespaces": event_grid.PARTNER_NAMESPACES,
    "microsoft.eventgrid/topics": event_grid.TOPICS,
    "microsoft.eventhub/namespaces": messaging.EVENT_HUBS,
    "microsoft.keyvault/managedhsms": managed_hsm.MAKING,
    "microsoft.network/privatelinkservices": link_service.MAKING,
    "microsoft.servicebus/namespaces": messaging.SERVICE_BUS,
    "microsoft.sql/managedinstances": replace(LONG, properties=hosts.managed_instance),
    "microsoft.web/sites": Making(properties=hosts.web_site, taken=SITE_TAKEN),
    "microsoft.web/staticsites": Making(properties=hosts.static_site),
}
PLAIN = Making()


def of(type_name: str) -> Making:
    """The row of a type in any case; without one: created at once, body as given."""
    return MAKINGS.get(type_name.lower(), PLAIN)
