"""What Azure's error codes mean: the error passes by itself, or a person has to act and how.

A table for `arm_errors`. A code that is not in it is judged by its HTTP status.
Sources: docs/azure/errors-and-locks.md, ERR-03 to ERR-09; Microsoft Learn "Troubleshoot common Azure
deployment errors", "Throttling
Resource Manager requests", "Troubleshoot private endpoint creation failures"; public issues of terraform's
azurerm provider and of azure-docs, where Azure's own pages name no code.
"""

import re

# Locks of a service, its load, or the order of operations: the same request succeeds later.
TRANSIENT = frozenset(
    code.lower()
    for code in (
        "AnotherOperationInProgress",
        "Canceled",
        "CanceledAndSupersededDueToAnotherOperation",
        "CannotDeleteResource",  # children are still being deleted
        "ConflictingServerOperation",
        "ExpiredAuthenticationToken",
        "FailedSilently",  # our name for a failed operation without an error: the same write repairs it
        "GatewayTimeout",
        "InternalServerError",
        "InvalidAuthenticationToken",
        "MultipleErrorsOccurred",
        "ParentResourceNotFound",  # deleted since it was read: the next pass makes it
        "PreconditionFailed",
        "PrivateEndpointAlreadyExists",  # for up to 20 minutes after one of this name was deleted
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

# Wrappers: the code that matters is in the details.
WRAPPERS = frozenset(
    {"retryableerror", "multipleerrorsoccurred", "invalidrequestformat", "badrequest", "conflict"}
)

LIMIT_REMEDY = (
    "remove what is not needed, ask Microsoft to raise the limit, or name another network in the profile"
)

# A person has to act: what to do, and the codes that call for it.
_REMEDIES = (
    ("keep the existing peering, or delete it", "AnotherPeeringAlreadyReferencesRemoteVnet"),
    (
        "delete the endpoint's other zone group, or let it name the zones",
        "CannotCreateMoreThanOnePrivateDnsZoneGroup",
    ),
    (
        "exclude the app's identity from the deny assignment (no role overrides it), or opt the resource out",
        "DenyAssignmentAuthorizationFailed",
    ),
    (
        "take what belongs to the other tenant out of the policy: no role lets the app's identity act in a "
        "subscription of another tenant; a second deployment there can serve it",
        "InvalidAuthenticationTokenTenant",
        "ForeignTenant",
    ),
    (
        "correct the id in the policy: the resource must exist, in the network's region",
        "InvalidResourceReference",
    ),
    ("grant the app's identity access to the linked subscription", "LinkedAccessCheckFailed"),
    (
        "register the resource provider in the subscription (az provider register)",
        "MissingSubscriptionRegistration",
        "SubscriptionNotRegistered",
    ),
    ("repair the parent resource first: its last update failed", "ParentResourceIsInFailedState"),
    (
        "set the subnet's private endpoint network policies to Disabled",
        "PrivateEndpointCannotBeCreatedInSubnetThatHasNetworkPoliciesEnabled",
    ),
    (
        "name a subnet without a delegation in the profile, or remove the delegation",
        "PrivateEndpointCreationNotAllowedAsSubnetIsDelegated",
    ),
    (LIMIT_REMEDY, "QuotaExceeded"),
    ("re-enable the subscription: a disabled one takes no changes", "ReadOnlyDisabledSubscription"),
    ("delete the other network's half of the peering: it is Disconnected", "RemotePeeringIsDisconnected"),
    ("exempt the resource from the Azure Policy assignment, or change that", "RequestDisallowedByPolicy"),
    ("create the resource group, or name another one in the profile", "ResourceGroupNotFound"),
    ("remove the resource lock, or leave this resource out", "ScopeLocked"),
    ("free a priority in the profile's range, or change the range", "SecurityRuleConflict"),
    (
        "delete the zone's link to the network's deleted predecessor of the same name",
        "StaleVirtualNetworkLink",
    ),
    ("add a subnet with free addresses to the profile, or free some in this one", "SubnetIsFull"),
    (
        "name a range under addresses in the profile whose addresses nothing else has",
        "PrivateIPAddressInUse",
        "PrivateIPAddressIsAllocated",
    ),
    (
        "grant the app's identity access to the subscription; if it is given up, delete what `owned` lists",
        "SubscriptionNotFound",
    ),
    (
        "remove the network's link to the other zone of this name, or let the profile use that zone",
        "VirtualNetworkLinkedElsewhere",
    ),
    (
        "change the address space of one network: peered ones must not overlap",
        "VnetAddressSpaceOverlapsWithAlreadyPeeredVnet",
        "VnetAddressSpacesOverlap",
    ),
)
BLOCKED = {code.lower(): remedy for remedy, *codes in _REMEDIES for code in codes}

# Messages that come with a code that says nothing ("BadRequest", "Conflict"), and the code that we use.
SENTENCES = (
    (re.compile(r"overlapping namespaces", re.I), "VirtualNetworkLinkedElsewhere"),
    (re.compile(r"more than one private dns zone group", re.I), "CannotCreateMoreThanOnePrivateDnsZoneGroup"),
    (re.compile(r"another operation is pending", re.I), "AnotherOperationInProgress"),
    (re.compile(r"resource identity '.*' already in use", re.I), "StaleVirtualNetworkLink"),
)

# What messages of a 403 say that no grant cures, and the code that we use
# (docs/azure/resource-manager.md, ARM-34; Microsoft Learn, "Troubleshoot Azure RBAC").
NOT_GRANTABLE = (
    (re.compile(r"deny assignment", re.I), "DenyAssignmentAuthorizationFailed"),
    (re.compile(r"current tenant .* is not authorized to access linked subscription", re.I), "ForeignTenant"),
)

_LIMIT = re.compile(r"(limit(reached|exceeded)|exceedslimit|quotaexceeded|maxnumber)", re.I)


def is_limit(code: str) -> bool:
    """The code is about a limit. There are many, one per resource type; these words are common to them."""
    return _LIMIT.search(code) is not None
