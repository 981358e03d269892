from django.urls import path

from leads.views import bulk, contact, contacts, imports, joining, lists

app_name = "leads"

CSV, XLSX = {"file_format": "csv"}, {"file_format": "xlsx"}

urlpatterns = [
    path("", contacts.contact_list, name="list"),
    path("acoes/<uuid:bulk_id>/", bulk.bulk_page, name="bulk"),
    path("acoes/<uuid:bulk_id>/parar/", bulk.bulk_stop, name="bulk-stop"),
    path("acoes/<uuid:bulk_id>/desfazer/", bulk.bulk_undo, name="bulk-undo"),
    path("novo/", contacts.contact_create, name="contact-create"),
    path("selecionados/", contacts.contacts_change, name="contacts-change"),
    path("exportar.csv", contacts.contacts_export, CSV, name="contacts-csv"),
    path("exportar.xlsx", contacts.contacts_export, XLSX, name="contacts-xlsx"),
    path("listas/", lists.list_index, name="lists"),
    path("listas/nova/", lists.list_create, name="list-create"),
    path("listas/<uuid:list_id>/nome/", lists.list_rename, name="list-rename"),
    path("listas/<uuid:list_id>/apagar/", lists.list_delete, name="list-delete"),
    path("listas/<uuid:list_id>/exportar.csv", lists.list_export, CSV, name="list-csv"),
    path("listas/<uuid:list_id>/exportar.xlsx", lists.list_export, XLSX, name="list-xlsx"),
    path("importacoes/", imports.import_index, name="imports"),
    path("importar/", imports.import_create, name="import-create"),
    path("importar/<uuid:import_id>/", imports.import_page, name="import"),
    path("importar/<uuid:import_id>/colunas/", imports.import_mapping, name="import-mapping"),
    path("importar/<uuid:import_id>/previa/", imports.import_preview, name="import-preview"),
    path("importar/<uuid:import_id>/descartar/", imports.import_discard, name="import-discard"),
    path("importar/<uuid:import_id>/erros.csv", imports.import_issues, CSV, name="import-issues-csv"),
    path("importar/<uuid:import_id>/erros.xlsx", imports.import_issues, XLSX, name="import-issues-xlsx"),
    path("importar/<uuid:import_id>/desfazer/", imports.import_undo, name="import-undo"),
    path("importar/<uuid:import_id>/tentar/", imports.import_retry, name="import-retry"),
    path("<uuid:contact_id>/", contact.contact_page, name="contact"),
    path("<uuid:contact_id>/editar/", contact.contact_edit, name="contact-edit"),
    path("<uuid:contact_id>/sem-campanhas/", contact.contact_opt_out, name="contact-opt-out"),
    path("<uuid:contact_id>/com-campanhas/", contact.contact_opt_in, name="contact-opt-in"),
    path("<uuid:contact_id>/listas/", contact.contact_lists, name="contact-lists"),
    path("<uuid:contact_id>/unir/", joining.join_page, name="contact-joins"),
    path("<uuid:contact_id>/unir/agora/", joining.contact_join, name="contact-join"),
    path("<uuid:contact_id>/unir/<uuid:merge_id>/desfazer/", joining.contact_take_apart, name="contact-take-apart"),
    path("<uuid:contact_id>/apagar-dados/", contact.contact_anonymise, name="contact-anonymise"),
]
