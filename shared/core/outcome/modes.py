"""How a pass ends that may not write: the policy's modes `observe` and `plan`.

A path that holds is `Connected` in every mode, as its proof needs no write. What a pass would change of it is
planned all the same. A plan that something of others is in the way of is `Blocked`, as the pass would be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from shared.core.base.errors import clean
from shared.core.base.ids import ResourceId
from shared.core.outcome.outcome import Planned, Result
from shared.core.outcome.result import Ending
from shared.core.plan.actions import Action, Block, Keep, Unknown, verb
from shared.core.policy.values import Mode

CODES = {"observe": "ModeObserve", "plan": "ModePlan"}
MOST_STEPS = 60  # that an outcome keeps of a plan; a dry run shows all
LONGEST_REASON = 300  # characters of a step's reason that are kept


@dataclass(frozen=True, slots=True)
class Restraint:
    """The mode that counts for a pass, and the part of the policy, or the setting, that says so."""

    mode: Mode
    said_by: str

    @property
    def text(self) -> str:
        return f"mode {self.mode} ({self.said_by})"


def restrained(
    reached: Ending, why: Restraint, actions: Sequence[Action], further: Iterable[str] = ()
) -> Ending:
    """The ending of a pass that only read. `reached`: by the proof. `further`: what else would be changed."""
    if why.mode == "observe":
        return _observed(reached, why)
    steps = [step for step in actions if not isinstance(step, Keep | Block | Unknown)]
    stops = [_stop(step) for step in actions if isinstance(step, Block | Unknown)]
    summary = "; ".join((*([_summary(steps)] if steps or not further else ()), *further))
    cut = f"the plan has {len(steps)} steps, of which {MOST_STEPS} are recorded: a dry run shows all"
    found = replace(
        reached,
        plan=tuple(
            Planned(verb(step), step.id, clean(step.reason, LONGEST_REASON)) for step in steps[:MOST_STEPS]
        ),
        findings=(*reached.findings, *stops, *((cut,) if len(steps) > MOST_STEPS else ())),
    )
    if reached.result is Result.CONNECTED:
        left = f"{why.text}: a pass would {summary}"
        return replace(found, findings=(*found.findings, left)) if steps or further else found
    planned = _unwritten(found, Result.PLANNED, why, f"a pass would {summary}")
    stop = next((step for step in actions if isinstance(step, Block)), None)
    return replace(planned, result=Result.BLOCKED, code=stop.code, remedy=stop.remedy) if stop else planned


def unremoved(
    why: Restraint, reason: str, gone: str, objects: Sequence[ResourceId], plan: Sequence[Action]
) -> Ending:
    """Nothing asks for it any more, and what was made for it stays, because nothing may be written."""
    reached = Ending(
        Result.REMOVED,
        reason=f"{reason}, and {len(objects)} objects that were made for it stay",
        profile=gone,
    )
    return restrained(reached, why, plan)


def _observed(reached: Ending, why: Restraint) -> Ending:
    if reached.result is Result.CONNECTED:
        return reached
    return _unwritten(reached, Result.OBSERVED, why, "no plan is made")


def _unwritten(reached: Ending, result: Result, why: Restraint, instead: str) -> Ending:
    return replace(
        reached,
        result=result,
        code=CODES[why.mode],
        reason=f"{why.text}, so nothing is written: {instead}; what is: {reached.reason}",
        remedy=f"let {why.said_by} say mode: apply, then rerun the resource or wait for the next sweep",
        again=False,
        waiting=False,
        passing=False,
    )


def _summary(steps: Sequence[Action]) -> str:
    """Such as `create 4, update 1`."""
    counts = Counter(verb(step).lower() for step in steps)
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "write nothing"


def _stop(step: Block | Unknown) -> str:
    if isinstance(step, Block):
        return f"the plan would be Blocked, {step.code}: {step.reason} ({step.remedy})"
    return f"{step.id.text} is {step.reason}"
