"""Settings of every shape, read from the environment; `.env.example` documents each name.

`POSTROOM_SHAPE=embedded` (the default) needs no configuration: one process, a SQLite file, an in-process broker.
`POSTROOM_SHAPE=production` takes its database, broker and keys from the environment and refuses to start without.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ

from portal.environment import embedded_keys, load_secret_files

BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_NAMES = ("SECRET_KEY", "FIELD_KEYS", "TOKEN_PEPPER", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "METRICS_TOKEN")

load_secret_files(SECRET_NAMES)
env = environ.Env()

# --- shape ---------------------------------------------------------------------------------------------------------

SHAPE = env.str("POSTROOM_SHAPE", default="embedded")
EMBEDDED = SHAPE == "embedded"
DATA_DIR = Path(env.str("POSTROOM_DATA_DIR", default=str(BASE_DIR / "var")))
KEYS = embedded_keys(DATA_DIR) if EMBEDDED else {}

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default=KEYS.get("SECRET_KEY", ""))
TOKEN_PEPPER = env.str("TOKEN_PEPPER", default=KEYS.get("TOKEN_PEPPER", ""))
FIELD_KEYS = env.list("FIELD_KEYS", default=[key for key in [KEYS.get("FIELD_KEYS")] if key])

BASE_URL = env.str("BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if EMBEDDED else [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[] if EMBEDDED else [BASE_URL])
ALLOW_PRIVATE_TARGETS = env.bool("ALLOW_PRIVATE_TARGETS", default=EMBEDDED)
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
WEB_THREADS = env.int("WEB_THREADS", default=16)
WORKER_THREADS = env.int("WORKER_THREADS", default=16)

# --- applications --------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "portal.desk.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "ledger",
    "portal.events",
    "portal.timetable",
    "portal.tenants",
    "portal.connections",
    "portal.reference",
    "portal.postings",
    "portal.raising",
    "portal.settlements",
    "portal.amending",
    "portal.intake",
    "portal.api",
    "portal.uat",
    "portal.desk.apps.DeskConfig",
    "portal.operations",
]

# Who we can talk to: dotted paths of connector classes; somebody else's package may add one.
CONNECTORS = env.list(
    "CONNECTORS",
    default=[
        "ledger.connector.BuiltInLedger",
        "integrations.demo.connector.DemoBooks",
        "integrations.tryton.connector.Tryton",
        "integrations.odoo.connector.Odoo",
        "integrations.accountsiq.connector.AccountsIQ",
        "integrations.codat.connector.Codat",
    ],
)
SOURCES = env.list(
    "SOURCES",
    default=["integrations.icompleat.connector.ICompleat", "integrations.accessplanit.connector.AccessPlanit"],
)

MIDDLEWARE = [
    "portal.operations.middleware.RequestContext",
    "django.middleware.security.SecurityMiddleware",
    "portal.operations.middleware.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.tenants.second_factor_first.SecondFactorFirst",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- database ------------------------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'postroom.sqlite3'}" if EMBEDDED else "")
}
_database = DATABASES["default"]
_database["ATOMIC_REQUESTS"] = False
if "sqlite" in _database.get("ENGINE", ""):
    # Ours: threads take turns at writing, and as many connections stay open as threads have used at a time.
    _database["ENGINE"] = "portal.sqlite"
    # IMMEDIATE: a read-then-write transaction must not fail half-way. FULL: an answered number survives a power cut.
    # A negative cache_size is in kB, for each connection that is kept.
    _database["OPTIONS"] = {
        "keep": WEB_THREADS + WORKER_THREADS,
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA mmap_size=134217728;"
            " PRAGMA journal_size_limit=27103364; PRAGMA cache_size=-4000;"
        ),
    }
elif "postgresql" in _database.get("ENGINE", ""):
    _database["ENGINE"] = "portal.postgresql"  # ours: the connection that was used last is used next
    # Kept statements (portal/prepared.py) are prepared when they are first run and planned once; the ORM's never are. A
    # plan that was made while a table was small must not read all of it when it has grown: the disk is no spinning one.
    # Nobody waits for a lock for long, and a process that hangs in the middle of a transaction loses it.
    _database.setdefault("OPTIONS", {}).update(
        {
            "connect_timeout": 2,
            "prepare_threshold": 0,
            "options": (
                "-c plan_cache_mode=force_generic_plan -c random_page_cost=1.1"
                " -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
                f" -c statement_timeout={env.int('DATABASE_STATEMENT_SECONDS', default=0)}s"
            ),
            # The nudges' threads and the sweep's of a worker, each of which keeps its connection while a vendor works.
            "pool": {"min_size": 1, "max_size": max(40, 2 * WORKER_THREADS + 4, WEB_THREADS + 4), "timeout": 5},
        }
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- broker, cache -------------------------------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
CACHES: dict[str, dict[str, Any]] = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}
CELERY_BROKER_URL = REDIS_URL or "memory://localhost"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"socket_timeout": 5, "socket_connect_timeout": 2, "socket_keepalive": True, "health_check_interval": 10}
    if REDIS_URL
    else {"polling_interval": 0.01}
)
if REDIS_URL.startswith("redis://"):
    CELERY_BROKER_TRANSPORT = "portal.broker:Transport"  # a nudge that was taken is not kept
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "post"
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = WORKER_THREADS
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = bool(REDIS_URL)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_TIMEZONE = "UTC"
# Beat only rings, with its clock in memory: what is due and what was done stands in the database (portal/timetable).
CELERY_BEAT_SCHEDULER = "celery.beat.Scheduler"
CELERY_BEAT_SCHEDULE = {"tick": {"task": "operations.tick", "schedule": 60.0}}

# --- people --------------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "desk:home"
# open: anybody may sign up and found an organisation; invited: people come in with an invitation, or staff make them.
SIGN_UP = env.str("SIGN_UP", default="open" if EMBEDDED else "invited")
# required: staff, and owners of live companies, see no page before they have set one up; offered: whoever wants to.
SECOND_FACTOR = env.str("SECOND_FACTOR", default="offered" if EMBEDDED else "required")
ACCOUNT_ADAPTER = "portal.tenants.adapter.People"
ACCOUNT_FORMS = {
    "login": "portal.tenants.address_form.LogInForm",
    "reset_password": "portal.tenants.address_form.ForgottenForm",
    "signup": "portal.tenants.signing_up.SignUpForm",
    "add_email": "portal.tenants.address_form.AddressForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]  # and our own: portal/tenants/signing_up.py
# Of whoever signed up alone; whom staff made on the server proves nothing (portal/tenants/verifying.py).
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Postroom: "
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
MFA_ADAPTER = "portal.tenants.second_factor.SealedSecrets"
MFA_TOTP_ISSUER = "Postroom"
# Nobody is let in before their first address is proved, and a later one may be changed beside a second factor.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Sign-up, log-in and the mails are limited by address. 1: that of X-Forwarded-For's last entry, set by our proxy.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 10
# Who is told what waits for a person, beside the staff who have the permission for it.
STAFF_ALERTS = env.list("STAFF_ALERTS", default=[])
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="postroom@localhost")

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
_secure = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=_secure)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=_secure) else None
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _secure
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
X_FRAME_OPTIONS = "DENY"

# --- what is forgotten, after so many days; 0: never -----------------------------------------------------------------

RETENTION_BODY_DAYS = env.int("RETENTION_BODY_DAYS", default=90)
RETENTION_REFUSED_DAYS = env.int("RETENTION_REFUSED_DAYS", default=90)
RETENTION_ALERT_DAYS = env.int("RETENTION_ALERT_DAYS", default=365)

# --- language, static files, requests ------------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default="" if EMBEDDED else str(BASE_DIR / "staticfiles")) or None
WHITENOISE_USE_FINDERS = EMBEDDED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if EMBEDDED
            else "whitenoise.storage.CompressedManifestStaticFilesStorage"
        )
    },
}
WEBHOOK_MAX_BYTES = 2 * 1024 * 1024
# For each endpoint and web process; 0 lifts the limit.
WEBHOOK_RATE = env.int("WEBHOOK_RATE", default=50)
WEBHOOK_BURST = env.int("WEBHOOK_BURST", default=200)
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "portal.api.openapi.ApiSchema",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Postroom API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "CAMELIZE_NAMES": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [],
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "DISABLE_ERRORS_AND_WARNINGS": False,
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
}

# --- logs ----------------------------------------------------------------------------------------------------------

LOG_FORMAT = env.str("LOG_FORMAT", default="plain" if EMBEDDED else "json")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "portal.operations.logs.ContextFilter"}},
    "formatters": {
        "json": {"()": "portal.operations.logs.JsonFormatter"},
        "plain": {
            "()": "portal.operations.logs.PlainFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s%(context)s",
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["context"]}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},  # portal.request has a line for every answer
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
    },
}
