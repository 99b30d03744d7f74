"""Whether the books of a home's exchange are right, asked of its database, running or not."""

import os
from pathlib import Path
from typing import ClassVar, Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from services.exchange.ledger_audit import Finding, audit
from services.node.home import Home
from shared.refusals import Kind, Refusal
from twiza import wiring

EXCHANGE: Final = "exchange"


class NoBooks(Refusal):
    """A home has no books to look at."""

    kind: ClassVar[Kind] = Kind.NOT_FOUND
    slug: ClassVar[str] = "no-books"
    title: ClassVar[str] = "There are no books here yet"


class BooksUnread(Refusal):
    """The books could not be read."""

    kind: ClassVar[Kind] = Kind.UNAVAILABLE
    slug: ClassVar[str] = "books-unread"
    title: ClassVar[str] = "The books could not be read"


def examined(home: Home) -> list[Finding]:
    """Return every rule of the ledger with what breaks it; nothing is changed.

    Raises:
        NoBooks: the node runs no exchange, or has never run.
        BooksUnread: the database does not answer, or is of another release.
    """
    if EXCHANGE not in wiring.services_of(home.settings()):
        raise NoBooks("this node runs no exchange")
    # No other setting is read: books can be looked at where keys are not as they should be.
    variable = wiring.settings_class(EXCHANGE).variable("database")
    url = os.environ.get(variable) or f"sqlite:///{home.database(EXCHANGE)}"
    file = make_url(url).database or ""
    if url.startswith("sqlite") and not Path(file).exists():
        raise NoBooks("the exchange of this node has never run")
    try:
        return audit(url)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or type(error).__name__)
        raise BooksUnread(reason.splitlines()[0]) from error
