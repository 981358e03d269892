from django.urls import path

from sdr.views import pages

app_name = "sdr"

urlpatterns = [
    path("", pages.settings_page, name="settings"),
    path("pesos/", pages.rubric_page, name="rubric"),
    path("testar/", pages.playground, name="playground"),
    path("perguntas/", pages.insights, name="insights"),
    path("recusas/", pages.refusals, name="refusals"),
]
