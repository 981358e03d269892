"""The passages of the business's documents that may answer a question: by words always, by meaning where there is a key, fused."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import connection
from django.db.models import F

from core.tenancy import current_organization_id
from core.text import fold
from sdr.contract import Passage
from sdr.engine.words import content_words
from sdr.models import Chunk, SdrProfile
from sdr.models.vector import vector_text
from sdr.services.embeddings import embed_texts, embedder_of

BEST = 4
CANDIDATES = 12
# The constant of reciprocal rank fusion: how much being first counts more than being fifth.
EVENING = 60
# Beyond this cosine distance two texts are about different things.
FARTHEST = 0.75


def passages_for(profile: SdrProfile, question: str) -> tuple[Passage, ...]:
    """Return the few passages nearest to a question, best first."""
    if not question.strip() or not Chunk.objects.exists():
        return ()
    rankings = [_by_words(question), _by_meaning(profile, question)]
    points: dict[UUID, float] = {}
    for ranking in rankings:
        for place, pk in enumerate(ranking):
            points[pk] = points.get(pk, 0.0) + 1 / (EVENING + place)
    best = sorted(points, key=lambda pk: -points[pk])[:BEST]
    found = {chunk.pk: chunk for chunk in Chunk.objects.filter(pk__in=best).select_related("document")}
    return tuple(Passage(str(found[pk].document), found[pk].text, str(pk)) for pk in best if pk in found)


def _by_words(question: str) -> list[UUID]:
    words = [word for word in dict.fromkeys(content_words(fold(question)[:1000])) if len(word) > 2 and word.isalnum()][
        :24
    ]
    if not words:
        return []
    query = SearchQuery(" | ".join(words), config="portuguese", search_type="raw")
    rows = Chunk.objects.filter(search=query).annotate(rank=SearchRank(F("search"), query)).order_by("-rank", "pk")
    return list(rows.values_list("pk", flat=True)[:CANDIDATES])


def _by_meaning(profile: SdrProfile, question: str) -> list[UUID]:
    code = embedder_of(profile)
    if not code or not Chunk.objects.filter(embedder=code).exists():
        return []
    vectors = embed_texts(profile, [question[:2000]])
    return _nearest(code, vectors[0]) if vectors else []


def _nearest(code: str, vector: Sequence[float]) -> list[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, embedding <=> %s::vector AS distance FROM sdr_chunk WHERE organization_id = %s "
            "AND embedder = %s ORDER BY distance LIMIT %s",
            [vector_text(list(vector)), current_organization_id(), code, CANDIDATES],
        )
        return [pk for pk, distance in cursor.fetchall() if distance <= FARTHEST]
