"""`make bench`: the measured claims, one after the other. Exit code 1 if one does not hold."""

import sys

from benchmarks import imports, paths, requests, size


def main() -> int:
    held = [report() for report in (imports.report, requests.report, paths.report, size.report)]
    print("every claim holds" if all(held) else "a claim does not hold")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
