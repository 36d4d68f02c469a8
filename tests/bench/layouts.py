"""The two layouts of the KV cache against each other: ``python -m tests.bench.layouts [--rounds N] [--workload NAME]``.

A is a Power with a stream for each lane, B one with a cache for all of them.
"""

from __future__ import annotations

import argparse
import signal

from tests.bench.compare import add_arguments, compare_all, table
from tests.bench.servers import MODEL, POWER_SETTINGS, power_home, power_server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    streams, unified = ({**POWER_SETTINGS, "KV_LAYOUT": layout} for layout in ("streams", "unified"))
    with (
        power_home() as home,
        power_home() as other_home,
        power_server(home, streams) as url,
        power_server(other_home, unified) as other_url,
    ):
        found = list(compare_all(url, other_url, model=MODEL, rounds=options.rounds, names=options.workload))
    print("A has a stream for each lane, B one cache for all.\n")
    print(table(found))


if __name__ == "__main__":
    main()
