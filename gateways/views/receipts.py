from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import role_required
from accounts.http import MemberRequest
from accounts.models import Role
from core.pagination import InvalidCursorError, keyset_page
from gateways import queries
from gateways.models import ReceiptState
from gateways.services.drain import replay_receipt

SIZE = 50


@require_safe
@role_required(Role.ADMIN)
def receipt_list(request: MemberRequest, channel_id: UUID) -> HttpResponse:
    channel = queries.get_channel(channel_id)
    state = request.GET.get("estado", "")
    rows = queries.receipts(channel, state if state in ReceiptState.values else "")
    try:
        page = keyset_page(rows, order="-pk", cursor=request.GET.get("cursor"), size=SIZE)
    except InvalidCursorError as error:
        raise BadRequest from error
    context: dict[str, Any] = {"channel": channel, "page": page, "state": state, "states": ReceiptState.choices}
    return render(request, "gateways/receipts.html", context)


@require_safe
@role_required(Role.ADMIN)
def receipt_detail(request: MemberRequest, channel_id: UUID, receipt_id: int) -> HttpResponse:
    channel = queries.get_channel(channel_id)
    receipt = queries.get_receipt(channel, receipt_id)
    return render(request, "gateways/receipt.html", {"channel": channel, "receipt": receipt, "body": receipt.as_text})


@require_POST
@role_required(Role.ADMIN)
def receipt_replay(request: MemberRequest, channel_id: UUID, receipt_id: int) -> HttpResponse:
    channel = queries.get_channel(channel_id)
    receipt = queries.get_receipt(channel, receipt_id)
    replay_receipt(receipt, actor=request.membership)
    messages.success(request, _("It is read again. What it brought before is not repeated."))
    return redirect("gateways:receipt", channel.pk, receipt.pk)
