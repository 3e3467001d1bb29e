"""Every write that the app sends has its actions in the table of roles, and each action a source."""

import json
from pathlib import Path

import pytest

from shared.adapters.arm_types import OPERATIONS
from shared.core.base.role_table import APPROVED_TYPES, ENDPOINT, ROLES, ROWS, SUBNET, TARGET, row_of
from shared.core.catalogue.catalogue import load
from shared.core.kinds.registry import KINDS
from shared.core.policy.roles import every_role

REPOSITORY = Path(__file__).parents[2]
WRITES = [(method, row) for row in ROWS for method in [row.method] if not row.joins and method != "GET"]


def test_the_roles_of_the_templates_and_the_sandbox_are_those_of_the_table() -> None:
    """Made by `python -m shared.core.policy.roles > infra/roles.json`."""
    kept = json.loads((REPOSITORY / "infra" / "roles.json").read_text("utf-8"))
    assert kept == every_role()


def test_each_type_that_is_written_or_deleted_and_no_other_is_in_the_table() -> None:
    written = {kind for kind, row in OPERATIONS.items() if row.written}
    deleted = {kind for kind in written if OPERATIONS[kind].deleted}
    assert {row.type.lower() for method, row in WRITES if method == "PUT"} == written
    assert {row.type.lower() for method, row in WRITES if method == "DELETE"} == deleted
    assert {row.type for method, row in WRITES if method == "PATCH"} == {TARGET}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_finds_the_action_of_its_write_in_any_case(kind: str) -> None:
    assert row_of("PUT", kind).action.lower() == f"{kind}/write"


def test_an_object_that_a_write_joins_has_an_action_of_its_own() -> None:
    assert row_of("PUT", ENDPOINT, SUBNET.upper()).action == f"{SUBNET}/join/action"
    approved = row_of("PUT", ENDPOINT, "Microsoft.Sql/servers")
    assert (
        approved.on("Microsoft.Sql/servers")
        .lower()
        .endswith("servers/privateendpointconnectionsapproval/action")
    )


@pytest.mark.parametrize(
    ("method", "kind", "joined"),
    [("DELETE", SUBNET, ""), ("POST", ENDPOINT, ""), ("PUT", SUBNET, "Microsoft.Network/publicIPAddresses")],
)
def test_what_the_app_never_sends_is_not_in_the_table(method: str, kind: str, joined: str) -> None:
    with pytest.raises(LookupError, match=kind):
        row_of(method, kind, joined)


def test_each_row_is_in_a_role_and_each_role_has_a_row() -> None:
    assert {row.role for row in ROWS} == {role.key for role in ROLES}


def test_no_role_gives_more_than_one_action_by_a_wildcard_but_reading() -> None:
    assert [row.action for row in ROWS if "*" in row.action] == ["*/read"]


def test_every_type_whose_approval_is_known_is_in_the_catalogue_with_a_source() -> None:
    assert set(APPROVED_TYPES) <= load().types
    assert all(APPROVED_TYPES.values())


def test_the_manual_lists_each_role_with_its_purpose() -> None:
    manual = (REPOSITORY / "docs" / "operations.md").read_text("utf-8")
    assert [role.key for role in ROLES if f"| {role.title} | {role.purpose} |" not in manual] == []
