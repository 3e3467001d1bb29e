"""What a pass does after a write failed: name every right that lacks, and undo what is better not there."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.core.base.errors import BlockedError, CausewayError, RefusedError
from shared.core.base.ids import ResourceId
from shared.core.base.refusal import is_forbidden
from shared.core.outcome.outcome import Done
from shared.core.plan.obsolete import Obsolete
from shared.core.plan.refusals import RefusedRequest
from shared.flow.reconcile_pass import Pass
from shared.flow.removal import Remover
from shared.flow.view import View
from shared.flow.viewer import Viewer
from shared.ports import Clock

HALF_MADE = "this pass made it and its name cannot be written, so it was deleted again"
STAYS = (
    "this pass made it, its name cannot be written, and it could not be deleted again, so clients that ask "
    "its zone do not find the resource until one of the two is possible"
)


@dataclass(frozen=True, slots=True)
class AfterFailure:
    """Reads rights, and deletes endpoints that this pass made."""

    viewer: Viewer
    remover: Remover
    clock: Clock

    async def with_every_right(
        self, view: View, errors: tuple[CausewayError, ...]
    ) -> tuple[CausewayError, ...]:
        """Where one right lacks, name all that lack: otherwise each rerun would end at the next one."""
        if not any(is_forbidden(error) for error in errors):
            return errors
        lacking = await self.viewer.lacking(view, self.clock.now().timestamp())
        if lacking is None:
            return errors
        whole = BlockedError(lacking.code, lacking.reason, lacking.remedy)
        return (whole, *errors)

    async def without_half_made(
        self, view: View, done: tuple[Done, ...], failed: Mapping[ResourceId, CausewayError], current: Pass
    ) -> tuple[View, tuple[Done, ...]]:
        """Delete the endpoints that this pass made and that cannot get their name.

        Public DNS leads the target's name into the zone from the approval on: without a record there, clients
        that reached the target before would not find it any more.
        """
        made = {step.id for step in done if step.verb == "Create" and step.ended == "done"}
        half_made = tuple(at for at in view.desired.unnamed(failed) if at in made)
        if not half_made:
            return view, ()
        names = (
            path.endpoint.completed_by[:1] for path in view.desired.paths if path.endpoint.id in half_made
        )
        found = Obsolete((*half_made, *(at for ids in names for at in ids)), partial=True)
        steps, errors = await self.remover.remove(found, HALF_MADE, current)
        why = {at: error for at, error in failed.items() if isinstance(error, BlockedError | RefusedError)}
        kept = [RefusedRequest.of(at, next(iter(why.values()))) for at in half_made if why]
        await current.memory.refuse(current.memory.refusals.joined(current.state, kept))
        text = f"{STAYS}: {'; '.join(map(str, errors))}" if errors else HALF_MADE
        notes = tuple(f"{at.text}: {text}" for at in half_made)
        return replace(view, notes=(*view.notes, *notes)), steps
