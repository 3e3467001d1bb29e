"""What is left in the log when the process ends."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio
from shared.adapters.clock import SystemClock
from shared.adapters.closing import close_at_exit
from shared.adapters.identity import transport
from shared.adapters.service_time import ServiceTime
from shared.adapters.storage import open_queue, open_tables

CONNECTION = "UseDevelopmentStorage=true"
kept = []


async def main():
    arm = transport()
    tables = open_tables(CONNECTION, "", None, ServiceTime(SystemClock()))
    queue = open_queue(CONNECTION, "", "work", None)
    for client in (arm, tables, queue):
        await client.__aenter__()
        kept.append(client)
    if CLOSE:
        close_at_exit(*kept)


asyncio.run(main())
"""


@pytest.mark.parametrize("close", [True, False])
def test_no_session_is_left_open_when_the_process_ends(close: bool) -> None:
    program = PROGRAM.replace("CLOSE:", f"{close}:")
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ("Unclosed client session" in ended.stderr) is not close
    assert not close or ended.stderr == ""
