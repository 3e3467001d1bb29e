"""The app does not start with settings of the policy that would have no effect."""

import pytest

from shared.core.policy.policy import Drift, Policy, PolicyError
from shared.settings import Settings
from shared.wiring import reject_unsupported_settings
from tests.builders.environment import given
from tests.builders.policies import a_policy

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


def test_a_key_that_nothing_acts_on_yet_is_refused() -> None:
    policy = a_policy(addresses={"westeurope": "10.0.0.0/24"})
    assert "profiles.default.addresses: it has no effect yet" in faults(policy)


def test_all_faults_are_reported_at_once() -> None:
    drift = Drift(schedule="0 0 * * * *")
    policy = a_policy(addresses={"westeurope": "10.0.0.0/24"}).model_copy(update={"drift": drift})
    assert "2 faults" in faults(policy)


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
