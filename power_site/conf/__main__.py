"""``python -m power_site.conf`` prints the table of settings as Markdown."""

from power_site.conf.show import markdown

print(markdown())
