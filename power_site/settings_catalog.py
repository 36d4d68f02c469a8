"""The settings of commands that work on the catalog alone: without the web admin's apps, a sixth of their start."""

from __future__ import annotations

from power_site.settings import *  # noqa: F403 - all the others stand

INSTALLED_APPS = ["models_app"]
MIDDLEWARE = []
ROOT_URLCONF = "power_site.urls_catalog"
