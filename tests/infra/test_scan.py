"""What is made of checkov's report: its exit code says too little."""

from typing import Any

import pytest

from tests.infra.scan import problems

WAIVER = {"check": "CKV_1", "resource": "a.b", "reason": "meant so"}
FAILED = {"check_id": "CKV_1", "resource": "a.b", "check_name": "Ensure it"}


def report(failed: list[dict[str, str]], parsing_errors: int = 0, resources: int = 3) -> dict[str, Any]:
    summary = {"parsing_errors": parsing_errors, "resource_count": resources}
    return {"summary": summary, "results": {"failed_checks": failed}}


def test_a_waived_finding_is_no_problem() -> None:
    assert problems(report([FAILED]), [WAIVER], 3) == []


@pytest.mark.parametrize(
    ("found", "waivers", "part"),
    [
        (report([FAILED]), [], "CKV_1 a.b: Ensure it"),
        (report([FAILED | {"resource": "a.c"}]), [WAIVER], "CKV_1 a.c: Ensure it"),
        (report([]), [WAIVER], "waived and not found"),
        (report([FAILED]), [WAIVER | {"reason": ""}], "waived without a reason"),
        (report([FAILED], parsing_errors=1), [WAIVER], "could not parse 1 files"),
        (report([FAILED], resources=2), [WAIVER], "saw 2 of 3 resources"),
    ],
)
def test_anything_else_is_a_problem(found: Any, waivers: Any, part: str) -> None:
    assert [one for one in problems(found, waivers, 3) if part in one]
