"""One way to be connected: where endpoints are made, who reaches them, and what is written for that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt, StrictStr

from shared.core.base.ids import ResourceId
from shared.core.policy.networks import Networks
from shared.core.policy.values import (
    Address,
    AddressRange,
    Approval,
    ApprovalText,
    ClientText,
    EndpointsGroup,
    Mode,
    NamePatterns,
    Part,
    PlaceText,
    Priorities,
    Region,
    ResourceGroupId,
    SecurityGroupId,
    SetName,
    SetOrNetwork,
    SetsOrNetworks,
    SubnetId,
    TypeName,
    TypeOrZone,
    fault,
)

type Subnets = Annotated[tuple[SubnetId, ...], Field(min_length=1)]
Scope = Literal["subscription", "resource_group"]
type Sets = Mapping[str, tuple[ResourceId, ...]]  # networks by the name of a set
type Flag = Literal["forwarded_traffic", "gateway_transit", "remote_gateways"]


class Find(Part):
    """Endpoints in a network of the resource's own subscription or resource group."""

    own: Scope = "subscription"
    """Where networks are looked for: a team can choose only within what is its own."""
    network: NamePatterns = ("*",)
    """Names of virtual networks, or patterns. Two networks that fit are Blocked, both named."""
    resource_group: NamePatterns | None = None
    """Names of the networks' resource groups, or patterns. Default: any."""
    subnet: NamePatterns
    """Names of subnets, or patterns, in order of preference."""


class Placement(Part):
    """Where endpoints are made."""

    find: Find | None = None
    """In the resource's own network. Tried before `subnets`."""
    subnets: Mapping[Region, Subnets] = {}
    """Where endpoints may be: subnets by region, in order of preference."""
    types: Mapping[TypeName, Annotated[Mapping[Region, Subnets], Field(min_length=1)]] = {}
    """Subnets of single types, by region, in place of `subnets`."""
    fallback_region: Region | None = None
    """The region whose subnets take endpoints for resources in a region that has none."""
    endpoints_resource_group: EndpointsGroup = "subnet"
    """Where endpoints are made: `subnet` (the network's own group), `target` (the resource's group), the id
    of a group, or ids by the network's region. It must be in the network's subscription."""
    addresses: Mapping[Region, AddressRange] = {}
    """Ranges for static addresses, by region. Default: Azure chooses the addresses."""


class PlacementDns(Part):
    """The zones of one of several placements. What is left out is as the profile says."""

    zones_resource_group: ResourceGroupId | None = None
    """Where this placement's zones are."""
    zones: Mapping[TypeOrZone, ResourceGroupId] = {}
    """Where single zones are, by type or by the zone's name."""
    link: SetsOrNetworks | None = None
    """Which networks are linked to this placement's zones."""


class OnePlacement(Placement):
    """One of several endpoints of a resource, with zones and links of its own."""

    dns: PlacementDns = PlacementDns()
    """This placement's zones and links."""


class Dns(Part):
    """Who keeps the names."""

    mode: Literal["manage", "external", "none"] = "manage"
    """`manage`: zones, links and zone groups by Causeway. `external`: something else writes the records
    and links the zones, and Causeway only checks them. `none`: names are not checked."""
    external: Literal["zone_groups", "records"] = "records"
    """What something else writes, with `mode: external`. `zone_groups`: zone groups on our endpoints, such as
    by Azure Policy, within minutes. `records`: records alone, by whatever means."""
    zones_resource_group: ResourceGroupId | None = None
    """Where the private DNS zones are, or are made. Needed when `mode` is `manage`."""
    zones: Mapping[TypeOrZone, ResourceGroupId] = {}
    """Where single zones are, by type or by the zone's name, in place of `zones_resource_group`."""
    create_zones: StrictBool = True
    """Make a zone that is missing. `false`: report it."""
    link: SetsOrNetworks = ("clients",)
    """Which networks are linked to the zones: `clients`, `none`, sets and networks. Link the networks of the
    resolvers where clients ask those."""
    servers: Mapping[Address, SetOrNetwork] = {}
    """DNS servers that are in none of the linked networks: the set or network from whose zones each one
    answers."""
    shared_names: tuple[TypeName, ...] = ()
    """Types that may be connected although their zones then answer for other resources too, such as
    Microsoft.Insights/privateLinkScopes: a network that is linked to these zones asks them alone for every
    resource of the service, connected or not."""
    fallback_to_internet: StrictBool = False
    """Let a linked network ask public DNS where the zone has no record (`resolutionPolicy:
    NxDomainRedirect`): needed where some accounts of one service stay public."""


class Peering(Part):
    """Peerings between clients and the networks of endpoints."""

    mode: Literal["ensure", "require", "ignore"] = "ignore"
    """`ensure`: peer clients with the endpoint's network. `require`: report what is missing, never write."""
    through: SetName | None = None
    """Peer clients and the endpoints' networks with a hub of this set, and not with each other."""
    hub: tuple[Flag, ...] = ()
    """Flags of the hub's side of a new peering. Those of an existing peering are reported, never changed."""
    spoke: tuple[Flag, ...] = ()
    """Flags of the other side of a new peering. `remote_gateways` needs the hub's `gateway_transit`."""


class Nsg(Part):
    """Network security group rules between clients and endpoints."""

    mode: Literal["ensure", "require", "ignore"] = "ignore"
    """`ensure`: write missing rules. `require`: report where existing rules do not have the same effect,
    and never write. `ignore`: do not check. Where rules are checked, route tables of the clients' subnets are
    checked too; they are never written."""
    destination: Literal["addresses", "subnet", "group"] = "addresses"
    """What our allow rules name: the endpoints' `addresses`, the prefixes of their `subnet`, or their
    application security `group`. The last two need no write for each endpoint, and the second opens all
    endpoints of the subnet to the profile's clients. Rules of the last two are never deleted; one that lets
    in others than the clients is reported."""
    network_policies: Literal["Enabled", "NetworkSecurityGroupEnabled"] = "NetworkSecurityGroupEnabled"
    """What is written where a subnet's network policies are off."""
    default_deny: StrictBool = False
    """Also deny what no rule allows to the endpoints."""
    priorities: Priorities = (1000, 1999)
    """First and last priority that our rules may take. Another range means new rules; old ones
    that name addresses go."""
    enforce_on_endpoints: StrictBool = True
    """Turn network policies on in the endpoint's subnet: without them rules do not touch endpoints."""
    create_group: StrictBool = False
    """Make a network security group and attach it where an endpoint's subnet has none; a group that is there
    is never taken off. Needs `mode: ensure`."""


class ProfileLimits(Part):
    """Bounds of one profile, below those of the file."""

    creations_per_hour: Annotated[StrictInt, Field(ge=0)] | None = None
    """New endpoints per hour by this profile. Default: the file's."""
    max_deletes_per_sweep: Annotated[StrictInt, Field(ge=0)] | None = None
    """Removals in one sweep by this profile. Default: the file's."""


def _with_mode(value: object) -> object:
    """A mode may be written alone."""
    if isinstance(value, dict | Peering):
        return value
    if value not in ("ensure", "require", "ignore"):
        raise fault("it is not one of the choices", "write 'ensure', 'require' or 'ignore', or a mapping")
    return {"mode": value}


class Profile(Placement):
    """One way to be connected. A rule or a tag chooses it by name."""

    placements: Mapping[SetName, OnePlacement] = {}
    """Several endpoints for one resource, each with zones and links of its own, in place of `subnets` and
    `find`."""
    adopt_in: tuple[PlaceText, ...] = ()
    """Where an approved endpoint that someone else made counts as ours would: sets, networks, subnets, or
    `own` (the networks of the resource's own subscription), beside the profile's own subnets."""
    groups: Mapping[TypeName, Annotated[tuple[StrictStr, ...], Field(min_length=1)]] = {}
    """Which sub-resources of a type to connect, where the catalogue's choice is not wanted."""
    clients: tuple[ClientText, ...] = ()
    """Who must resolve and reach the endpoints: virtual networks, subnets, sets of networks, `own` (the
    networks of the resource's own subscription), and ranges of addresses (for rules and routes alone)."""
    peering: Annotated[
        Peering,
        BeforeValidator(_with_mode, json_schema_input_type=Literal["ensure", "require", "ignore"] | Peering),
    ] = Peering()
    """The mode alone, or a mapping."""
    dns: Dns
    """Who keeps the names."""
    nsg: Nsg = Nsg()
    """Rules between clients and endpoints."""
    application_security_groups: Mapping[Region, SecurityGroupId] = {}
    """Groups that our endpoints are put in, by region."""
    routes: Literal["ignore", "report"] = "ignore"
    """`report`: find the next hop of each client subnet to each endpoint and report it with the proof. Route
    tables are never written."""
    approval: ApprovalText = Approval()
    """`auto`, or `request ("message")`: the target's owner approves, and sees the message."""
    public_access: Literal["leave", "disable"] = "leave"
    """`disable`: disable public network access, after the private path is proven. Never enabled again."""
    may_lose_access: Mapping[TypeName, Annotated[tuple[StrictStr, ...], Field(min_length=1)]] = {}
    """What may lose access when public network access is disabled, by type: sub-resources without an endpoint
    (such as queue), `firewall rules`, `service endpoints`, `pending endpoints`, `trusted services`. Otherwise
    public access stays as it is while any of these exists."""
    on_opt_out: Literal["keep", "remove"] = "keep"
    """What happens to objects that Causeway made, once the resource is opted out."""
    mode: Mode | None = None
    """How far this profile goes, in place of the file's `mode`."""
    limits: ProfileLimits = ProfileLimits()
    """Bounds of this profile."""

    @cached_property
    def listed(self) -> Networks:
        """The networks that it lists by id, without those of sets and `own`."""
        return self.meant({}, ())

    @cached_property
    def words(self) -> frozenset[str]:
        """The names of sets that it uses, and `own`."""
        listed = [*self.clients, *self.adopt_in, *self.dns.servers.values(), self.peering.through]
        links = [self.dns.link, *(one.dns.link or () for one in self.placements.values())]
        every = (*listed, *(word for some in links for word in some))
        return frozenset(word for word in every if isinstance(word, str)) - {"clients", "none"}

    @property
    def own_group(self) -> bool:
        """`own` means the resource's own group, as `find` says, and not its subscription."""
        places = (self, *self.placements.values())
        return any(one.find is not None and one.find.own == "resource_group" for one in places)

    def meant(self, sets: Sets, own: tuple[ResourceId, ...]) -> Networks:
        """The networks that it means. `own`: those of the resource's own subscription or resource group."""
        known = {**sets, "own": own}
        ids = _ids(self.clients, known)
        whole = [one for one in ids if not one.parent]
        parts: dict[ResourceId, frozenset[ResourceId]] = {}
        for one in ids:
            if (network := one.parent) and network not in whole:
                parts[network] = parts.get(network, frozenset()) | {one}
        ranges = tuple(str(one) for one in self.clients if isinstance(one, IPv4Network | IPv6Network))
        clients = tuple(dict.fromkeys((*whole, *parts)))
        with_clients = {**known, "clients": clients}
        links = {name: _link_of(self, one) for name, one in self.places.items()}
        return Networks(
            clients,
            parts,
            ranges,
            {name: _ids(words, with_clients) for name, words in links.items()},
            {address: _ids((word,), known) for address, word in self.dns.servers.items()},
            _ids((self.peering.through,) if self.peering.through else (), known),
            _ids(self.adopt_in, known),
        )

    @property
    def places(self) -> Mapping[str, Placement]:
        """The placements by name; the name of a profile's only one is empty."""
        return self.placements or {"": self}

    @property
    def every_subnet(self) -> frozenset[ResourceId]:
        """Every subnet that it lists, for any placement and type."""
        listed = [by for one in self.places.values() for by in (one.subnets, *one.types.values())]
        return frozenset(at for by_region in listed for subnets in by_region.values() for at in subnets)

    @cached_property
    def each(self) -> Mapping[str, Profile]:
        """A profile for each placement, as if that were its only one, by the placement's name."""
        return {name: _alone(self, one) for name, one in self.placements.items()} or {"": self}


def _alone(profile: Profile, one: OnePlacement) -> Profile:
    """The profile as if this placement were its only one."""
    own = {name: getattr(one, name) for name in Placement.model_fields}
    for name in ("endpoints_resource_group", "fallback_region"):
        if name not in one.model_fields_set:
            own[name] = getattr(profile, name)
    dns = {name: getattr(one.dns, name) for name in one.dns.model_fields_set}
    dns["zones"] = zones_of(profile, one)
    every = {name: getattr(profile, name) for name in Profile.model_fields}
    every |= {**own, "dns": profile.dns.model_copy(update=dns), "placements": {}}
    return Profile.model_construct(**every)


def zones_of(profile: Profile, place: Placement) -> Mapping[str, ResourceGroupId]:
    """Where single zones are: what a placement does not say, its profile does."""
    if not isinstance(place, OnePlacement):
        return profile.dns.zones
    own = {word.lower() for word in place.dns.zones}
    left = {word: home for word, home in profile.dns.zones.items() if word.lower() not in own}
    return {**place.dns.zones, **left}


def _link_of(profile: Profile, place: Placement) -> SetsOrNetworks:
    """What a placement says of links, or else its profile."""
    own = place.dns.link if isinstance(place, OnePlacement) else None
    return profile.dns.link if own is None else own


def _ids(words: Iterable[object], known: Sets) -> tuple[ResourceId, ...]:
    """Ids in place of words, each once. Ranges of addresses, and words that are not known, have none."""
    found: list[ResourceId] = []
    for word in words:
        found += [word] if isinstance(word, ResourceId) else known.get(str(word), ())
    return tuple(dict.fromkeys(found))
