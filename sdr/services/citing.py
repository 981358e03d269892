from sdr.contract import Turn
from sdr.models import Chunk


def sources_of(turn: Turn) -> list[dict[str, str]]:
    """Return the documents that an answer is taken from, as people see them."""
    rows = Chunk.objects.filter(pk__in=turn.sources).select_related("document")
    titles = {str(chunk.document_id): str(chunk.document) for chunk in rows}
    return [{"title": title, "document_id": document_id} for document_id, title in titles.items()]
