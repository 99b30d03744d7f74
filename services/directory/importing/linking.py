"""The web addresses of a profile: the entity's own page, other pages, pictures, feeds, records."""

from typing import Any

from services.directory.importing.cells import Cells, limited
from services.directory.importing.links import addresses_in, kind_of, of_network
from services.directory.importing.rows import Cell
from services.directory.importing.values import text_of
from shared.contracts.fields import LINE_MAX
from shared.contracts.profile import LIST_MAX

Fields = dict[str, Any]


def fill_links(cells: Cells, fields: Fields, *, shared: str, source: str) -> None:
    """Fill the addresses; those that are none are reported and left out.

    Args:
        shared: an address that nearly all rows have: it is the list's.
        source: the list's name, which says that its own records are of the same entities.
    """
    primary, pages = _pages(cells, shared)
    if primary:
        fields["primary_url"] = primary
    links = [{"url": url, "kind": kind} for url, kind in pages.items() if url != primary]
    if links:
        fields["links"] = limited(links, LIST_MAX, cells, "url")
    for column, _, cell in cells.each("rss"):
        for url in _urls(cells, column, cell):
            fields.setdefault("rss", url)
    licence = cells.one_line("image.licence")[:LINE_MAX]
    images = [
        {"url": url, "licence": licence} if licence else {"url": url}
        for column, _, cell in cells.each("image")
        for url in _urls(cells, column, cell)
    ]
    if images:
        fields["images"] = limited(images, LIST_MAX, cells, "image")
    same = {
        url: {"uri": url, "asserted_by": source}
        for column, _, cell in cells.each("same_as")
        for url in _urls(cells, column, cell)
    }
    if same:
        fields["same_as"] = limited(list(same.values()), LIST_MAX, cells, "same_as")


def _pages(cells: Cells, shared: str) -> tuple[str, dict[str, str]]:
    """Return the entity's own page, and the kinds of its other pages by their addresses."""
    primary = ""
    pages: dict[str, str] = {}
    for field in ("url", "page"):
        for column, _, cell in cells.each(field):
            for url in _urls(cells, column, cell):
                if url == shared:
                    pages.setdefault(url, "list")
                elif not primary:
                    primary = url
                elif url != primary:
                    pages.setdefault(url, kind_of(url) if field == "url" else "page")
    for column, kind, cell in cells.fields("link:"):
        page = of_network(kind, text_of(cell))
        if page is None:
            _unread(cells, column, text_of(cell))
        elif page != primary:
            pages.setdefault(page, kind)
    return primary, pages


def _urls(cells: Cells, column: str, cell: Cell) -> tuple[str, ...]:
    """Return the addresses of a cell; what is none is reported."""
    text = text_of(cell)
    found = addresses_in(text)
    if found.unread:
        _unread(cells, column, found.unread)
    return found.urls


def _unread(cells: Cells, column: str, text: str) -> None:
    # An e-mail address in the wrong column is a contact all the same: it is not repeated.
    cells.warn("url-unreadable", "" if "@" in text else text, column)
