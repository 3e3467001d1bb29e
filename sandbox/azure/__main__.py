"""The simulator alone: `python -m sandbox.azure --port 8443` serves it until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from pathlib import Path

from sandbox.azure import scenario
from sandbox.azure.simulator import Simulator
from sandbox.azure.transports.server import serve
from sandbox.options import HelpWithDefaults
from sandbox.places import own_folder


def arguments(argv: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.azure", description=__doc__, formatter_class=HelpWithDefaults
    )
    parser.add_argument("--https-port", type=int, default=0, help="0: a free one")
    parser.add_argument("--http-port", type=int, default=0, help="0: a free one")
    parser.add_argument("--speed", type=float, default=60.0, help="simulated seconds per real second")
    parser.add_argument("--seed", type=int, default=0, help="decides every duration and race")
    parser.add_argument("--scenario", type=Path, default=scenario.DEFAULT, help="resources to begin with")
    parser.add_argument(
        "--dir", type=Path, default=Path(".sandbox"), help="for ca.pem; a subfolder while it is in use"
    )
    return parser.parse_args(argv)


async def main(argv: list[str]) -> None:
    """Serve the scenario's world until interrupted."""
    asked = arguments(argv)
    simulator = Simulator(seed=asked.seed, speed=asked.speed)
    simulator.apply(scenario.load(asked.scenario))
    ports = {"https_port": asked.https_port, "http_port": asked.http_port}
    with own_folder(asked.dir) as folder:
        await _serve(simulator, folder, ports)


async def _serve(simulator: Simulator, folder: Path, ports: dict[str, int]) -> None:
    async with serve(simulator, folder, **ports) as endpoints:
        print(f"Azure Resource Manager  {endpoints.arm}  (CA: {endpoints.ca_file})")
        print(f"control                 {endpoints.arm_http}/_sandbox")
        for name, value in endpoints.environment.items():
            print(f"export {name}={value}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1:]))
