"""`make bench`: the measured claims, one after the other. Exit code 1 if one does not hold."""

import sys

from benchmarks import imports, paths, pure, requests, size


def main() -> int:
    reports = (imports.report, pure.report, requests.report, paths.report, size.report)
    held = [report() for report in reports]
    print("every claim holds" if all(held) else "a claim does not hold")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
