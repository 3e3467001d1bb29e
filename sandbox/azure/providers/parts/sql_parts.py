"""What a SQL server holds besides databases and pools: rules, policies, settings, aliases, failover groups.

Source: docs/azure/services.md, SVC-05 to SVC-07.
"""

from __future__ import annotations

from sandbox.azure.kernel.ids import ArmId
from sandbox.azure.kernel.manners import Style
from sandbox.azure.kernel.model import ArmError, Json, Resource, Response
from sandbox.azure.kernel.operations import OperationPlan
from sandbox.azure.kernel.provider import Call, Handler, Registry
from sandbox.azure.kernel.world import World
from sandbox.azure.providers.parts.part import Part, Work, missing_part
from sandbox.azure.providers.parts.sql_databases import DATABASE, POOL, SERVER

DATABASES = f"{SERVER}/databases"
NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GROUPS = ["SUCCESSFUL_DATABASE_AUTHENTICATION_GROUP", "FAILED_DATABASE_AUTHENTICATION_GROUP"]
GROUPS += ["BATCH_COMPLETED_GROUP"]


def register(registry: Registry) -> None:
    """Add every type below a SQL server but connections and the connection policy."""
    for part in PARTS:
        part.register(registry)


# Auditing, alerts, protection


def _auditing(world: World, settings: Resource) -> Json:
    """What auditing collects, once it is enabled."""
    on = settings.properties.get("state") == "Enabled"
    groups = settings.properties.get("auditActionsAndGroups") or (GROUPS if on else [])
    return {"auditActionsAndGroups": groups}


AUDITING: Json = {
    "retentionDays": 0,
    "isStorageSecondaryKeyInUse": False,
    "isAzureMonitorTargetEnabled": False,
    "isManagedIdentityInUse": False,
    "state": "Disabled",
    "storageEndpoint": "",
    "storageAccountSubscriptionId": NO_SUBSCRIPTION,
}


def _written_auditing(call: Call, shown: Json) -> Json:
    shown["properties"].pop("isStorageSecondaryKeyInUse")
    return shown


ALERTS: Json = {
    "state": "Disabled",
    "disabledAlerts": [""],
    "emailAddresses": [""],
    "emailAccountAdmins": False,
    "storageEndpoint": "",
    "storageAccountAccessKey": "",
    "retentionDays": 0,
}


def _since(world: World, settings: Resource) -> Json:
    return {"creationTime": settings.private.setdefault("created", world.timestamp())}


def _written_alerts(call: Call, shown: Json) -> Json:
    """The answer to the PUT of a database's policy has empty lists and no endpoint."""
    inner = shown["properties"]
    inner |= {name: call.properties.get(name) or [] for name in ("disabledAlerts", "emailAddresses")}
    if not call.properties.get("storageEndpoint"):
        inner.pop("storageEndpoint")
    return shown


# Settings of a server of which one is set at a time, with the refusal of the other.
IN_PROGRESS = {
    "securityAlertPolicies": (
        "ServerSecurityAlertPolicyInProgress",
        "Set server security alert policy is already in progress.",
    ),
    "advancedThreatProtectionSettings": (
        "ServerAdvancedThreatProtectionInProgress",
        "Setting the server Advanced Threat Protection settings is already in progress.",
    ),
}


def _one_at_a_time(call: Call) -> None:
    """Raise 409 while the alert policy or the threat protection of the server is being set."""
    for kind in IN_PROGRESS:
        sibling = call.id.root.child(kind, "Default")
        if call.world.running(sibling) is not None:
            code, text = IN_PROGRESS[call.type.name.rsplit("/", 1)[1]]
            track = "Use Azure-AsyncOperation request to track your operation"
            raise ArmError(409, code, f"{text} {track}")


def _needs_alerts(call: Call) -> None:
    """Raise 400 for an assessment on a server with neither alerts nor threat protection."""
    found = [call.world.find(call.id.root.child(kind, "Default")) for kind in IN_PROGRESS]
    if not any(one is not None and one.properties.get("state") == "Enabled" for one in found):
        text = "Advanced Data Security should be enabled in order to use Vulnerability Assessment."
        raise ArmError(400, "VulnerabilityAssessmentADSIsDisabled", text)


def _assessment(call: Call, asked: Json) -> Json:
    """The path of the container ends in a slash."""
    path = str(asked.get("storageContainerPath") or "").rstrip("/")
    scans = {"isEnabled": False, "emailSubscriptionAdmins": True} | (asked.get("recurringScans") or {})
    return asked | {"recurringScans": scans} | ({"storageContainerPath": f"{path}/"} if path else {})


def _scans(world: World, assessment: Resource) -> Json:
    scans = {"isEnabled": False, "emailSubscriptionAdmins": True, "emails": []}
    return {"recurringScans": scans | (assessment.properties.get("recurringScans") or {})}


def _written_assessment(call: Call, shown: Json) -> Json:
    if "emails" not in (call.properties.get("recurringScans") or {}):
        shown["properties"]["recurringScans"].pop("emails")
    return shown


# Rules, aliases, failover groups


def _network_rule(world: World, rule: Resource) -> Json:
    return {"state": "Ready"}


def _outbound(world: World, rule: Resource) -> Json:
    return {"provisioningState": "Ready"}


def _alias(world: World, alias: Resource) -> Json:
    return {"azureDnsRecord": f"{alias.name}.database.windows.net"}


def _administrator(world: World, administrator: Resource) -> Json:
    only = administrator.properties.get("azureADOnlyAuthentication", False)
    return {"azureADOnlyAuthentication": only}


def _place(world: World, group: Resource) -> Json:
    server = world.find(group.id.root)
    return {"location": server.location if server is not None else ""}


def _failover(world: World, group: Resource) -> Json:
    """The role of this server, and that of its partners."""
    role = group.private.get("role", "Primary")
    other = "Secondary" if role == "Primary" else "Primary"
    partners = []
    for one in group.properties.get("partnerServers") or []:
        server = world.find(one.get("id"))
        where = {"location": server.location} if server is not None else {}
        partners.append({"id": one.get("id"), **where, "replicationRole": other})
    return {
        "replicationRole": role,
        "replicationState": "CATCH_UP",
        "partnerServers": partners,
        "databases": group.properties.get("databases", []),
    }


def _with_mirror(call: Call, asked: Json) -> Json:
    """A failover group exists on the partner too, in the other role."""
    for one in asked.get("partnerServers") or []:
        partner = call.world.find(one.get("id"))
        if partner is not None:
            _mirror(call.world, call.id, partner.id, asked)
    return asked


def _mirror(world: World, own: ArmId, partner: ArmId, asked: Json) -> None:
    twin = partner.child("failoverGroups", own.name)
    known = world.find(twin)
    back = asked | {"partnerServers": [{"id": own.root.text}]}
    world.save(twin, {"properties": back}, {"role": known.private["role"] if known else "Secondary"})


def _failed_over(call: Call) -> Response:
    """Make this server the primary one: 202."""
    group = call.stored

    def complete() -> None:
        for one in group.properties.get("partnerServers") or []:
            twin = call.world.find(f"{one.get('id')}/failoverGroups/{group.name}")
            if twin is not None:
                twin.private["role"] = "Secondary"
        group.private["role"] = "Primary"

    plan = OperationPlan(
        "FailoverFailoverGroup",
        call.world.duration("sqlParts/write", call.id),
        change="action",
        style=Style.SQL,
        collection="failoverGroup",
        complete=complete,
    )
    return call.start_operation(plan).answer(202)


FAILOVER: dict[str, Handler] = {"failover": _failed_over, "forceFailoverAllowDataLoss": _failed_over}

PARTS = (
    DATABASE,
    POOL,
    Part(f"{SERVER}/firewallRules", created=200, not_found=missing_part),
    Part(f"{SERVER}/ipv6FirewallRules", created=200, not_found=missing_part),
    Part(
        f"{SERVER}/virtualNetworkRules",
        defaults={"ignoreMissingVnetServiceEndpoint": False},
        computed=_network_rule,
        not_found=missing_part,
        work=Work("UpsertVnetFirewallRule", "DropVnetFirewallRule", collection="virtualNetworkRules"),
    ),
    Part(
        f"{SERVER}/outboundFirewallRules",
        computed=_outbound,
        not_found=missing_part,
        work=Work(
            "CreateLogicalServerOutboundFirewallRule",
            "DropLogicalServerOutboundFirewallRule",
            collection="outboundFirewallRules",
            wait=5.0,
        ),
    ),
    Part(
        f"{SERVER}/dnsAliases",
        computed=_alias,
        not_found=missing_part,
        work=Work("CreateServerDnsAlias", "DropServerDnsAlias", collection="dnsAlias"),
    ),
    Part(
        f"{SERVER}/administrators",
        computed=_administrator,
        not_found=missing_part,
        work=Work("UpsertServerActiveDirectoryAdministrator", "DropServerActiveDirectoryAdministrator"),
    ),
    Part(
        f"{SERVER}/failoverGroups",
        stored=_with_mirror,
        defaults={"readOnlyEndpoint": {"failoverPolicy": "Disabled"}},
        computed=_failover,
        head=_place,
        not_found=missing_part,
        actions=FAILOVER,
        work=Work(
            "CreateFailoverGroup", "DropFailoverGroup", "UpdateFailoverGroup", "failoverGroup", wait=10.0
        ),
    ),
    Part(
        f"{SERVER}/auditingSettings",
        implied="default",
        deleted=0,
        defaults=AUDITING,
        computed=_auditing,
        hidden=("storageAccountAccessKey",),
        shown_name="Default",
        work=Work("UpsertServerEngineAuditingPolicy", collection="auditingSettings", wait=60.0, polls=False),
    ),
    Part(
        f"{SERVER}/securityAlertPolicies",
        implied="default",
        deleted=0,
        defaults=ALERTS,
        computed=_since,
        shown_name="Default",
        refuse=_one_at_a_time,
        work=Work(
            "UpsertServerThreatDetectionPolicy", collection="securityAlertPolicies", wait=3.0, polls=False
        ),
    ),
    Part(
        f"{SERVER}/advancedThreatProtectionSettings",
        implied="default",
        deleted=0,
        defaults={"state": "Disabled"},
        computed=_since,
        shown_name="Default",
        refuse=_one_at_a_time,
        work=Work(
            "UpsertServerThreatDetectionPolicy",
            collection="advancedThreatProtection",
            wait=3.0,
            polls=False,
        ),
    ),
    Part(
        f"{SERVER}/vulnerabilityAssessments",
        stored=_assessment,
        computed=_scans,
        answer=_written_assessment,
        hidden=("storageAccountAccessKey", "storageContainerSasKey"),
        shown_name="Default",
        refuse=_needs_alerts,
        not_found=missing_part,
    ),
    Part(
        f"{DATABASES}/vulnerabilityAssessments",
        created=200,
        stored=_assessment,
        computed=_scans,
        answer=_written_assessment,
        hidden=("storageAccountAccessKey", "storageContainerSasKey"),
        shown_name="Default",
        not_found=missing_part,
    ),
    Part(
        f"{DATABASES}/auditingSettings",
        implied="default",
        deleted=0,
        replaced=201,
        defaults=AUDITING,
        computed=_auditing,
        answer=_written_auditing,
        hidden=("storageAccountAccessKey",),
        shown_name="Default",
    ),
    Part(
        f"{DATABASES}/securityAlertPolicies",
        implied="default",
        deleted=0,
        defaults=ALERTS,
        computed=_since,
        answer=_written_alerts,
        shown_name="Default",
    ),
    Part(
        f"{DATABASES}/advancedThreatProtectionSettings",
        implied="default",
        deleted=0,
        defaults={"state": "Disabled"},
        computed=_since,
        shown_name="Default",
    ),
    Part(
        f"{DATABASES}/backupShortTermRetentionPolicies",
        implied="default",
        deleted=0,
        defaults={"retentionDays": 7, "diffBackupIntervalInHours": 12},
        work=Work("UpdateLogicalDatabase", collection="shortTermRetentionPolicy"),
    ),
    Part(
        f"{DATABASES}/backupLongTermRetentionPolicies",
        implied="default",
        deleted=0,
        defaults={
            "weeklyRetention": "PT0S",
            "monthlyRetention": "PT0S",
            "yearlyRetention": "PT0S",
            "weekOfYear": 0,
        },
        work=Work("UpsertDatabaseBackupArchivalPolicyV2", collection="longTermRetentionPolicy"),
    ),
    Part(
        f"{DATABASES}/transparentDataEncryption",
        implied="current",
        deleted=0,
        defaults={"state": "Enabled"},
        shown_name="Current",
        work=Work("UpdateLogicalDatabase", collection="transparentDataEncryption", polls=False),
    ),
)
