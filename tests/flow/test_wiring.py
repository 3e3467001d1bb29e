"""The app does not start with settings of the policy that would have no effect."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.core.policy.policy import Drift, Policy, PolicyError
from shared.settings import Settings
from shared.wiring import reject_unsupported_settings
from tests.builders.environment import given
from tests.builders.policies import a_policy

ROOT = Path(__file__).parents[2]
CHECK = "from shared.running import compiled_at_start; print(compiled_at_start())"


@pytest.mark.parametrize(("flags", "said"), [(["-B"], "True"), ([], "False")])
def test_a_process_knows_that_its_modules_have_no_bytecode(
    tmp_path: Path, flags: list[str], said: str
) -> None:
    shutil.copytree(ROOT / "shared", tmp_path / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    ran = subprocess.run(
        [sys.executable, *flags, "-c", CHECK],
        cwd=tmp_path,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == said


TIMER = Settings.read(given(CAUSEWAY_SWEEP_SCHEDULE="0 */15 * * * *"))


def faults(policy: Policy) -> str:
    with pytest.raises(PolicyError) as raised:
        reject_unsupported_settings(policy, TIMER)
    return str(raised.value)


def test_a_schedule_that_differs_from_the_timer_s_names_both() -> None:
    policy = a_policy().model_copy(update={"drift": Drift(schedule="0 0 * * * *")})
    assert "drift.schedule '0 0 * * * *': the timer runs by" in faults(policy)
    assert "CAUSEWAY_SWEEP_SCHEDULE, '0 */15 * * * *'" in faults(policy)


@pytest.mark.parametrize("drift", [Drift(), Drift(repair=False), Drift(schedule="0 */15 * * * *")])
def test_a_schedule_that_equals_the_timer_s_or_is_left_out_has_no_fault(drift: Drift) -> None:
    reject_unsupported_settings(a_policy().model_copy(update={"drift": drift}), TIMER)


def test_a_storage_account_in_another_cloud_than_the_policys_is_refused() -> None:
    uris = {
        "AzureWebJobsStorage": "",
        "AzureWebJobsStorage__queueServiceUri": "https://acct.queue.core.windows.net",
        "AzureWebJobsStorage__tableServiceUri": "https://acct.table.core.windows.net",
    }
    settings = Settings.read(given(**uris))
    government = a_policy().model_copy(update={"cloud": "AzureUSGovernment"})
    reject_unsupported_settings(a_policy(), settings)
    with pytest.raises(PolicyError, match=r"whose storage accounts end in core\.usgovcloudapi\.net"):
        reject_unsupported_settings(government, settings)


def test_all_faults_are_reported_at_once() -> None:
    uri = "https://acct.{}.core.windows.net"
    uris = {"AzureWebJobsStorage__queueServiceUri": uri.format("queue")}
    uris["AzureWebJobsStorage__tableServiceUri"] = uri.format("table")
    settings = Settings.read(given(AzureWebJobsStorage="", **uris))
    changed = {"cloud": "AzureUSGovernment", "drift": Drift(schedule="0 30 * * * *")}
    with pytest.raises(PolicyError, match="2 faults"):
        reject_unsupported_settings(a_policy().model_copy(update=changed), settings)
