"""The examples of policies: each counts as it is, and connects what its comments say."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.core.policy.choice import Choice, Chosen, LeftOut, NotAllowed, choose
from shared.core.policy.policy import Policy, check, json_schema
from shared.core.policy.selectors import Facts
from tests.builders.json_schema import schema_violations

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FILES = {file.stem: file for file in sorted(EXAMPLES.glob("*.yaml"))}
STORAGE, SQL, VAULT = (
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Sql/servers",
    "Microsoft.KeyVault/vaults",
)


def facts(**known: Any) -> Facts:
    """A storage account in a group and a region like many."""
    plain = {
        "subscription": "00000000-0000-0000-0000-00000000a001",
        "resource_group": "rg-app",
        "name": "orders",
        "type": STORAGE,
        "region": "westeurope",
        "sku": "Standard_LRS",
        "management_groups": ("root",),
    }
    return Facts(**(plain | known))


def below(*groups: str, **known: Any) -> Facts:
    return facts(management_groups=("root", *groups), **known)


def said(choice: Choice) -> str:
    """A choice in one line: the rule, the profile and the mode, or why there is none."""
    match choice:
        case Chosen():
            return f"{choice.rule or '-'}: {choice.profile} ({choice.mode})"
        case LeftOut():
            return choice.reason
        case NotAllowed():
            return f"a tag may not choose {choice.word}"
        case _:
            return f"not known: {choice.key}"


NO_TAG = "no tag asks for it and its type is not always connected"
NO_DEFAULT = "no rule matches it, and the policy has no profile 'default'"
PROD = ("mg-corp", "mg-prod")
EXPLAINED: dict[str, list[tuple[Facts, str | None, str]]] = {
    "smallest": [
        (facts(), "enabled", "-: default (apply)"),
        (facts(), None, NO_TAG),
        (facts(), "disabled", "the tag private-connectivity says disabled"),
    ],
    "enterprise": [
        (below(*PROD), None, "production: prod (plan)"),
        (below(*PROD, resource_group="RG-Orders-Prod"), None, "pilot: prod (apply)"),
        (
            below(*PROD, type=SQL),
            None,
            "no tag asks for it and rule 'databases and vaults on request' connects what a tag asks for",
        ),
        (below(*PROD, type=VAULT), "enabled", "databases and vaults on request: prod (plan)"),
        (below(*PROD), "disabled", "the tag private-connectivity says disabled"),
        (
            below(*PROD, resource_group="rg-pci-1"),
            "enabled",
            "rule 'card data is connected by hand' says none",
        ),
        (below(*PROD), "prod-replicated", "production: prod-replicated (plan)"),
        (below(*PROD), "dev", "a tag may not choose dev"),
        (below("mg-corp", "mg-sandbox"), "enabled", "exclude[0] leaves it out"),
        (below(*PROD, resource_group="rg-legacy-1"), "enabled", "exclude[1] leaves it out"),
        (below(*PROD, name="corptfstate01"), "enabled", "exclude[2] leaves it out"),
        (below(*PROD, name="tfstate", type=VAULT), "enabled", "databases and vaults on request: prod (plan)"),
        (
            below("mg-corp", "mg-dev"),
            None,
            "no tag asks for it and rule 'development' connects what a tag asks for",
        ),
        (below("mg-corp", "mg-dev"), "enabled", "development: dev (plan)"),
        (below("mg-corp", "mg-other"), "enabled", NO_DEFAULT),
    ],
    "azure-landing-zones": [
        (below("alz", "alz-landingzones", "alz-corp"), None, "corp: corp (apply)"),
        (below("alz", "alz-landingzones", "alz-online"), None, NO_DEFAULT),
        (below("alz", "alz-platform", "alz-corp"), "enabled", "exclude[0] leaves it out"),
    ],
    "caf-terraform": [(below("es-landing-zones"), "enabled", "-: default (apply)"), (facts(), None, NO_TAG)],
    "alz-bicep-two-regions": [(facts(region="eastus"), "enabled", "-: default (apply)")],
    "canada-pubsec": [
        (below("pubsecPrd"), None, "landing zones: landing-zone (apply)"),
        (below("pubsecDev"), "landing-zone", "a tag may not choose landing-zone"),
    ],
    "azure-tre": [
        (facts(resource_group="rg-tre-ws-0a1b"), None, "workspaces: workspace (apply)"),
        (facts(resource_group="rg-tre"), None, "core: core (apply)"),
        (facts(resource_group="rg-tre", name="stalstate"), None, "exclude[0] leaves it out"),
        (facts(resource_group="rg-other"), "enabled", NO_DEFAULT),
    ],
    "data-landing-zones": [(below("data-analytics"), None, "data: data (apply)")],
    "aks-baseline": [
        (facts(type=VAULT), None, "-: default (apply)"),
        (facts(type=SQL), None, NO_TAG),
        (facts(type=VAULT), "disabled", "the tag private-connectivity says disabled"),
    ],
    "aztfmod-caf": [
        (facts(type=VAULT, resource_group="orders-rg1"), None, "chosen types: central (apply)"),
        (facts(type=VAULT, resource_group="orders-rg2"), None, NO_DEFAULT),
        (facts(type="Microsoft.Web/sites", resource_group="orders-rg1"), None, NO_DEFAULT),
    ],
    "verified-modules": [(facts(), "Enabled", "-: default (apply)")],
    "two-regions": [
        (facts(sku="Standard_RAGRS"), None, "storage in both regions: both (apply)"),
        (facts(sku="Standard_LRS"), None, "storage in both regions: both (apply)"),
        (facts(type=SQL), None, "everything else: one (apply)"),
        (facts(type=SQL), "both", "a tag may not choose both"),
    ],
    "every-key": [
        (below("mg-prod", resource_group="rg-orders"), None, "pilot: default (apply)"),
        (below("mg-prod"), "enabled", "storage in two regions: two-regions (plan)"),
        (below("mg-prod"), "in-spoke", "storage in two regions: in-spoke (plan)"),
        (below("mg-prod", type=VAULT), None, "-: default (plan)"),
        (below("mg-lab-1"), "enabled", "exclude[0] leaves it out"),
    ],
    "private-resolver": [(below("corp"), "enabled", "-: default (apply)")],
}


def parsed(name: str) -> Policy:
    return Policy.parse(FILES[name].read_text("utf-8"))


@pytest.mark.parametrize("name", FILES)
def test_an_example_has_neither_faults_nor_warnings(name: str) -> None:
    found = check(FILES[name].read_text("utf-8"))
    assert (found.faults, found.warnings) == ((), ())


@pytest.mark.parametrize("name", FILES)
def test_an_editor_finds_the_schema_of_an_example_and_it_fits(name: str) -> None:
    text = FILES[name].read_text("utf-8")
    first, _, schema = text.splitlines()[0].partition("$schema=")
    assert first == "# yaml-language-server: "
    assert (EXAMPLES / schema).resolve() == EXAMPLES.parents[1] / "connectivity.schema.json"
    assert schema_violations(yaml.safe_load(text), json_schema()) == []


def test_every_example_is_explained() -> None:
    assert EXPLAINED.keys() == FILES.keys()


@pytest.mark.parametrize(
    ("name", "resource", "word", "expected"),
    [(name, *row) for name, rows in EXPLAINED.items() for row in rows],
)
def test_an_example_chooses_as_it_says(name: str, resource: Facts, word: str | None, expected: str) -> None:
    assert said(choose(resource, word, parsed(name))) == expected


@pytest.mark.parametrize("name", FILES)
def test_every_rule_of_an_example_chooses_for_a_resource_of_the_table(name: str) -> None:
    policy = parsed(name)
    by_rule = {getattr(choose(one, word, policy), "rule", "") for one, word, _ in EXPLAINED[name]}
    assert {rule.name for rule in policy.rules} <= by_rule
