"""``python -m power_site serve`` is ``power serve``, where no console script is on the path."""

from power_site.cli import main

main()
