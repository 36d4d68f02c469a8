"""Django's settings in tests. pytest-django loads them before any conftest, so what must come first stands here."""

from __future__ import annotations

import os
import tempfile

# No test may touch the user's home, and none of the user's settings a test.
for _name in [name for name in os.environ if name.startswith(("A3S_POWER_", "OLLAMA_"))]:
    del os.environ[_name]
os.environ["A3S_POWER_HOME"] = tempfile.mkdtemp(prefix="power-tests-")
# What a test starts as a process of its own has the real ones.
os.environ["DJANGO_SETTINGS_MODULE"] = "power_site.settings"

from power_site.settings import *  # noqa: E402, F403

# Logging in must not cost every test of the admin half a second.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
