from django.contrib import admin

from accounts.models import AuditEntry, Membership, Organization, User
from core.admin import LookOnly


@admin.register(User)
class UserAdmin(admin.ModelAdmin[User]):
    list_display = ("email", "name", "is_active", "is_staff", "last_login", "date_joined")
    search_fields = ("email", "name")
    exclude = ("password", "groups", "user_permissions")
    readonly_fields = ("last_login", "date_joined")


class MembershipInline(admin.TabularInline[Membership, Organization]):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin[Organization]):
    list_display = ("name", "segment", "language", "is_demo", "created_at")
    search_fields = ("name",)
    inlines = (MembershipInline,)


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnly, admin.ModelAdmin[AuditEntry]):
    list_display = ("at", "organization", "actor_name", "action", "target")
    list_filter = ("action",)
    list_select_related = ("organization",)
