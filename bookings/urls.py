from django.urls import path

from bookings.views import agenda, booking, catalogue, google, setup, timetable

app_name = "bookings"

urlpatterns = [
    path("", agenda.agenda_page, name="agenda"),
    path("novo/", booking.booking_create, name="booking-create"),
    path("horarios-livres/", booking.free_times, name="free-times"),
    path("servicos/", catalogue.service_list, name="services"),
    path("servicos/novo/", catalogue.service_edit, name="service-create"),
    path("servicos/<uuid:service_id>/", catalogue.service_edit, name="service-edit"),
    path("horarios/", timetable.timetable, name="timetable"),
    path("horarios/<uuid:membership_id>/", timetable.hours_edit, name="hours-edit"),
    path("folgas/", timetable.days_off, name="days-off"),
    path("folgas/nova/", timetable.time_off_create, name="time-off-create"),
    path("folgas/<uuid:time_off_id>/apagar/", timetable.time_off_delete, name="time-off-delete"),
    path("folgas/dia/", timetable.day_rule_set, name="day-rule-set"),
    path("folgas/dia/<uuid:day_rule_id>/apagar/", timetable.day_rule_delete, name="day-rule-delete"),
    path("google/", google.calendar, name="calendar"),
    path("google/ler/", google.calendar_pull, name="calendar-pull"),
    path("google/desligar/", google.calendar_disconnect, name="calendar-disconnect"),
    path("configuracao/", setup.settings_edit, name="settings"),
    path("<uuid:booking_id>/", booking.booking_page, name="booking"),
    path("<uuid:booking_id>/remarcar/", booking.booking_move, name="booking-move"),
    path("<uuid:booking_id>/cancelar/", booking.booking_cancel, name="booking-cancel"),
    path("<uuid:booking_id>/confirmar/", booking.booking_confirm, name="booking-confirm"),
    path("<uuid:booking_id>/desfecho/", booking.booking_finish, name="booking-finish"),
]
