"""Django's settings, made from Power's own (``power_site.conf``), which are the only ones a user sets."""

from __future__ import annotations

from pathlib import Path

from power_site.conf import config
from power_site.secret import secret_key
from power_site.swagger_ui import static_folders

POWER = config()
BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = False
SECRET_KEY = secret_key(POWER)
# The gate decides on Host before Django sees a request (wire.md 2.15): its answer is JSON, Django's would be HTML.
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "power_site.urls"
ASGI_APPLICATION = "power_site.asgi.application"

INSTALLED_APPS = [
    "unfold",
    # The simple variant leaves the registration of admin classes to urls.py: no command but serve needs them.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "models_app",
    "api_openai",
]
# For the admin's pages. The API's paths take none of them under ``serve`` (power_site.handler).
MIDDLEWARE = [
    "power_site.middleware.api_without_csrf",
    "django.middleware.security.SecurityMiddleware",
    "power_site.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "power_site.middleware.database_busy",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": POWER.home / "power.sqlite3",
        "CONN_MAX_AGE": 0,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {
            # A writer takes its lock at BEGIN and waits for it; a deferred one fails at once when it upgrades.
            "transaction_mode": "IMMEDIATE",
            "timeout": 8,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
# TLS ends at whatever proxy a deployment puts in front; Power itself speaks plain HTTP, by default to loopback only,
# where secure cookies, redirects to https and HSTS would lock everyone out.
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"]

# An API call's POST is never redirected: the client would repeat it as a GET.
APPEND_SLASH = False
# The gate bounds a body before Django reads it, so Django must neither refuse it again nor spool it to a file.
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = max(POWER.max_body_bytes, POWER.max_media_body_bytes) + 1
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
STATIC_URL = "/static/"
STATICFILES_DIRS = static_folders()

UNFOLD = {"SITE_TITLE": "Power", "SITE_HEADER": "Power", "SITE_URL": "/admin/"}

LOG_LEVEL = "DEBUG" if POWER.debug else POWER.log_level.upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "power_site.logs.LineFormatter"}},
    "filters": {"own_words": {"()": "power_site.logs.OwnWords"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["own_words"],
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "power": {"level": LOG_LEVEL},
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        # SQL with its values, and every coroutine's name, are content.
        "django.db.backends": {"level": "WARNING"},
        # What these say of a refused request, the access log says as well.
        "django.request": {"level": "ERROR"},
        "django.security": {"level": "CRITICAL"},
        "asyncio": {"level": "WARNING"},
        "uvicorn": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
    },
}
