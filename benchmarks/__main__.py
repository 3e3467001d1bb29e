"""`make bench`: the measured claims, one after the other. Exit code 1 if one does not hold."""

import sys

from benchmarks import (
    beside_sdk,
    cli,
    estates,
    imports,
    inputs,
    paths,
    policies,
    pure,
    requests,
    size,
    spokes,
    sweeps,
    telemetry,
)


def main() -> int:
    measured = (
        *(imports, cli, pure, inputs, policies, requests, spokes, estates, beside_sdk),
        *(sweeps, paths, telemetry, size),
    )
    held = [one.report() for one in measured]
    print("every claim holds" if all(held) else "a claim does not hold")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
