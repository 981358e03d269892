from django.urls import path

from campaigns.provenance.views import origin_opt_out, origin_page

app_name = "origin"

urlpatterns = [
    path("<str:token>/", origin_page, name="page"),
    path("<str:token>/sair/", origin_opt_out, name="opt-out"),
]
