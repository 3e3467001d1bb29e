"""How the demo waits: for final results, at any speed, and only as long as they can still come."""

import pytest

from sandbox.story import PAUSE, Story
from sandbox.user import Refused

AT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/orders"
BEFORE, AFTER = "2026-01-01T00:00:01+00:00", "2026-01-01T00:00:02+00:00"


def state(result, at=AFTER):
    known = {"result": result, "reason": "because", "at": at, "profile": "p", "code": "", "requests": 1}
    return known | {"paths": []}


class Sandbox:
    """A user and an activity in one: at each read one more of the states, and work left until the last."""

    def __init__(self, *states):
        self.states = list(states)
        self.reads = 0

    async def now(self):
        return 0.0

    async def connection(self, at):
        return self.states[min(self.reads, len(self.states)) - 1]

    async def left(self):
        self.reads += 1
        return "" if self.reads >= len(self.states) else "1 messages in queue work"


async def until(*states, newer=None):
    """The failures of a wait for Connected, and the number of reads."""
    box = Sandbox(*states)
    story = Story(box, box, ())
    await story.until({AT: "Connected"}, newer=newer)
    return story.failures, box.reads


async def test_a_result_is_waited_for_as_long_as_work_is_left():
    assert await until(*[None] * 5_000, state("Connected")) == ([], 5_001)


async def test_a_result_that_no_work_is_left_for_is_missing_at_once():
    failures, reads = await until(state("Failed"))
    assert (failures, reads) == (["orders is Failed and not Connected: because"], 1)


async def test_a_resource_that_the_app_does_not_know_is_missing():
    failures, _ = await until(None)
    assert failures == ["orders is None and not Connected: None"]


async def test_a_result_that_does_not_last_is_missing():
    failures, _ = await until(state("Connected"), state("Pending"))
    assert failures == ["orders is Pending and not Connected: because"]


async def test_an_outcome_from_before_the_act_does_not_count():
    failures, _ = await until(state("Connected", BEFORE), newer={AT: BEFORE})
    assert failures == ["orders has no newer outcome than before the act"]
    assert await until(state("Connected", BEFORE), state("Connected"), newer={AT: BEFORE}) == ([], 2)


async def test_a_reached_result_is_printed_once(capsys):
    await until(None, state("Removed"), state("Removed"))
    assert capsys.readouterr().out == ""
    box = Sandbox(None, state("Removed"), state("Removed"))
    await Story(box, box, ()).until({AT: "Removed"})
    assert capsys.readouterr().out.count("orders") == 1


async def test_work_without_end_fails_at_the_limit_with_what_is_missing():
    box = Sandbox(*[state("Pending")] * 1_000)
    story = Story(box, box, ())

    async def chapter():
        await story.until({AT: "Connected"})

    await story.run(chapter, limit=100 * PAUSE)
    (failure,) = story.failures
    assert (
        failure == "not within 20 s: orders is Pending and not Connected: because; 1 messages in queue work"
    )


async def test_no_chapter_runs_after_one_that_failed():
    ran = []
    story = Story(None, None, ())

    async def first():
        ran.append("first")
        story.check(False, "it is not so")

    async def second():
        ran.append("second")

    await story.run(first, second)
    assert (ran, story.failures) == (["first"], ["it is not so"])


async def test_a_request_that_is_refused_is_a_failure():
    story = Story(None, None, ())

    async def chapter():
        raise Refused("PUT there", 409, "busy")

    await story.run(chapter)
    assert story.failures == ["refused: PUT there: 409 busy"]


async def test_another_timeout_is_not_reported_as_the_limit():
    async def chapter():
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await Story(None, None, ()).run(chapter)
