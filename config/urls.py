from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from accounts.views.auth import RateLimitedSignupView
from bookings.views import google as calendar
from config import guide, views
from config.api import api, plain_api
from core.health import live, ready
from gateways.intake.webhooks import hook

admin.site.site_header = "Prosa"

urlpatterns = [
    path("", views.landing, name="landing"),
    path("conta/signup/", RateLimitedSignupView.as_view(), name="account_signup"),
    # One e-mail per person, changed by whoever runs the platform: allauth's page for several is not offered.
    path("conta/email/", RedirectView.as_view(pattern_name="accounts:profile"), name="account_email"),
    # Google is asked for calendars only: of allauth's provider these two pages are left.
    path("conta/google/login/", calendar.google_begin, name="google_login"),
    path("conta/google/login/callback/", calendar.google_return, name="google_callback"),
    re_path("^conta/(?:google|3rdparty|social)/", RedirectView.as_view(pattern_name="bookings:calendar")),
    path("conta/", include("allauth.urls")),
    path("", include("accounts.urls")),
    path("", include("billing.urls")),
    # The addresses that people type, whatever the language of the product.
    path("dashboard/", RedirectView.as_view(pattern_name="reports:dashboard"), name="dashboard-alias"),
    path("campaigns/", RedirectView.as_view(pattern_name="campaigns:list"), name="campaigns-alias"),
    path("inicio/", include("reports.urls")),
    path("conversas/", include("conversations.urls")),
    path("agenda/", include("bookings.urls")),
    path("agendar/", include("bookings.public_urls")),
    path("cobrancas/", include("bookings.charges.urls")),
    path("leads/", include("leads.urls")),
    path("campanhas/", include("campaigns.urls")),
    path("porque/", include("campaigns.public_urls")),
    path("sdr/", include("sdr.urls")),
    path("numeros/", include("gateways.urls")),
    path("processos/", include("reports.processes.urls")),
    path("hooks/google-calendar/", calendar.google_hook, name="google-calendar-hook"),
    path("hooks/<slug:provider>/<str:token>/", hook, name="hook"),
    path("api/v1/", api.urls),
    path("api/", plain_api.urls),
    path("idioma/", set_language, name="set-language"),
    path("ajuda/", guide.guide_page, name="guide"),
    path("ajuda/<slug:slug>/", guide.guide_page, name="guide-page"),
    path("status/", views.status, name="status"),
    path("health/live", live, name="health-live"),
    path("health/ready", ready, name="health-ready"),
    path(f"{settings.ADMIN_PATH}/", admin.site.urls),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
