#!/usr/bin/env python
"""Power's commands: the same ones that the ``power`` script runs."""

from power_site.cli import main

if __name__ == "__main__":
    main()
