"""A policy without mistakes, and mistakes that are planted in it, each with what cures it."""

import copy
from dataclasses import dataclass
from typing import Any

import yaml

from shared.core.policy.policy import Findings, check

SUB = "00000000-0000-0000-0000-000000000001"
OTHER = "00000000-0000-0000-0000-000000000002"
GROUP = f"/subscriptions/{SUB}/resourceGroups/rg-n"
NETWORKS = f"{GROUP}/providers/Microsoft.Network/virtualNetworks"
HUB, HUB_NE = f"{NETWORKS}/hub-we", f"{NETWORKS}/hub-ne"
SUBNET, SUBNET_NE = f"{HUB}/subnets/e", f"{HUB_NE}/subnets/e"
ELSEWHERE = SUBNET.replace(SUB, OTHER)
ASG = f"{GROUP}/providers/Microsoft.Network/applicationSecurityGroups/asg"
STORAGE, VAULTS, SQL = (
    "Microsoft.Storage/storageAccounts",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Sql/servers",
)

REMOVE = object()
type Path = tuple[str | int, ...]
type Change = tuple[Path, Any]


def zones(name: str) -> str:
    return f"/subscriptions/{SUB}/resourceGroups/{name}"


MANAGE = {"mode": "manage", "zones_resource_group": zones("rg-dns")}
FIND = {"subnet": ["pe"]}
BASE: dict[str, Any] = {
    "version": 1,
    "subscriptions": [SUB],
    "opt_in": {"tag_may_choose": []},
    "networks": {"we": [HUB], "sp": {"peered_with": "we"}},
    "rules": [{"name": "all", "profile": "default"}],
    "profiles": {"default": {"subnets": {"westeurope": [SUBNET]}, "clients": ["sp"], "dns": MANAGE}},
}


def changed(changes: tuple[Change, ...], document: dict[str, Any] = BASE) -> dict[str, Any]:
    """The document with these values; REMOVE takes a key or an entry out."""
    made = copy.deepcopy(document)
    for (*above, last), value in changes:
        found: Any = made
        for part in above:
            found = found.setdefault(part, {}) if isinstance(part, str) else found[part]
        if value is REMOVE:
            del found[last]
        elif isinstance(found, list) and last == len(found):
            found.append(value)
        else:
            found[last] = copy.deepcopy(value)
    return made


def text_of(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False)


def found_in(document: dict[str, Any]) -> Findings:
    return check(text_of(document))


@dataclass(frozen=True)
class Planted:
    """A mistake. `says`: part of its problem. `cure`: what its remedy says, as changes of the policy."""

    changes: tuple[Change, ...]
    path: str
    says: str
    remedy: str
    cure: tuple[Change, ...]
    level: str = "fault"


def rules(*listed: dict[str, Any]) -> Change:
    return (("rules",), [{"name": f"r{n}", "profile": "default", **one} for n, one in enumerate(listed)])


def match(**fields: Any) -> dict[str, Any]:
    return {"match": fields}


def beside(**profile: Any) -> tuple[Change, ...]:
    """A profile `b` that a tag may choose."""
    made = {"subnets": {"northeurope": [SUBNET_NE]}, "dns": MANAGE, **profile}
    return ((("profiles", "b"), {key: value for key, value in made.items() if value is not REMOVE}), MAY_B)


def placed(one: dict[str, Any], other: dict[str, Any], **profile: Any) -> tuple[Change, ...]:
    """A profile `b` with two placements: one in each hub."""
    first, second = (
        {"subnets": {"westeurope": [SUBNET]}, "dns": one},
        {"subnets": {"northeurope": [SUBNET_NE]}, "dns": other},
    )
    placements = {"one": first, "two": second}
    return beside(**{"subnets": REMOVE, "placements": placements, "dns": {"mode": "manage"}, **profile})


MAY_B: Change = (("opt_in", "tag_may_choose"), ["b"])
B: Path = ("profiles", "b")
DEFAULT: Path = ("profiles", "default")
NO_RULE_1: tuple[Change, ...] = ((("rules", 1), REMOVE),)
FROM_ONE = [{"link": "we", "zones_resource_group": zones(name)} for name in ("z1", "z2")]
FROM_HUB = [{"link": hub, "zones_resource_group": zones(name)} for hub, name in ((HUB, "z1"), (HUB_NE, "z2"))]

PLANTED: dict[str, Planted] = {
    # Rules that no resource reaches
    "a rule behind a wider one": Planted(
        (rules(match(type=STORAGE), match(type=STORAGE, region="westeurope")),),
        "rules[1]", "rules[0] 'r0' takes all that it matches", "move it before rules[0]",
        (rules(match(type=STORAGE, region="westeurope"), match(type=STORAGE)),),
    ),
    "a rule behind an equal one": Planted(
        (rules(match(type=STORAGE), match(type=[STORAGE])),),
        "rules[1]", "never reached", "remove it", NO_RULE_1,
    ),
    "a rule behind a wider pattern": Planted(
        (rules(match(resource_group="rg-*"), match(resource_group="rg-app-?", type=VAULTS)),),
        "rules[1]", "never reached", "remove it, or move it", NO_RULE_1,
    ),
    "a rule behind two rules together": Planted(
        (rules(match(region="westeurope"), match(region="northeurope"),
               match(region=["northeurope", "westeurope"], type=VAULTS)),),
        "rules[2]", "rules[0] 'r0' and rules[1] 'r1' together take", "remove it, or move it before rules[0]",
        (rules(match(region=["northeurope", "westeurope"], type=VAULTS), match(region="westeurope"),
               match(region="northeurope")),),
    ),
    "a rule behind one that matches everything": Planted(
        (rules({}, match(resource_group="x")),), "rules[1]", "never reached", "move it before rules[0]",
        (rules(match(resource_group="x"), {}),),
    ),
    "a rule that differs in case": Planted(
        (rules(match(resource_group="RG-APP"), match(resource_group="rg-app")),),
        "rules[1]", "never reached", "remove it", NO_RULE_1,
    ),
    "a rule behind a pattern of types": Planted(
        (rules(match(type="Microsoft.Storage/*"), match(type=STORAGE.lower())),),
        "rules[1]", "never reached", "remove it", NO_RULE_1,
    ),
    "a rule behind the only subscription": Planted(
        (rules(match(subscription=SUB), match(region="westeurope")),),
        "rules[1]", "never reached", "move it", (rules(match(region="westeurope"), match(subscription=SUB)),),
    ),
    "a rule behind two of which it takes one": Planted(
        (rules(match(name="a*"), match(name="b1"), match(name=["a1", "b1"])),),
        "rules[2]", "rules[1] 'r1' together take all", "remove it", ((("rules", 2), REMOVE),),
    ),
    "a rule for what is excluded": Planted(
        ((("exclude",), [{"resource_group": "rg-*"}]), rules(match(resource_group="rg-app"), {})),
        "rules[0]", "exclude[0] takes all that it matches", "remove it", ((("rules", 0), REMOVE),),
    ),
    "a rule for a subscription that is not watched": Planted(
        (rules(match(subscription=OTHER), {}),), "rules[0].match.subscription",
        "none of these subscriptions is watched", "add one to subscriptions",
        ((("subscriptions",), [SUB, OTHER]),),
    ),
    "a rule for the tag that opts out": Planted(
        (MAY_B, *beside(), rules({**match(tags={"private-connectivity": "disabled"}), "profile": "b"}, {})),
        "rules[0].match.tags", "is left alone before rules are read", "remove the rule",
        ((("rules", 0), REMOVE),),
    ),
    "an id in place of a name": Planted(
        (rules(match(resource_group=f"/subscriptions/{SUB}/*"), {}),),
        "rules[0].match.resource_group[0]", "no name has a slash", "write the name alone",
        ((("rules", 0, "match", "resource_group"), "rg-*"),),
    ),
    "an id of a subnet in place of its name": Planted(
        beside(subnets=REMOVE, find={"subnet": SUBNET}), "profiles.b.find.subnet[0]", "no name has a slash",
        "write the name alone", (((*B, "find", "subnet"), "e"),),
    ),
    "a name with a space at its end": Planted(
        ((("exclude",), [{"name": "orders "}]),), "exclude[0].name[0]", "ends with a space",
        "leave the space out", ((("exclude", 0, "name"), "orders"),),
    ),
    "an exclusion in a subscription that is not watched": Planted(
        ((("exclude",), [{"subscription": OTHER}]),), "exclude[0].subscription", "it leaves out nothing",
        "remove the entry", ((("exclude", 0), REMOVE),), "warning",
    ),
    "a type in two spellings": Planted(
        (((*DEFAULT, "groups"), {STORAGE: ["blob"], STORAGE.upper(): ["file"]}),),
        f"profiles.default.groups.{STORAGE.upper()}", f"also spelled {STORAGE}", "keep one",
        (((*DEFAULT, "groups", STORAGE.upper()), REMOVE),),
    ),
    "a region of a type in two spellings": Planted(
        (((*DEFAULT, "types"), {SQL: {"westeurope": [SUBNET], "West Europe": [SUBNET]}}),),
        f"profiles.default.types.{SQL}.West Europe", "also spelled westeurope", "keep one",
        (((*DEFAULT, "types", SQL, "West Europe"), REMOVE),),
    ),
    "a tag of a rule in two spellings": Planted(
        (rules({**match(tags={"env": "a", "Env": "b"}), "profile": "none"}, {}),), "rules[0].match.tags.Env",
        "also spelled env", "keep one", ((("rules", 0, "match", "tags", "Env"), REMOVE),),
    ),
    # Patterns
    "a pattern of types that fits nothing": Planted(
        (rules(match(type="Microsoft.Storag/*"), {}),), "rules[0].match.type[0]",
        "no type of the catalogue fits", "did you mean Microsoft.Storage/storageAccounts?",
        ((("rules", 0, "match", "type"), "Microsoft.Storage/*"),),
    ),
    "a regular expression": Planted(
        (rules(match(resource_group="^rg-(prod|dev)$"), {}),), "rules[0].match.resource_group[0]",
        "only the wildcards * and ?", "one pattern for each alternative",
        ((("rules", 0, "match", "resource_group"), ["rg-prod", "rg-dev"]),),
    ),
    # What rules name
    "a rule that matches a tag and chooses what tags may not": Planted(
        (rules(match(tags={"env": "prod"}), {}),), "rules[0].profile", "a tag may not choose this profile",
        "add default to opt_in.tag_may_choose", ((("opt_in", "tag_may_choose"), ["default"]),),
    ),
    "rules without what tags may choose": Planted(
        ((("opt_in", "tag_may_choose"), REMOVE),), "opt_in.tag_may_choose",
        "say which profiles a tag may choose", "write [] for none", ((("opt_in", "tag_may_choose"), []),),
    ),
    "a rule for a profile that is missing": Planted(
        (rules({"profile": "defualt"}),), "rules[0].profile", "no profile is called so",
        "did you mean default?", ((("rules", 0, "profile"), "default"),),
    ),
    "a tag that may choose a profile that is missing": Planted(
        ((("opt_in", "tag_may_choose"), ["defualt"]),), "opt_in.tag_may_choose[0]",
        "no profile is called so", "did you mean default?", ((("opt_in", "tag_may_choose"), ["default"]),),
    ),
    "two rules of one name": Planted(
        (rules({**match(region="westeurope"), "name": "Pilot"}, {"name": "pilot"}),), "rules[1].name",
        "rules[0] has this name too", "a name of its own", ((("rules", 1, "name"), "other"),),
    ),
    "a profile that no rule can name": Planted(
        ((("profiles", "none"), BASE["profiles"]["default"]),), "profiles.none", "leaves resources alone",
        "give the profile another name", ((("profiles", "none"), REMOVE), *beside()),
    ),
    "types that are always connected by a profile that is missing": Planted(
        ((("profiles", "b"), BASE["profiles"]["default"]), (DEFAULT, REMOVE),
         rules({**match(type=STORAGE), "profile": "b"}), (("opt_in", "always"), [VAULTS])),
        "opt_in.always", "it is missing", "add a profile `default`",
        ((DEFAULT, {"subnets": {"westeurope": [SUBNET]}, "dns": MANAGE}),),
    ),
    "a name in a wide scope": Planted(
        ((("management_groups",), ["mg"]), rules(match(resource_group="rg-pci"), {})),
        "rules[0].match.resource_group", "can take such a name", "add management_group or subscription",
        ((("rules", 0, "match", "management_group"), "mg"),), "warning",
    ),
    "a mode of a rule that leaves alone": Planted(
        (rules({**match(region="westeurope"), "profile": "none", "mode": "plan"}, {}),), "rules[0].mode",
        "it has no effect", "leave it out", ((("rules", 0, "mode"), REMOVE),), "warning",
    ),
    # Exclusions
    "an exclusion inside another one": Planted(
        ((("exclude",), [{"resource_group": "rg-a", "type": SQL}, {"resource_group": "rg-*"}]),),
        "exclude[0]", "exclude[1] leaves out all of it", "remove it", ((("exclude", 0), REMOVE),), "warning",
    ),
    "an exclusion of everything": Planted(
        ((("exclude",), [{}]), (("rules",), REMOVE)), "exclude[0]", "it leaves out every resource",
        "name what is left out", ((("exclude", 0), {"name": "x"}),), "warning",
    ),
    # Sets of networks
    "a set by a tag without a fence": Planted(
        ((("networks", "sp"), {"tags": {"join": "yes"}}),), "networks.sp",
        "everyone who can make a network", "add a fence", ((("networks", "sp", "peered_with"), "we"),),
    ),
    "a fence that everything is inside": Planted(
        ((("networks", "sp"), {"management_group": "*", "name": "vnet-*"}),), "networks.sp",
        "everyone who can make a network", "a management group's name",
        ((("networks", "sp", "management_group"), "mg-corp"),),
    ),
    "a fence of wildcards alone": Planted(
        ((("networks", "sp"), {"management_group": ["mg-corp", "?*"], "name": "vnet-*"}),), "networks.sp",
        "everyone who can make a network", "a management group's name",
        ((("networks", "sp", "management_group"), "mg-corp"),),
    ),
    "a fence that is a selector": Planted(
        ((("networks", "x"), {"peered_with": "sp"}), ((*DEFAULT, "clients"), ["x", "sp"])),
        "networks.x.peered_with", "the operator's own list", "name a set that lists ids: we",
        ((("networks", "x", "peered_with"), "we"),),
    ),
    "a fence that is missing": Planted(
        ((("networks", "sp"), {"peered_with": "west"}),), "networks.sp.peered_with", "no set is called so",
        "did you mean we?", ((("networks", "sp", "peered_with"), "we"),),
    ),
    "a set that selects nothing": Planted(
        ((("networks", "sp"), {}),), "networks.sp", "it selects no network", "peered_with",
        ((("networks", "sp", "peered_with"), "we"),),
    ),
    "a set that leaves out all that it names": Planted(
        ((("networks", "sp"), {"peered_with": "we", "name": "vnet-a*", "but_not": "VNET-*"}),),
        "networks.sp.but_not", "it selects no network", "narrow but_not",
        ((("networks", "sp", "but_not"), "vnet-ab"),),
    ),
    "a set with a reserved word": Planted(
        ((("networks", "own"), [HUB]),), "networks.own", "a meaning of its own", "another name",
        ((("networks", "own"), REMOVE),),
    ),
    "a set that nothing uses": Planted(
        ((("networks", "x"), [HUB]),), "networks.x", "nothing uses this set", "remove it",
        ((("networks", "x"), REMOVE),), "warning",
    ),
    "clients of a set that is missing": Planted(
        (((*DEFAULT, "clients"), ["sp", "spokes"]),), "profiles.default.clients[1]", "no set is called so",
        "add it to networks", ((("networks", "spokes"), [HUB]),),
    ),
    "a link to a set that is missing": Planted(
        (((*DEFAULT, "dns", "link"), ["wee"]),), "profiles.default.dns.link[0]", "no set is called so",
        "did you mean we?", (((*DEFAULT, "dns", "link"), ["we"]),),
    ),
    "a server of a set that is missing": Planted(
        (((*DEFAULT, "dns", "servers"), {"10.0.0.4": "wee"}),), "profiles.default.dns.servers.10.0.0.4",
        "no set is called so", "did you mean we?", (((*DEFAULT, "dns", "servers"), {"10.0.0.4": "we"}),),
    ),
    "a hub that is missing": Planted(
        (((*DEFAULT, "peering"), {"mode": "ensure", "through": "wee"}),), "profiles.default.peering.through",
        "no set is called so", "did you mean we?", (((*DEFAULT, "peering", "through"), "we"),),
    ),
    "endpoints that are accepted in a set that is missing": Planted(
        (((*DEFAULT, "adopt_in"), ["own", "wee"]),), "profiles.default.adopt_in[1]", "no set is called so",
        "did you mean we?", (((*DEFAULT, "adopt_in"), ["own", "we"]),),
    ),
    "a link to none and to a network": Planted(
        (((*DEFAULT, "dns", "link"), ["none", "we"]),), "profiles.default.dns.link",
        "beside other words it has no meaning", "leave it out", (((*DEFAULT, "dns", "link"), ["we"]),),
    ),
    # Placements
    "two placements in one set of zones": Planted(
        placed({"link": HUB}, {"link": HUB_NE}, dns=MANAGE),
        "profiles.b.placements.two.dns.zones_resource_group", "would write the same records",
        "its own zones_resource_group",
        (((*B, "placements", "two", "dns", "zones_resource_group"), zones("z2")),),
    ),
    "two placements with one zone of a type": Planted(
        placed(*FROM_HUB, dns={"mode": "manage", "zones": {SQL: zones("z3")}}),
        "profiles.b.placements.two.dns.zones", f"the same records of {SQL}", "its own group under zones",
        (((*B, "placements", "two", "dns", "zones"), {SQL: zones("z4")}),),
    ),
    "a placement with one zone where another one has all": Planted(
        placed(FROM_HUB[0], FROM_HUB[1] | {"zones": {SQL: zones("z1")}}),
        "profiles.b.placements.two.dns", "would write the same records", "other groups",
        (((*B, "placements", "two", "dns", "zones"), {SQL: zones("z4")}),),
    ),
    "two placements that name one zone in two ways": Planted(
        placed(
            FROM_HUB[0] | {"zones": {STORAGE: zones("z3")}},
            FROM_HUB[1] | {"zones": {"privatelink.blob.core.windows.net": zones("z3")}},
        ),
        "profiles.b.placements.two.dns", "would write the same records", "other groups",
        (((*B, "placements", "two", "dns", "zones"), REMOVE),),
    ),
    "two placements that link one network": Planted(
        placed(*FROM_ONE), "profiles.b.placements.two.dns.link", "link hub-we to two zones of one name",
        "give each placement other networks", (((*B, "placements", "two", "dns", "link"), HUB_NE),),
    ),
    "two placements that link the clients": Planted(
        placed({"zones_resource_group": zones("z1")}, {"zones_resource_group": zones("z2")}, clients=["sp"]),
        "profiles.b.placements.two", "link sp to two zones of one name", "other networks",
        (((*B, "placements", "two", "dns", "link"), HUB_NE),),
    ),
    "placements beside subnets": Planted(
        placed(*FROM_HUB, subnets={"westeurope": [SUBNET]}), "profiles.b.subnets",
        "the profile has placements", "leave it out", (((*B, "subnets"), REMOVE),),
    ),
    "placements beside find": Planted(
        placed(*FROM_HUB, find=FIND), "profiles.b.find", "the profile has placements", "leave it out",
        (((*B, "find"), REMOVE),),
    ),
    "a placement's fallback region without subnets": Planted(
        (*placed(*FROM_HUB), ((*B, "placements", "two", "fallback_region"), "westeurope")),
        "profiles.b.placements.two.fallback_region", "has no subnet in this region", "one of: northeurope",
        (((*B, "placements", "two", "fallback_region"), "northeurope"),),
    ),
    "a fallback region that only one type has": Planted(
        beside(types={SQL: {"westeurope": [SUBNET]}}, fallback_region="westeurope"),
        "profiles.b.fallback_region", f"only {SQL} has subnets in this region", "for the other types too",
        (((*B, "subnets", "westeurope"), [SUBNET]),), "warning",
    ),
    "a fallback region without subnets": Planted(
        beside(types={SQL: {"uksouth": [SUBNET]}}, fallback_region="westeurope"),
        "profiles.b.fallback_region", "has no subnet in this region", "one of: northeurope",
        (((*B, "fallback_region"), "northeurope"),),
    ),
    "a type's subnet in another subscription than the endpoints": Planted(
        beside(types={SQL: {"northeurope": [ELSEWHERE]}}, endpoints_resource_group=zones("rg-pe")),
        f"profiles.b.types.{SQL}.northeurope[0]", "in another subscription", "use one subscription",
        (((*B, "types", SQL, "northeurope"), [SUBNET]),),
    ),
    "a subnet in another subscription than its region's endpoints": Planted(
        beside(subnets={"westeurope": [ELSEWHERE]}, endpoints_resource_group={"westeurope": zones("rg-pe")}),
        "profiles.b.subnets.westeurope[0]", "in another subscription", "use one subscription",
        (((*B, "subnets", "westeurope"), [SUBNET]),),
    ),
    "endpoints in the groups of resources of other subscriptions": Planted(
        (*beside(endpoints_resource_group="target"), (("subscriptions",), [SUB, OTHER])),
        "profiles.b.endpoints_resource_group", "resources of others are watched too", "write subnet",
        (((*B, "endpoints_resource_group"), "subnet"),), "warning",
    ),
    "addresses without a subnet": Planted(
        beside(addresses={"westeurope": "10.0.0.0/26"}), "profiles.b.addresses.westeurope",
        "no subnet is in this region", "list a subnet", (((*B, "subnets", "westeurope"), [SUBNET]),),
    ),
    "addresses of IPv6": Planted(
        beside(addresses={"northeurope": "fd00::/64"}), "profiles.b.addresses.northeurope", "IPv4",
        "such as 10.1.4.64/26", (((*B, "addresses", "northeurope"), "10.1.4.64/26"),),
    ),
    "a range for a few addresses": Planted(
        beside(addresses={"northeurope": "10.1.4.64/30"}), "profiles.b.addresses.northeurope",
        "it has 4 addresses", "8 or more", (((*B, "addresses", "northeurope"), "10.1.4.64/29"),), "warning",
    ),
    "addresses of two profiles": Planted(
        (*beside(subnets={"westeurope": [SUBNET]}, addresses={"westeurope": "10.0.0.0/25"}),
         ((*DEFAULT, "addresses"), {"westeurope": "10.0.0.64/26"})),
        "profiles.b.addresses.westeurope", "it has addresses of profiles.default, 10.0.0.64/26",
        "its own range", (((*B, "addresses", "westeurope"), "10.0.0.128/25"),),
    ),
    "two profiles that link one network": Planted(
        beside(dns={"mode": "manage", "zones_resource_group": zones("z2")}, clients=["sp"]),
        "profiles.b.dns", "sp would be linked to two zones of one name", "use one group for the zones",
        (((*B, "dns", "zones_resource_group"), zones("rg-dns")),), "warning",
    ),
    "two profiles that link one network, of which one has placements": Planted(
        (*placed(*FROM_HUB), ((*DEFAULT, "clients"), [HUB_NE]), (("networks",), REMOVE)),
        "profiles.b.placements.two.dns", "hub-ne would be linked to two zones", "link other networks",
        (((*DEFAULT, "dns", "link"), ["none"]),), "warning",
    ),
    # Peerings
    "a mesh": Planted(
        beside(subnets=REMOVE, find=FIND, clients=["sp"], peering="ensure"), "profiles.b.peering.through",
        "each would be peered with every other one", "write `through`",
        (((*B, "peering"), {"mode": "ensure", "through": "we"}),),
    ),
    "remote gateways without their other half": Planted(
        beside(peering={"mode": "ensure", "spoke": ["remote_gateways"]}), "profiles.b.peering.spoke[0]",
        "it needs gateway_transit", "add gateway_transit to hub",
        (((*B, "peering", "hub"), ["gateway_transit"]),),
    ),
    "a flag on the wrong side": Planted(
        beside(peering={"mode": "ensure", "hub": ["gateway_transit", "remote_gateways"]}),
        "profiles.b.peering.hub[1]", "a flag of the spoke's side", "move it to spoke",
        (((*B, "peering"), {"mode": "ensure", "hub": ["gateway_transit"], "spoke": ["remote_gateways"]}),),
    ),
    "the gateways of two hubs": Planted(
        (*beside(peering={"mode": "ensure", "through": "we", "hub": ["gateway_transit"],
                          "spoke": ["remote_gateways"]}), (("networks", "we"), [HUB, HUB_NE])),
        "profiles.b.peering.spoke[0]", "the gateways of one other network", "leave it out",
        (((*B, "peering", "spoke"), REMOVE),), "warning",
    ),
    "flags of peerings that are never made": Planted(
        beside(peering={"mode": "require", "hub": ["gateway_transit"]}), "profiles.b.peering.hub",
        "no effect with mode require", "set another mode", (((*B, "peering", "mode"), "ensure"),), "warning",
    ),
    # Security rules
    "rules by a security group that is not given": Planted(
        beside(subnets=REMOVE, find=FIND, nsg={"mode": "ensure", "destination": "group"}),
        "profiles.b.nsg.destination", "it needs application_security_groups",
        "set destination to addresses", (((*B, "nsg", "destination"), "addresses"),),
    ),
    "a security group over many networks": Planted(
        beside(subnets=REMOVE, find=FIND, nsg={"mode": "ensure", "destination": "group"},
               application_security_groups={"westeurope": ASG}),
        "profiles.b.nsg.destination", "one network only", "set destination to addresses",
        (((*B, "nsg", "destination"), "subnet"), ((*B, "application_security_groups"), REMOVE)),
    ),
    "a security group over two networks of a region": Planted(
        beside(subnets={"northeurope": [SUBNET_NE, SUBNET]}, nsg={"mode": "ensure", "destination": "group"},
               application_security_groups={"northeurope": ASG}),
        "profiles.b.nsg.destination", "northeurope has subnets of several", "set destination to addresses",
        (((*B, "nsg", "destination"), "addresses"), ((*B, "application_security_groups"), REMOVE)),
    ),
    "a region without a security group": Planted(
        beside(nsg={"mode": "ensure", "destination": "group"},
               application_security_groups={"westeurope": ASG}),
        "profiles.b.nsg.destination", "has no group for northeurope", "add one",
        (((*B, "application_security_groups", "northeurope"), ASG),),
    ),
    "a security group for a region without a subnet": Planted(
        beside(application_security_groups={"westeurope": ASG}),
        "profiles.b.application_security_groups.westeurope", "no subnet is in this region", "leave it out",
        (((*B, "application_security_groups"), REMOVE),), "warning",
    ),
    "rules by subnet that open the endpoints of another profile": Planted(
        beside(subnets={"westeurope": [SUBNET]}, clients=["10.0.0.0/8"],
               nsg={"mode": "ensure", "destination": "subnet"}),
        "profiles.b.nsg.destination", "10.0.0.0/8 also get to the endpoints of profile default in e",
        "set destination to addresses", (((*B, "nsg", "destination"), "addresses"),), "warning",
    ),
    "priorities of rules that are never written": Planted(
        beside(nsg={"mode": "require", "priorities": [100, 200]}), "profiles.b.nsg.priorities",
        "no effect with mode require", "leave it out", (((*B, "nsg", "priorities"), REMOVE),), "warning",
    ),
    # Names
    "names without the sub-resource": Planted(
        ((("naming", "endpoint"), "pe-{name}"),), "naming.endpoint", "two sub-resources of one resource",
        "add {group} or {hash}", ((("naming", "endpoint"), "pe-{name}-{hash}"),),
    ),
    "names with too little of the sub-resource": Planted(
        ((("naming", "endpoint"), "pe-{name}-{group:1}"),), "naming.endpoint", "two sub-resources",
        "add {group} or {hash}", ((("naming", "endpoint"), "pe-{name}-{group:1}-{hash}"),),
    ),
    "names of interfaces without a field": Planted(
        ((("naming", "network_interface"), "nic"),), "naming.network_interface", "all get one name",
        "add {hash}", ((("naming", "network_interface"), "nic-{hash}"),),
    ),
    "names without the placement": Planted(
        (*placed(*FROM_HUB), (("naming", "endpoint"), "pe-{name}-{group}")), "naming.endpoint",
        "two placements of profile b", "add {placement} or {hash}",
        ((("naming", "endpoint"), "pe-{name}-{group}-{placement}"),),
    ),
    "names that differ only by the group of the resource": Planted(
        ((("naming", "endpoint"), "pe-{name}-{group}"),), "naming.endpoint", "resources of one name",
        "add {hash}", ((("naming", "endpoint"), "pe-{name}-{group}-{hash}"),), "warning",
    ),
    "a field that does not exist": Planted(
        ((("naming", "endpoint"), "pe-{nmae}-{hash}"),), "naming.endpoint", "there is no field {nmae}",
        "known: group, hash, name", ((("naming", "endpoint"), "pe-{name}-{hash}"),),
    ),
    "a character that a name cannot have": Planted(
        ((("naming", "endpoint"), "pe/{name}-{hash}"),), "naming.endpoint", "cannot have this character",
        "letters, digits", ((("naming", "endpoint"), "pe-{name}-{hash}"),),
    ),
    "a brace too many": Planted(
        ((("naming", "rule"), "{name}}-{hash}"),), "naming.rule", "a brace without its other half",
        "write fields as {name}", ((("naming", "rule"), "{name}-{hash}"),),
    ),
    "links of one name": Planted(
        ((("naming", "link"), "link"),), "naming.link", "the links of two networks", "add {network}",
        ((("naming", "link"), "link-{network}"),),
    ),
    "peerings of one name": Planted(
        ((("naming", "peering"), "to-{hub}"),), "naming.peering", "two peerings of one network",
        "both {hub} and {spoke}", ((("naming", "peering"), "{spoke}-to-{hub}"),),
    ),
    "a word for a type that a name cannot have": Planted(
        ((("naming",), {"endpoint": "{type}-{name}-{hash}", "types": {STORAGE: "a b"}}),),
        f"naming.types.{STORAGE}", "a name cannot have this", "letters",
        ((("naming", "types", STORAGE), "st"),),
    ),
    "words for regions that no name uses": Planted(
        ((("naming", "regions"), {"westeurope": "weu"}),), "naming.regions", "no name has the field {region}",
        "leave it out", ((("naming", "regions"), REMOVE),), "warning",
    ),
    "a word for a region that is misspelled": Planted(
        ((("naming",), {"endpoint": "{region}-{name}-{hash}", "regions": {"westeurpoe": "weu"}}),),
        "naming.regions.westeurpoe", "no region is spelled like this", "did you mean westeurope?",
        ((("naming", "regions"), {"westeurope": "weu"}),),
    ),
    "a tag from a field that tags do not have": Planted(
        ((("tags", "id"), "{hash}"),), "tags.id", "there is no field {hash}", "known:",
        ((("tags", "id"), "{name}"),),
    ),
    "a tag that Causeway writes itself": Planted(
        ((("tags", "Managed-By"), "terraform"),), "tags.Managed-By", "Causeway writes this tag itself",
        "leave it out", ((("tags", "Managed-By"), REMOVE),),
    ),
    "asked for by a tag of our own": Planted(
        ((("opt_in", "tag"), "Managed-By"),), "opt_in.tag", "Causeway tags what it makes with it",
        "choose another name", ((("opt_in", "tag"), REMOVE),),
    ),
    "one tag in two spellings": Planted(
        ((("tags",), {"env": "a", "ENV": "b"}),), "tags.ENV", "also spelled env", "keep one",
        ((("tags", "ENV"), REMOVE),),
    ),
    # Keys without effect
    "servers without names": Planted(
        beside(dns={"mode": "none", "servers": {"10.0.0.4": "we"}}), "profiles.b.dns.servers",
        "no effect with mode none", "leave it out", (((*B, "dns", "servers"), REMOVE),), "warning",
    ),
    "a group of networks beside the resource's own": Planted(
        beside(subnets=REMOVE, find={"own": "resource_group", "resource_group": "rg-net", "subnet": "pe"}),
        "profiles.b.find.resource_group", "no effect with own: resource_group", "leave it out",
        (((*B, "find", "resource_group"), REMOVE),), "warning",
    ),
    "a placement without a place": Planted(
        (*placed(*FROM_HUB), ((*B, "placements", "two", "subnets"), REMOVE)),
        "profiles.b.placements.two.subnets", "there is no place for endpoints", "say with find",
        (((*B, "placements", "two", "find"), FIND),),
    ),
    "a link that each placement replaces": Planted(
        placed(*FROM_HUB, dns={"mode": "manage", "link": "we"}), "profiles.b.dns.link",
        "each placement has its own", "leave it out", (((*B, "dns", "link"), REMOVE),), "warning",
    ),
    "a limit above the file's": Planted(
        beside(limits={"creations_per_hour": 501}), "profiles.b.limits.creations_per_hour",
        "the limit of the file is 500", "a lower number", (((*B, "limits", "creations_per_hour"), 500),),
        "warning",
    ),
    "types that a rule takes before they are always connected": Planted(
        ((("opt_in", "always"), [STORAGE]),), "opt_in.always[0]", "rules[0] takes all resources of the type",
        "remove it", ((("opt_in", "always"), []),), "warning",
    ),
    "a profile that nothing can choose": Planted(
        (beside()[0],), "profiles.b", "no rule and no tag can choose this profile",
        "name it in a rule or in opt_in.tag_may_choose", (MAY_B,), "warning",
    ),
    # Keys
    "a key that is misspelled": Planted(
        ((("exlude",), []),), "exlude", "unknown key", "did you mean exclude?", ((("exlude",), REMOVE),),
    ),
}  # fmt: skip
