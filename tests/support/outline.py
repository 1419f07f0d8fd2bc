"""What a page says and names, read as a browser reads it."""

from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "wbr", "path", "use", "rect", "input"}


class Outline(HTMLParser):
    """Tags that were left open, addresses that were named, the text, and what is in <code>."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.codes: list[str] = []
        self.feed(html)

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href")
        ]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "code":
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.open[-1:] == ["code"]:
            self.codes[-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())
