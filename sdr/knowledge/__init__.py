"""From a document to short pieces of plain text; knows no database."""
