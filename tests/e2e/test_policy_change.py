"""The policy is changed while the app runs in the sandbox: faulty, then corrected, without a restart."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sandbox.azurite import ROOT
from sandbox.up import Sandbox
from sandbox.user import User

ACCOUNTS = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-app/providers"
    "/Microsoft.Storage/storageAccounts"
)
PATIENCE = 60.0  # seconds in which a change has to count


async def eventually(read: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
    """What `read` returns once it `holds`. Raises TimeoutError after PATIENCE."""
    async with asyncio.timeout(PATIENCE):
        while not holds(seen := await read()):
            await asyncio.sleep(0.2)
    return seen


async def ended(user: User, name: str, tags: dict[str, str]) -> dict[str, Any]:
    """The state of a new storage account, once its pass ended."""
    at = f"{ACCOUNTS}/{name}"
    body = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "tags": tags}
    await user.put(at, body)
    done = await eventually(
        lambda: user.connection(at),
        lambda state: bool(state) and state["result"] != "Pending" and not state["working"],
    )
    return dict(done)


async def test_a_faulty_policy_changes_nothing_and_the_corrected_one_counts_without_a_restart(
    tmp_path: Path,
) -> None:
    sample = (ROOT / "connectivity.yaml").read_text("utf-8")
    added = sample.replace("\n  data:\n", "\n  added:\n")
    policy = tmp_path / "connectivity.yaml"
    policy.write_text(sample, "utf-8")
    async with Sandbox(policy=policy, speed=120) as box, User(box.endpoints) as user:
        worker = box.worker_pid(0)
        before = (await user.health())["policy"]
        assert (before["refused"], before["unread"]) == (None, None)

        policy.write_text(added.replace("inherit:", "inherits:"), "utf-8")
        refused = await eventually(user.health, lambda health: health["policy"]["refused"])
        assert refused["policy"]["hash"] == before["hash"]
        assert refused["policy"]["refused"]["faults"][0]["path"] == "opt_in.inherits"
        assert refused["status"] == "degraded"
        assert (await ended(user, "before", {}))["result"] == "Connected"
        asked = {"private-connectivity": "added"}
        assert (await ended(user, "unknown", asked))["code"] == "UnknownProfile"

        policy.write_text(added, "utf-8")
        counts = await eventually(user.health, lambda health: health["policy"]["hash"] != before["hash"])
        assert counts["policy"]["refused"] is None
        state = await ended(user, "after", asked)
        assert (state["result"], state["profile"]) == ("Connected", "added")

        policy.unlink()
        unread = await eventually(user.health, lambda health: health["policy"]["unread"])
        assert unread["policy"]["hash"] == counts["policy"]["hash"]
        assert (await ended(user, "without", {}))["result"] == "Connected"
        assert box.worker_pid(0) == worker

        old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
        old.write_text(sample, "utf-8")
        new.write_text(added, "utf-8")
        found = await compared(old, new, box.endpoints.host)
        assert found["compared"] == 4
        changed = {one["resource_id"].rpartition("/")[2]: one["kinds"] for one in found["changes"]}
        assert changed == {
            "unknown": ["undecided"],
            "after": ["undecided"],
        }  # their tags are not in the ledger


async def compared(old: Path, new: Path, host: str) -> dict[str, Any]:
    """What `policy diff` says of two policies for the ledger of a running app."""
    words = ["policy", "diff", str(old), str(new), "--ledger", host, "-o", "json"]
    ran = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "causeway", *words, cwd=ROOT, stdout=PIPE, stderr=PIPE
    )
    out, err = await ran.communicate()
    assert not err, err.decode()
    return dict(json.loads(out))
