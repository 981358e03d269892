from django.urls import path

from leads.views import contacts, imports

app_name = "leads"

urlpatterns = [
    path("", contacts.contact_list, name="list"),
    path("novo/", contacts.contact_create, name="contact-create"),
    path("listas/", contacts.list_index, name="lists"),
    path("listas/<uuid:list_id>/apagar/", contacts.list_delete, name="list-delete"),
    path("listas/<uuid:list_id>/exportar.csv", contacts.list_export, {"file_format": "csv"}, name="list-csv"),
    path("listas/<uuid:list_id>/exportar.xlsx", contacts.list_export, {"file_format": "xlsx"}, name="list-xlsx"),
    path("importar/", imports.import_create, name="import-create"),
    path("importar/<uuid:import_id>/", imports.import_page, name="import"),
    path("importar/<uuid:import_id>/colunas/", imports.import_mapping, name="import-mapping"),
    path("importar/<uuid:import_id>/erros.csv", imports.import_issues, {"file_format": "csv"}, name="import-issues-csv"),
    path("importar/<uuid:import_id>/erros.xlsx", imports.import_issues, {"file_format": "xlsx"}, name="import-issues-xlsx"),
    path("importar/<uuid:import_id>/desfazer/", imports.import_undo, name="import-undo"),
    path("<uuid:contact_id>/", contacts.contact_page, name="contact"),
    path("<uuid:contact_id>/editar/", contacts.contact_edit, name="contact-edit"),
    path("<uuid:contact_id>/sem-campanhas/", contacts.contact_opt_out, name="contact-opt-out"),
    path("<uuid:contact_id>/apagar-dados/", contacts.contact_anonymise, name="contact-anonymise"),
]
