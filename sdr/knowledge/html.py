from html.parser import HTMLParser

SILENT = frozenset({"script", "style", "noscript", "template", "svg", "nav", "iframe", "head", "select", "button"})
BLOCKS = frozenset(
    {
        "p",
        "div",
        "li",
        "br",
        "tr",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "section",
        "article",
        "td",
        "th",
        "dt",
        "dd",
        "header",
        "footer",
    }
)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.title = ""
        self._in_title = False
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag in SILENT:
            self._silent.append(tag)
        if tag in BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False
        if tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        if tag in BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif not self._silent:
            self.parts.append(data)


def read_html(page: str) -> tuple[str, str]:
    """Return (title, text) of a page: what a visitor reads, without menus and scripts."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    lines = ("".join(reader.parts)).splitlines()
    return " ".join(reader.title.split()), "\n".join(text for line in lines if (text := " ".join(line.split())))
