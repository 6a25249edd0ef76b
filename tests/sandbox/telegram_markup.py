"""What Telegram makes of a text: its markup and its entities, refused where Telegram refuses them."""

import re
from html.parser import HTMLParser

from tests.sandbox.telegram_arguments import bad_request

HTML_TAGS = {
    *("b", "strong", "i", "em", "u", "ins", "s", "strike", "del"),
    *("span", "tg-spoiler", "tg-emoji", "a", "code", "pre", "blockquote"),
}


def hidden(text: str, entities: object) -> tuple[str, ...]:
    """Find what is under a spoiler; offsets and lengths are in UTF-16 code units, and must lie within the text."""
    units = text.encode("utf-16-le")
    found = []
    for entity in entities if isinstance(entities, list) else []:
        start, end = 2 * entity["offset"], 2 * (entity["offset"] + entity["length"])
        if not 0 <= start < end <= len(units):
            raise bad_request("entity is out of the text")
        if entity["type"] == "spoiler":
            found.append(units[start:end].decode("utf-16-le"))
    return tuple(found)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in HTML_TAGS:
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise bad_request(f'can\'t parse entities: Unexpected end tag "{tag}"')


def check_markup(text: str, mode: str) -> None:
    """Refuse markup that Telegram would refuse: a sketch of its rules, enough for a bot that must not use any."""
    match mode.lower():
        case "" | "markdown":
            return
        case "html":
            tags = _Tags()
            tags.feed(text)
            if tags.open:
                raise bad_request(
                    f"can't parse entities: Can't find end tag corresponding to start tag \"{tags.open[-1]}\""
                )
        case "markdownv2":
            if found := re.search(r"(?<!\\)[.!#+\-={}()]", text):
                raise bad_request(
                    f"can't parse entities: Character '{found.group()}' is reserved and must be escaped with the "
                    "preceding '\\'"
                )
        case _:
            raise bad_request("unsupported parse_mode")
