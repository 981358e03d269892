"""The answer in the chat to "why did I receive this?": the facts, the page, the way out."""

from django.utils import timezone

from campaigns.models import Recipient
from campaigns.provenance.links import origin_url
from campaigns.provenance.origin import Provenance, provenance
from conversations.events import CustomerReplied
from conversations.models import Conversation, ConversationStatus, Origin
from conversations.origin_question import origin_asked
from conversations.services.send import send_message


def answer_origin(event: CustomerReplied) -> None:
    """Answer once per message, whoever handles the chat: the law gives the person this answer, and it says nothing else."""
    if event.is_old or not origin_asked(event.conversation_id, event.text):
        return
    rows = Recipient.objects.filter(contact_id=event.contact_id).exclude(sent_at=None)
    related = ("organization", "campaign__created_by__user", "contact", "channel")
    recipient = rows.select_related(*related).order_by("-sent_at").first()
    conversation = Conversation.objects.select_related("contact", "channel").get(pk=event.conversation_id)
    if recipient is None or conversation.status == ConversationStatus.CLOSED:
        return
    with timezone.override(recipient.organization.timezone):
        body = answer_text(provenance(recipient), origin_url(recipient.pk))
    send_message(conversation, body=body, author=None, origin=Origin.BOT, client_key=f"origin:{event.message_id}")


def answer_text(origin: Provenance, link: str) -> str:
    """Return the answer in the customers' language."""
    when = f" em {timezone.localtime(origin.brought_at):%d/%m/%Y}" if origin.brought_at else ""
    row = f", linha {origin.row_number}" if origin.row_number else ""
    source = (
        f"da planilha “{origin.filename}”{row}, trazida{when}" if origin.filename else f"do nosso cadastro, feito{when}"
    )
    basis = f" Base legal: {origin.legal_basis.lower()}." if origin.legal_basis else ""
    return (
        f"Você recebeu nossa mensagem porque seu contato está na lista da {origin.business}. Ele veio {source}.{basis}\n"
        f"Tudo o que sabemos da origem, e como sair da lista: {link}\n"
        "Se preferir, responda SAIR e não escrevemos mais."
    )
