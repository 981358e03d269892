from django.urls import path

from bookings.views import public

app_name = "public_bookings"

urlpatterns = [
    path("<slug:slug>/", public.start, name="start"),
    path("<slug:slug>/<uuid:service_id>/", public.times, name="times"),
    path("<slug:slug>/<uuid:service_id>/dados/", public.details, name="details"),
    path("<slug:slug>/r/<str:token>/", public.manage, name="manage"),
    path("<slug:slug>/r/<str:token>/confirmar/", public.confirm, name="confirm"),
    path("<slug:slug>/r/<str:token>/remarcar/", public.move, name="move"),
    path("<slug:slug>/r/<str:token>/cancelar/", public.cancel, name="cancel"),
    path("<slug:slug>/r/<str:token>/agenda.ics", public.calendar_entry, name="calendar"),
]
