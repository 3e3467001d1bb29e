"""What the proof says about security rules: who gets through, and what only a person can decide."""

from dataclasses import replace
from typing import Any

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.ids import ResourceId
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from shared.core.kinds.endpoint import Endpoint
from shared.core.kinds.rule import rule_id
from shared.core.outcome.check import Check
from shared.core.outcome.proof import prove
from shared.core.outcome.rule_checks import rule_checks, rule_findings
from shared.core.plan.desired import Desired
from shared.core.policy.intent import Connect, intent
from shared.core.readings.observed import Observed
from tests.builders import bodies
from tests.builders.bodies import HUB, SPOKE, SUBNET
from tests.builders.networks import GROUP, group, other, our_rule, rule, subnet, vnet, want
from tests.builders.pictures import picture
from tests.builders.policies import a_policy
from tests.builders.requests import wanted

ENFORCED = subnet("Enabled", GROUP)
DENIED = other("lockdown", 100, access="Deny", description="by hand")
DOUBTFUL = other(
    "for-some",
    100,
    access="Deny",
    description="",
    sourceAddressPrefixes=[],
    sourceApplicationSecurityGroups=[{"id": "web"}],
)
DENIAL = want(id=rule_id(GROUP, "spoke-a", "Deny"), sources=("*",), ports=("*",), access="Deny")
OUT = HUB.group.resource("Microsoft.Network/networkSecurityGroups", "nsg-app")


class Scene:
    """One endpoint at 10.0.1.4 in a subnet where rules apply, and one rule of ours."""

    def __init__(self, *rules: Seen, at: Seen = ENFORCED) -> None:
        self.at = wanted().paths[0].endpoint.id
        self.rules: tuple[Seen, ...] = rules or (our_rule(),)
        self.subnet = at
        self.wanted: Desired = replace(wanted(), rules=(want(),), clients=(), resolvers=())
        self.client: dict[str, Any] | None = None

    def observed(self) -> Observed:
        hub = vnet(HUB, "10.0.0.0/16")
        hub = Seen(HUB, {**hub.body, "properties": {**hub.properties, "subnets": [self.subnet.body]}})
        objects: dict[ResourceId, Seen | None] = {
            self.at: bodies.endpoint(self.at),
            bodies.nic_id(self.at): bodies.nic(self.at, "10.0.1.4"),
            HUB: hub,
            GROUP: group(*self.rules),
        }
        if self.client:
            entry = {"name": "app", "properties": {"addressPrefix": "10.1.1.0/24"}}
            entry["properties"]["networkSecurityGroup"] = {"id": OUT.text}  # type: ignore[index]
            spoke = vnet(SPOKE, "10.1.0.0/16")
            objects[SPOKE] = Seen(SPOKE, {"properties": {**spoke.properties, "subnets": [entry]}})
            objects[OUT] = Seen(OUT, {"id": OUT.text, "properties": {"securityRules": [self.client]}})
        return picture(objects)

    def judge(self) -> tuple[tuple[Check, ...], tuple[str, ...]]:
        return rule_checks(self.wanted, self.observed())

    def checks(self) -> list[tuple[str, str, bool, str]]:
        return [(one.name, one.subject, one.holds, one.seen) for one in self.by_rules()]

    def by_rules(self) -> list[Check]:
        """The checks of security rules; routes have their own."""
        return [one for one in self.judge()[0] if one.name.startswith("rules ")]


IN, END = "rules let clients through", "10.0.1.4 port 443"


def test_clients_that_our_rule_lets_through_get_through() -> None:
    scene = Scene()
    assert scene.checks() == [(IN, END, True, "allowed")]
    assert scene.judge()[1] == ()


def test_a_denial_before_our_rule_fails_the_check_and_is_named() -> None:
    assert Scene(DENIED, our_rule()).checks() == [(IN, END, False, "denied by lockdown")]


def test_a_doubt_fails_no_check_and_is_a_finding_with_the_rule_and_its_group() -> None:
    scene = Scene(DOUBTFUL, our_rule())
    assert scene.checks() == [(IN, END, None, "not provable: it depends on for-some")]
    assert scene.judge()[1] == (
        f"whether clients reach {END} cannot be decided: it depends on the rule for-some of {GROUP.name}",
    )


def test_the_traffic_is_named_with_every_address_and_port() -> None:
    scene = Scene()
    scene.wanted = replace(
        scene.wanted, rules=(want(destinations=("10.0.1.4", "10.0.1.5"), ports=("443", "1433-1500")),)
    )
    ((_, subject, *_),) = scene.checks()
    assert subject == "10.0.1.4, 10.0.1.5 port 443, 1433-1500"


def test_our_own_denial_is_not_taken_for_a_rule_that_lets_clients_through() -> None:
    scene = Scene()
    scene.wanted = replace(scene.wanted, rules=(DENIAL, want()))
    assert [subject for _, subject, *_ in scene.checks()] == [END]
    scene.wanted = replace(scene.wanted, rules=(DENIAL,))
    assert scene.checks() == []


@pytest.mark.parametrize(
    "at",
    [subnet("Disabled", GROUP), subnet("Enabled"), subnet("RouteTableEnabled", GROUP)],
    ids=["policies off", "no group", "policies for routes alone"],
)
def test_where_rules_do_not_apply_to_endpoints_nothing_is_checked(at: Seen) -> None:
    assert Scene(DENIED, at=at).checks() == []


def test_one_subnet_in_which_rules_apply_is_enough_for_the_check() -> None:
    scene = Scene(DENIED)
    elsewhere = replace(scene.wanted.paths[0].endpoint, subnet=HUB.child("subnets", "other"))
    beside = replace(scene.wanted.paths[0], endpoint=elsewhere)
    scene.wanted = replace(scene.wanted, paths=(beside, *scene.wanted.paths))
    assert [holds for _, _, holds, _ in scene.checks()] == [False]


def test_without_rules_and_clients_nothing_is_checked() -> None:
    scene = Scene()
    scene.wanted = replace(scene.wanted, rules=())
    assert scene.judge() == ((), ())


def outbound(access: str, to: str = "*") -> dict[str, Any]:
    return rule("out", 200, access, direction="Outbound", destinationAddressPrefix=to)


def test_clients_own_rules_are_checked_where_no_rule_is_desired() -> None:
    scene = Scene()
    scene.wanted = replace(scene.wanted, rules=(), clients=(SPOKE,))
    scene.client = outbound("Allow")
    assert scene.checks() == [("rules let clients out", "spoke-a", True, "allowed")]


def test_a_client_network_that_is_shut_fails_with_a_code_and_a_remedy() -> None:
    scene = Scene()
    scene.wanted = replace(scene.wanted, rules=(), clients=(SPOKE,))
    scene.client = outbound("Deny")
    (check,), found = scene.by_rules(), scene.judge()[1]
    assert (check.name, check.subject, check.holds) == ("rules let clients out", "spoke-a", False)
    assert check.code == "DeniedByRule"
    assert "10.0.1.4 port 443" in check.seen
    assert "nsg-app" in check.remedy
    assert found == ()


def test_what_shuts_only_some_clients_out_is_a_finding() -> None:
    scene = Scene()
    scene.wanted = replace(scene.wanted, rules=(), clients=(SPOKE,))
    scene.client = rule("out", 200, "Deny", direction="Outbound", sourceAddressPrefix="10.1.1.0/25")
    (check,), (found,) = scene.by_rules(), scene.judge()[1]
    assert check.holds
    assert "10.1.1.0/25" in found


def test_the_proof_holds_only_if_rules_let_clients_through_and_has_the_findings() -> None:
    scene = Scene(DENIED, our_rule())
    proof = prove(scene.wanted, scene.observed())
    assert IN in {check.name for check in proof.failures}
    scene.rules = (DOUBTFUL, our_rule())
    proof = prove(scene.wanted, scene.observed())
    assert IN not in {check.name for check in proof.failures}
    assert proof.findings == scene.judge()[1] != ()


# Where rules do not filter what they seem to


def findings(at: Seen | None, *, adopted: bool = False, **nsg: object) -> tuple[str, ...]:
    """What is found about an endpoint's subnet under a profile with this `nsg`."""
    policy = a_policy(nsg=nsg) if nsg else a_policy()
    connect = intent(Target.parse(bodies.account()), {}, policy, load())
    assert isinstance(connect, Connect)
    hub = vnet(HUB, "10.0.0.0/16")
    listed = [at.body] if at else []
    hub = Seen(HUB, {**hub.body, "properties": {**hub.properties, "subnets": listed}})
    endpoint = Endpoint(an_endpoint(), "westeurope", SUBNET, bodies.ACCOUNT, "blob", adopted)
    return rule_findings(connect, [endpoint, replace(endpoint, group="file")], picture({HUB: hub}))


def an_endpoint() -> ResourceId:
    return SUBNET.group.resource("Microsoft.Network/privateEndpoints", "pe")


BARE = "subnet endpoints has no network security group: nothing filters its endpoints"


@pytest.mark.parametrize(
    ("nsg", "adopted", "advice"),
    [
        ({"mode": "require"}, False, "; attach one, or set nsg.mode: ensure and nsg.create_group: true to"),
        ({"mode": "ensure"}, False, "; attach one, or set nsg.create_group: true to have it made"),
        ({"mode": "ensure", "create_group": True}, True, "; attach one by hand: the endpoint is someone els"),
    ],
)
def test_a_subnet_without_a_group_is_a_finding_once_with_what_can_be_done(
    nsg: dict[str, object], adopted: bool, advice: str
) -> None:
    (found,) = findings(subnet("Enabled"), adopted=adopted, **nsg)
    assert found.startswith(BARE + advice)


def test_a_subnet_that_is_about_to_get_a_group_needs_no_advice() -> None:
    assert findings(subnet("Enabled"), mode="ensure", create_group=True) == (BARE,)


def test_a_group_that_does_not_apply_to_endpoints_is_a_finding() -> None:
    assert findings(subnet("Disabled", GROUP), mode="require") == (
        "network policies are off in subnet endpoints: rules do not apply to endpoints",
    )


@pytest.mark.parametrize("at", [ENFORCED, None], ids=["rules apply", "not known"])
def test_a_subnet_in_which_rules_apply_or_that_is_not_known_is_no_finding(at: Seen | None) -> None:
    assert findings(at, mode="require") == ()


def test_an_operator_who_ignores_rules_gets_no_findings() -> None:
    assert findings(subnet("Enabled"), mode="ignore") == ()
