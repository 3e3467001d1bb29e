"""Names and tags of what is made, by the policy's templates, and what is ours by them."""

import pytest

from shared.core.base.bodies import Seen
from shared.core.base.target import Target
from shared.core.kinds.rule import Rule, is_our_rule, rule_named
from shared.core.kinds.zone_configs import config_name
from shared.core.kinds.zone_group import bears_mark
from shared.core.policy.policy import Naming
from shared.core.policy.style import Style, differing, merged
from shared.core.rules.nsg import parsed_rule, signature
from tests.builders import bodies, networks
from tests.builders.bodies import HUB, SPOKE
from tests.builders.pictures import picture
from tests.builders.requests import wanted

TARGET = Target.parse(bodies.account({"Cost-Centre": "4711"}))


def test_a_tag_is_copied_whatever_the_case_of_its_name_and_a_missing_one_is_replaced() -> None:
    templates = {"cost-centre": "{tag:cost-centre|unassigned}", "team": "{tag:team}", "by": "causeway"}
    style = Style(templates=templates, tags=TARGET.tags)
    fields = style.fields(TARGET)
    assert dict(style.own_tags(fields)) == {"cost-centre": "4711", "by": "causeway"}
    assert dict(style.shared_tags) == {"cost-centre": "unassigned", "by": "causeway"}


def test_template_syntax_in_a_tag_s_value_is_text_like_any_other() -> None:
    style = Style(templates={"cost": "{tag:cost|none}"}, tags={"cost": "{name}{tag:x|y}"})
    assert dict(style.own_tags({"name": "orders"})) == {"cost": "{name}{tag:x|y}"}


def test_tags_of_others_are_kept_and_differ_by_the_policy_s_names_alone() -> None:
    existing = {"Team": "blue", "COST": "1"}
    assert merged(existing, (("cost", "2"),)) == {"Team": "blue", "COST": "2"}
    assert differing(existing, (("cost", "1"), ("team", "Blue"), ("new", "x"))) == ("team", "new")


def test_without_a_template_there_is_no_name() -> None:
    assert Style().name("endpoint", {"name": "orders"}) is None
    assert Style(Naming(link="to_{network}")).name("link", {"network": "spoke-a"}) == "to_spoke-a"


# Peerings


def naming(**templates: str) -> dict[str, object]:
    return {"top": {"naming": templates}, "peering": "ensure"}


def test_a_half_by_a_template_with_a_hash_is_ours_by_its_name_and_without_one_is_not() -> None:
    for template, ours in (("peer-{local}-{remote}-{hash}", True), ("peer-{spoke}-to-{hub}", False)):
        half, other = wanted(**naming(peering=template)).peerings
        assert (half.local, half.remote) == (HUB, SPOKE)
        assert half.counterpart == other.id
        assert other.counterpart == half.id
        assert half.is_managed(networks.half(half.id)) is ours
        assert half.is_managed(networks.half(networks.PEERING.id))  # made under the usual name


# Rules


def rule_of(key: str, name: str) -> Seen:
    at = networks.GROUP.child("securityRules", name)
    description = f"Managed by Causeway. Whatever. {signature(name, key)}"
    return networks.our_rule(at=at, description=description)


def test_a_signed_rule_is_ours_under_its_own_name_alone() -> None:
    rule = rule_of("00aa11bb", "allow-orders")
    assert is_our_rule(rule)
    assert not parsed_rule(rule).foreign
    copy = networks.GROUP.child("securityRules", "copy")
    copied = Seen(copy, {**rule.body, "name": "copy"})
    assert not is_our_rule(copied)
    assert parsed_rule(copied).foreign


def test_a_signed_rule_is_found_by_its_key() -> None:
    group = picture(lists={(networks.GROUP, "securityRules"): (rule_of("00aa11bb", "allow-orders"),)})
    body = group.present(networks.GROUP)
    assert body
    assert rule_named(body, "00aa11bb") == networks.GROUP.child("securityRules", "allow-orders")
    assert rule_named(body, "11bb00aa") is None


def test_a_signed_rule_s_description_fits_azure_s_limit() -> None:
    rule = networks.want(Rule, id=networks.GROUP.child("securityRules", "x" * 80), key="00aa11bb")
    described = rule.body(None, picture())["properties"]["description"]
    assert len(described) <= 140
    assert described.endswith(signature("x" * 80, "00aa11bb"))


# Zone groups


@pytest.mark.parametrize(
    ("name", "config", "ours"),
    [
        ("causeway", "whatever", True),
        ("default", "blob-core-windows-net-1a2b3c", False),
        ("default", None, True),
        ("deployedByPolicy", "storageBlob-privateDnsZone", False),
    ],
)
def test_a_zone_group_is_ours_by_its_own_name_or_by_a_config_s(
    name: str, config: str | None, ours: bool
) -> None:
    zone = bodies.ZONE
    at = bodies.ACCOUNT.group.resource("Microsoft.Network/privateEndpoints", "pe")
    entry = {"name": config or config_name(zone), "properties": {"privateDnsZoneId": zone.text}}
    group = Seen(at.child("privateDnsZoneGroups", name), {"properties": {"privateDnsZoneConfigs": [entry]}})
    assert bears_mark(group) is ours
