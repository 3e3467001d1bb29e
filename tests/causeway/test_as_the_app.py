"""The command line says of any resource what the app would do with it, where all facts are known."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from causeway.explanation import CONNECTED, LEFT_ALONE, REFUSED, UNDECIDED, decided
from causeway.given import Given
from shared.core.base.ids import GroupId
from shared.core.base.target import Target
from shared.core.catalogue.catalogue import load
from shared.core.policy.choice import leaves_managed_alone
from shared.core.policy.intent import NOT_DECIDED, Connect, Declined, NotAsked, intent
from shared.core.policy.policy import Policy
from shared.core.policy.scope import Scope

ROOT = Path(__file__).parents[2]
FILES = [ROOT / "connectivity.yaml", *sorted((ROOT / "docs/examples").glob("*.yaml"))]
SUB = "00000000-0000-0000-0000-00000000ffff"
POLICIES = [
    Policy.parse(file.read_text("utf-8")).model_copy(
        update={"subscriptions": (SUB,), "management_groups": ()}
    )
    for file in FILES
]
# What only the resource itself shows: its kind and properties are not known to the command line.
NOT_OFFLINE = ("NotEligible", "NoGroup", "UnknownGroup")

TYPES = (
    "Microsoft.Storage/storageAccounts",
    "Microsoft.Sql/servers",
    "Microsoft.KeyVault/vaults",
    "Microsoft.Web/sites",
)
WORDS = st.sampled_from(["enabled", "disabled", "default", "data", "shared", "none", "Enabled", ""])
TAGS = st.dictionaries(
    st.sampled_from(["private-connectivity", "Private-Connectivity", "env", "team", "data-classification"]),
    WORDS | st.sampled_from(["prod", "test", "confidential"]),
    max_size=3,
)
GROUPS = st.sampled_from(
    ["rg-app", "rg-prod-app", "mc_aks_weu", "databricks-rg-x", "rg-data-prod", "rg-ws-1"]
)
NAMES = st.sampled_from(["orders", "stprod01", "kv-team", "sqlprod", "x"])
MANAGERS = st.sampled_from(["", "/subscriptions/m"])
ABOVE = st.sampled_from([None, (), ("tenant", "corp"), ("tenant", "mg-corp", "landing-zones"), ("sandbox",)])
REGIONS = st.sampled_from(["westeurope", "northeurope", "uksouth", "canadacentral", "West Europe"])


class Below(Scope):
    """A watched subscription below these management groups."""

    groups: tuple[str, ...] | None = None

    def above(self, subscription: str) -> tuple[str, ...] | None:
        return self.groups


def below(policy: Policy, groups: tuple[str, ...] | None) -> Below:
    found = Below(policy)
    object.__setattr__(found, "groups", groups)
    return found


@given(
    st.sampled_from(POLICIES), st.sampled_from(TYPES), GROUPS, NAMES, REGIONS,
    st.sampled_from(["Standard_LRS", "Premium", ""]), TAGS, TAGS, MANAGERS, ABOVE,
)  # fmt: skip
def test_the_choice_is_that_of_the_app(
    policy: Policy, kind: str, group: str, name: str, region: str, sku: str,
    tags: dict[str, str], group_tags: dict[str, str], manager: str, above: tuple[str, ...] | None,
) -> None:  # fmt: skip
    at = GroupId(SUB, group).resource(kind, name)
    strict = leaves_managed_alone(policy)
    alone = "managed" if manager and policy.exclude_managed is None else ""
    inherited = group_tags if policy.opt_in.inherit == "resource_group" else {}
    app = intent(
        Target(at, region, "StorageV2", sku, tags, {}),
        inherited,
        policy,
        load(),
        alone,
        below(policy, above),
        managed_by=manager if strict else "",
    )
    said = {"region": region, "sku": sku, "tags": tags, "group_tags": group_tags, "managed_by": manager}
    found = decided(Given.of(at, management_groups=above, **said), policy, load())
    match app:
        case Connect():
            assert (found.verdict, found.profile, found.rule, found.mode) == (
                CONNECTED, app.profile_name, app.rule, app.mode,
            )  # fmt: skip
        case NotAsked():
            assert (found.verdict, found.keep) == (LEFT_ALONE, app.keep)
        case Declined(code=code) if code == NOT_DECIDED:
            assert found.verdict == UNDECIDED
        case Declined(code=code) if code not in NOT_OFFLINE:
            assert found.verdict == REFUSED, (app, found)
