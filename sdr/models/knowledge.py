from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import OrganizationOwned
from conversations.models import Conversation
from leads.models import Contact
from sdr.models.vector import VectorField


class DocumentKind(models.TextChoices):
    FILE = "file", _("file")
    PAGE = "page", _("web page")
    TEXT = "text", _("text")


class DocumentState(models.TextChoices):
    WAITING = "waiting", _("being read")
    READY = "ready", _("in use")
    FAILED = "failed", _("could not be read")


class Document(OrganizationOwned):
    """Something the business wrote that the SDR may answer from. ``raw`` is kept only until it is read."""

    kind = models.CharField(max_length=4, choices=DocumentKind)
    title = models.CharField(_("title"), max_length=200, blank=True)
    address = models.CharField(max_length=1000, blank=True)
    raw = models.BinaryField(null=True)
    state = models.CharField(max_length=8, choices=DocumentState, default=DocumentState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    letters = models.PositiveIntegerField(default=0)
    pieces = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = [models.UniqueConstraint(fields=["organization", "id"], name="document_org_id")]
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="document_newest"),
            models.Index(fields=["created_at"], condition=Q(state="waiting"), name="document_waiting"),
        ]

    def __str__(self) -> str:
        return self.title or self.address


class Chunk(OrganizationOwned):
    """A piece of a document. ``search`` is the Portuguese full-text vector of the folded text; vectors of one ``embedder`` only compare."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    text = models.TextField()
    search = SearchVectorField(null=True)
    embedding = VectorField(null=True)
    embedder = models.CharField(max_length=20, blank=True)

    class Meta:
        verbose_name = _("piece of a document")
        verbose_name_plural = _("pieces of documents")
        constraints = [models.UniqueConstraint(fields=["document", "position"], name="chunk_position_once")]
        indexes = [GinIndex(fields=["search"], name="chunk_search")]

    def __str__(self) -> str:
        return self.text[:60]


class QuestionState(models.TextChoices):
    OPEN = "open", _("open")
    ANSWERED = "answered", _("answered")
    DISMISSED = "dismissed", _("set aside")


class Question(OrganizationOwned):
    """What a customer asked and nothing that the business wrote answers; ``key`` is the folded text, once while open."""

    text = models.CharField(max_length=300)
    key = models.CharField(max_length=300)
    times = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=9, choices=QuestionState, default=QuestionState.OPEN)
    contact = models.ForeignKey(Contact, null=True, on_delete=models.SET_NULL, related_name="+")
    conversation = models.ForeignKey(Conversation, null=True, on_delete=models.SET_NULL, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    last_asked_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("question without an answer")
        verbose_name_plural = _("questions without an answer")
        constraints = [
            models.UniqueConstraint(fields=["organization", "id"], name="question_org_id"),
            models.UniqueConstraint(
                fields=["organization", "key"], condition=Q(state="open"), name="question_open_once"
            ),
        ]
        indexes = [models.Index(fields=["organization", "state", "-last_asked_at"], name="question_newest")]

    def __str__(self) -> str:
        return self.text
