"""What Azure's error codes mean to us: pass by themselves, or wait for a person, who is told what to do.

Place in the data's way: a table for `arm_errors`. A code that is not here is judged by its HTTP status.
Sources: recorded ARM traffic; Microsoft Learn "Troubleshoot common Azure deployment errors", "Throttling
Resource Manager requests", "Troubleshoot private endpoint creation failures"; public issues of terraform's
azurerm provider and of azure-docs, where Azure's own pages name no code.
"""

import re

# Locks of a service, its load, or the order of things: the same request succeeds later.
TRANSIENT = frozenset(
    code.lower()
    for code in (
        "AnotherOperationInProgress",
        "Canceled",
        "CanceledAndSupersededDueToAnotherOperation",
        "CannotDeleteResource",  # children are still being deleted
        "ConflictingServerOperation",
        "ExpiredAuthenticationToken",
        "GatewayTimeout",
        "InternalServerError",
        "InvalidAuthenticationToken",
        "MultipleErrorsOccurred",
        "ParentResourceNotFound",  # deleted since we read it: the next walk makes it, or leaves
        "PreconditionFailed",
        "PrivateEndpointAlreadyExists",  # a deleted one's shadow, for up to 20 minutes
        "ReferencedResourceNotProvisioned",
        "ResourceGroupBeingDeleted",
        "RetryableError",
        "RetryableErrorDueToAnotherOperation",
        "ServerTimeout",
        "ServiceUnavailable",
        "StorageAccountIsNotProvisioned",
        "StorageAccountOperationInProgress",
        "SubscriptionRequestsThrottled",
        "TooManyRequests",
    )
)

# Wrappers whose details say what really happened.
WRAPPERS = frozenset(
    {"retryableerror", "multipleerrorsoccurred", "invalidrequestformat", "badrequest", "conflict"}
)

_SPACE = "use a subnet with free addresses (add one to the profile's subnets), or remove endpoints from it"
_CAP = "remove what is not needed, ask Microsoft to raise the limit, or name another network in the profile"

# A person has to act: what to do, as an imperative sentence without a full stop.
BLOCKED = {
    code.lower(): remedy
    for code, remedy in {
        "AnotherPeeringAlreadyReferencesRemoteVnet": "keep the peering that is there, or delete it",
        "CannotCreateMoreThanOnePrivateDnsZoneGroup": "delete the endpoint's other zone group, or let it name the zones",
        "InvalidAuthenticationTokenTenant": "give the app an identity of the tenant that owns the subscription",
        "InvalidResourceReference": "correct the id in the policy: the resource must exist, in the network's region",
        "LinkedAccessCheckFailed": "grant the app's identity access to the linked subscription",
        "MissingSubscriptionRegistration": "register the resource provider in the subscription (az provider register)",
        "ParentResourceIsInFailedState": "repair the parent resource first: its last update failed",
        "PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled": (
            "set the subnet's private endpoint network policies to Disabled"
        ),
        "PrivateEndpointCreationNotAllowedAsSubnetIsDelegated": (
            "name a subnet without a delegation in the profile, or remove the delegation"
        ),
        "QuotaExceeded": _CAP,
        "ReadOnlyDisabledSubscription": "re-enable the subscription: a disabled one takes no changes",
        "RemotePeeringIsDisconnected": "delete the other network's half of the peering, which is Disconnected",
        "RequestDisallowedByPolicy": "exempt the resource from the Azure Policy assignment, or change the assignment",
        "ResourceGroupNotFound": "create the resource group, or name another one in the profile",
        "ScopeLocked": "remove the resource lock, or leave this resource out",
        "SecurityRuleConflict": "free a priority in the profile's range, or change the range",
        "StaleVirtualNetworkLink": "delete the zone's link to the network's deleted predecessor of the same name",
        "SubnetIsFull": _SPACE,
        "SubscriptionNotFound": "grant the app's identity access to the subscription, or take it out of the policy",
        "SubscriptionNotRegistered": "register the resource provider in the subscription (az provider register)",
        "VirtualNetworkLinkedElsewhere": (
            "remove the network's link to the other zone of this name, or name that zone's resource group in the profile"
        ),
        "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet": "change the address space of one network: peered ones must not overlap",
        "VnetAddressSpacesOverlap": "change the address space of one network: peered ones must not overlap",
    }.items()
}

# Sentences that come under a code which says nothing ("BadRequest", "Conflict"), with the name we give them.
SENTENCES = (
    (re.compile(r"overlapping namespaces", re.I), "VirtualNetworkLinkedElsewhere"),
    (re.compile(r"more than one private dns zone group", re.I), "CannotCreateMoreThanOnePrivateDnsZoneGroup"),
    (re.compile(r"another operation is pending", re.I), "AnotherOperationInProgress"),
    (re.compile(r"resource identity '.*' already in use", re.I), "StaleVirtualNetworkLink"),
)

_LIMIT = re.compile(r"(limit(reached|exceeded)|exceedslimit|quotaexceeded|maxnumber)", re.I)


def is_limit(code: str) -> bool:
    """The code names a cap of a resource type; they are many, and all end in a few words."""
    return _LIMIT.search(code) is not None


LIMIT_REMEDY = _CAP
