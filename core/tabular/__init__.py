"""Tables that people upload: CSV in any encoding and XLSX, read row by row within limits."""

from core.tabular.limits import Limits, TableError
from core.tabular.table import Row, Table, open_table

__all__ = ["Limits", "Row", "Table", "TableError", "open_table"]
