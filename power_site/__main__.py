"""``python -m power_site COMMAND``: the commands, where the ``power`` script is not on the path."""

from power_site.cli import main

main()
