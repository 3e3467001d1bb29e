"""The limiter: how fast requests leave one process and several, in which order, and what a 429 stops."""

import asyncio
import time
from collections.abc import Awaitable

import pytest

from sandbox.azure.kernel.model import Response
from shared.adapters.limiter import LONGEST_PAUSE, Limiter
from shared.adapters.shares import LocalShares, TableShares
from shared.core.base.errors import Throttled, TransientError
from shared.core.base.turn import EVENT, FIRST, LAST, taking_turn
from tests.adapters.azure import ACCOUNT, ENDPOINT, STORAGE_API, Said, arm_over
from tests.builders.memory import MemoryTable

READ = "https://arm.test/subscriptions/s1/resources"
OTHER = "https://arm.test/subscriptions/s2/resources"
RECORD = (
    "https://arm.test/subscriptions/s1/resourceGroups/r/providers/Microsoft.Network/privateDnsZones/z/A/x"
)


def now() -> float:
    return asyncio.get_running_loop().time()


async def sent(limiter: Limiter, url: str, place: int = EVENT, deadline: float = float("inf")) -> float:
    """Take a token; the moment at which it was given."""
    with taking_turn(place, deadline):
        await limiter.take("GET", url)
    return now()


async def all_sent(*requests: Awaitable[float]) -> list[float]:
    return sorted(await asyncio.gather(*requests))


async def test_a_thousand_reads_leave_at_the_rate_that_azure_allows() -> None:
    began, limiter = now(), Limiter(TableShares(MemoryTable()))
    times = await all_sent(*(sent(limiter, READ) for _ in range(1000)))
    assert times[199] == began  # at once
    assert (1000 - 200) / 25 <= times[-1] - began <= (1000 - 200) / 25 * 1.1


async def test_several_processes_together_stay_within_one_limit() -> None:
    table = MemoryTable()
    processes = [Limiter(TableShares(table)) for _ in range(4)]
    began = now()
    times = await all_sent(*(sent(processes[n % 4], READ) for n in range(1000)))
    for start in range(int(times[-1] - began)):
        window = [one for one in times if began + start <= one < began + start + 10]
        assert len(window) <= 250 + 25 * 10
    assert times[-1] - began <= (1000 - 200) / 25 * 1.1


async def test_waiting_costs_a_few_requests_to_the_table_and_not_one_each() -> None:
    table = CountedTable()
    limiter = Limiter(TableShares(table))
    await all_sent(*(sent(limiter, READ) for _ in range(1000)))
    assert table.requests < 150


class CountedTable(MemoryTable):
    def __init__(self) -> None:
        super().__init__()
        self.requests = 0

    async def get(self, partition: str, key: str):  # type: ignore[no-untyped-def]
        self.requests += 1
        return await super().get(partition, key)


async def test_a_person_s_requests_go_before_events_and_these_before_sweeps() -> None:
    limiter = Limiter(LocalShares())
    await all_sent(*(sent(limiter, READ) for _ in range(200)))
    drift = [asyncio.ensure_future(sent(limiter, READ, LAST)) for _ in range(100)]
    await asyncio.sleep(0.5)
    event = [asyncio.ensure_future(sent(limiter, READ, EVENT)) for _ in range(50)]
    person = [asyncio.ensure_future(sent(limiter, READ, FIRST)) for _ in range(50)]
    assert max(await asyncio.gather(*person)) <= min(await asyncio.gather(*event))
    assert max(one.result() for one in event) <= sorted(await asyncio.gather(*drift))[25]


async def test_a_person_does_not_wait_for_the_next_block_behind_a_sweep() -> None:
    limiter = Limiter(LocalShares())
    sweep = [asyncio.ensure_future(sent(limiter, READ, LAST)) for _ in range(1000)]
    await asyncio.sleep(15.3)
    for _ in range(3):
        began = now()
        assert await sent(limiter, READ, FIRST) == began
    await asyncio.gather(*sweep)


async def test_one_subscription_waits_for_no_other() -> None:
    limiter = Limiter(LocalShares())
    busy = [asyncio.ensure_future(sent(limiter, READ)) for _ in range(1000)]
    await asyncio.sleep(1)
    began = now()
    assert await sent(limiter, OTHER) == began
    await asyncio.gather(*busy)


async def test_private_dns_reads_wait_for_their_own_limit_and_stop_no_other_read() -> None:
    limiter = Limiter(LocalShares())
    began = now()
    records = [asyncio.ensure_future(sent(limiter, RECORD)) for _ in range(600)]
    await asyncio.sleep(100)
    assert sum(one.done() for one in records) == 500
    assert await sent(limiter, READ) - now() == 0.0
    assert max(await asyncio.gather(*records)) - began >= 300


async def test_a_request_that_gets_no_turn_before_its_deadline_is_throttled() -> None:
    limiter = Limiter(LocalShares())
    busy = [asyncio.ensure_future(sent(limiter, READ)) for _ in range(2000)]
    await asyncio.sleep(1)
    with pytest.raises(Throttled):
        await sent(limiter, READ, LAST, now() + 10)
    await asyncio.gather(*busy)


async def test_nothing_is_sent_before_the_wait_that_azure_asked_for_is_over() -> None:
    limiter = Limiter(LocalShares())
    waiting = asyncio.ensure_future(_late(limiter))
    limiter.throttled("GET", READ, "SubscriptionRequestsThrottled", 20.0)
    asked = now()
    assert await sent(limiter, READ) >= asked + 20
    assert await sent(limiter, OTHER) == now()
    await waiting


async def _late(limiter: Limiter) -> None:
    await asyncio.sleep(5)
    limiter.throttled("GET", READ, "SubscriptionRequestsThrottled", 1.0)  # a shorter wait ends none


async def test_what_would_wait_long_is_left_to_its_worker_with_the_time_that_azure_named() -> None:
    limiter = Limiter(LocalShares())
    await all_sent(*(sent(limiter, READ) for _ in range(200)))
    waiting = asyncio.ensure_future(sent(limiter, READ))
    await asyncio.sleep(0)
    limiter.throttled("GET", READ, "SubscriptionRequestsThrottled", LONGEST_PAUSE + 60)
    for later in (waiting, sent(limiter, READ)):
        with pytest.raises(Throttled) as raised:
            await later
        assert raised.value.retry_after == pytest.approx(LONGEST_PAUSE + 60)


async def test_a_429_of_a_limit_stops_the_reads_of_that_service_alone() -> None:
    answer = Response(429, {"error": {"code": "TooManyRequests", "message": "x"}}, {"Retry-After": "20"})
    azure = Said(answer, Response(200, {"id": ACCOUNT.text}))
    arm = arm_over(azure)
    first = asyncio.ensure_future(arm.get(ACCOUNT, api_version=STORAGE_API))
    await asyncio.sleep(1)
    second = asyncio.ensure_future(arm.get(ACCOUNT, api_version=STORAGE_API))
    await arm.get(ENDPOINT)
    assert azure.times[1] - azure.times[0] == pytest.approx(1)  # another service's
    await asyncio.gather(first, second)
    assert min(azure.times[2:]) - azure.times[0] >= 20


async def test_a_429_whose_reach_is_not_known_does_not_keep_a_person_waiting() -> None:
    limiter = Limiter(LocalShares())
    limiter.throttled("GET", RECORD, "TooManyRequests", 86_400.0)
    assert await sent(limiter, RECORD, FIRST) == now()
    with pytest.raises(Throttled):
        await sent(limiter, RECORD, EVENT)


async def test_a_429_of_a_lock_stops_no_other_request() -> None:
    code = "RetryableErrorDueToAnotherOperation"
    answer = Response(429, {"error": {"code": code, "message": "x"}}, {"Retry-After": "20"})
    azure = Said(answer, Response(200, {"id": ENDPOINT.text}))
    arm = arm_over(azure)
    first = asyncio.ensure_future(arm.get(ENDPOINT))
    await asyncio.sleep(1)
    await arm.get(ENDPOINT)
    assert azure.times[1] - azure.times[0] == pytest.approx(1)
    await first


async def test_a_process_slows_down_where_azure_says_that_little_is_left() -> None:
    limiter = Limiter(LocalShares())
    limiter.answered("GET", READ, {"x-ms-ratelimit-remaining-subscription-reads": "0"})
    began = now()
    assert await sent(limiter, READ) - began == pytest.approx(20 / 25)


async def test_without_its_table_a_process_uses_a_part_that_leaves_enough_for_others() -> None:
    began, limiter = now(), Limiter(TableShares(BrokenTable()))
    times = await all_sent(*(sent(limiter, READ) for _ in range(100)))
    assert times[-1] - began == pytest.approx((100 - 20) / 2.5, rel=0.2)


class BrokenTable(MemoryTable):
    async def get(self, partition: str, key: str):  # type: ignore[no-untyped-def]
        raise TransientError("no table")


async def test_a_table_that_does_not_answer_holds_requests_up_for_seconds_only() -> None:
    class Silent(MemoryTable):
        async def get(self, partition: str, key: str):  # type: ignore[no-untyped-def]
            await asyncio.sleep(3600)

    began = now()
    assert await sent(Limiter(TableShares(Silent())), READ) - began <= 10


async def test_what_is_left_counts_every_process() -> None:
    table = MemoryTable()
    one, two = Limiter(TableShares(table)), Limiter(TableShares(table))
    await all_sent(*(sent(one, READ) for _ in range(100)), *(sent(two, READ) for _ in range(50)))
    [left] = await one.left()
    assert left["scope"] == "Resource Manager"
    assert 30 <= int(str(left["left"])) <= 50


async def test_many_that_wait_cost_little_time_of_the_processor() -> None:
    limiter, began = Limiter(LocalShares(), rate=100.0), time.process_time()
    await all_sent(*(sent(limiter, READ) for _ in range(5000)))
    assert time.process_time() - began < 3
