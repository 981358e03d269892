from django.urls import path

from accounts.views import me, members, organization

app_name = "accounts"

urlpatterns = [
    path("configuracoes/", organization.settings_overview, name="settings"),
    path("configuracoes/empresa/", organization.organization_edit, name="organization-edit"),
    path("configuracoes/auditoria/", organization.audit_log, name="audit"),
    path("configuracoes/chave-openai/", organization.openai_key, name="openai-key"),
    path("configuracoes/convites/", members.invitation_create, name="invitation-create"),
    path("configuracoes/convites/<uuid:invitation_id>/revogar/", members.invitation_revoke, name="invitation-revoke"),
    path("configuracoes/pessoas/<uuid:membership_id>/", members.member_edit, name="member-edit"),
    path("configuracoes/equipes/nova/", members.team_edit, name="team-create"),
    path("configuracoes/equipes/<uuid:team_id>/", members.team_edit, name="team-edit"),
    path("configuracoes/equipes/<uuid:team_id>/apagar/", members.team_delete, name="team-delete"),
    path("configuracoes/tokens/", members.token_create, name="token-create"),
    path("configuracoes/tokens/<uuid:token_id>/revogar/", members.token_revoke, name="token-revoke"),
    path("minha-conta/", me.profile, name="profile"),
    path("minha-conta/avisos/", me.alerts_change, name="alerts"),
    path("empresas/", me.organizations, name="organizations"),
    path("empresas/nova/", organization.organization_create, name="organization-create"),
    path("empresas/<uuid:organization_id>/entrar/", organization.organization_switch, name="organization-switch"),
    path("convite/<str:token>/", me.invitation_accept, name="invitation-accept"),
]
