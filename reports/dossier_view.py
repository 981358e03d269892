from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from accounts.services.audit import record_audit
from core.exports import safe_filename
from leads.access import get_contact
from reports.dossier import archive


@require_POST
@role_required(Role.ADMIN)
def dossier_file(request: MemberRequest, contact_id: UUID) -> HttpResponse:
    """Answer with everything that is known of a contact; that it was asked for is in the audit."""
    contact = get_contact(contact_id)
    record_audit("contact.dossier", actor=request.membership, target=str(contact.pk))
    name = safe_filename(f"dossie {contact.display_name}", "zip")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(archive(contact), content_type="application/zip", headers=headers)
