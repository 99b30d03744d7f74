"""The command ``twiza``. What a command needs is imported when it runs, so that help comes fast."""

import sys
from typing import Final

import typer

from shared.refusals import Refusal
from twiza import outcomes
from twiza.commands import (
    association,
    association_members,
    counting,
    decisions,
    exporting,
    federating,
    health,
    importing,
    joining,
    keeping,
    ledger,
    looking,
    matching,
    recounting,
    register,
    rings,
    rounds,
    running,
    together,
    tokens,
)

_STATUSES: Final = "\n".join(f"  {status:>3}  {text}" for status, text in outcomes.MEANINGS.items())

app = typer.Typer(
    name="twiza",
    help="Run a node of the federation, and look after it.",
    # The sign in front keeps the lines as they are.
    epilog=f"\b\nExit status:\n{_STATUSES}",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.command("init")(running.init)
app.command("up")(running.up)
app.command("status")(looking.status)
app.command("doctor")(looking.doctor)
app.command("invite")(joining.invite)
app.command("join")(joining.join)
app.command("move")(joining.move)
app.command("admit")(federating.admit)
app.command("expel")(federating.expel)
app.command("epoch")(federating.epoch)
app.command("import")(importing.import_)
app.command("export")(exporting.export)
app.command("backup")(keeping.backup)
app.command("restore")(keeping.restore)
app.command("round")(rounds.hold)
app.command("rounds")(rounds.listed)
app.command("rings")(rings.listed)
app.command("ring")(rings.ring)
app.command("explain")(rounds.explain)
app.command("match")(matching.match)
app.command("check-round")(matching.check_round)
app.command("decisions")(decisions.listed)
app.command("decision")(decisions.decision)
app.command("count")(counting.count)
app.command("recount")(recounting.recount)
app.command("health")(health.health)
app.command("version")(running.version)


federation = typer.Typer(
    help="Look at the federation.", no_args_is_help=True, rich_markup_mode=None
)
federation.command("list")(federating.listed)
federation.command("lag")(federating.lag)
federation.command("log")(federating.log)
federation.command("act")(federating.act)
federation.command("decisions")(federating.decisions)
app.add_typer(federation, name="federation")

books = typer.Typer(help="The ledger's books.", no_args_is_help=True, rich_markup_mode=None)
books.command("check")(ledger.check)
app.add_typer(books, name="ledger")

token = typer.Typer(
    help="Tokens of people and programs.", no_args_is_help=True, rich_markup_mode=None
)
token.command("issue")(tokens.issue)
token.command("list")(tokens.listed)
token.command("revoke")(tokens.revoke)
app.add_typer(token, name="token")
app.add_typer(register.app, name="register")
app.add_typer(together.app, name="together")


associations = typer.Typer(
    help="Associations of networks: charters, and who belongs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
associations.command("list")(association.listed)
associations.command("show")(association.show)
associations.command("members")(association.members)
associations.command("decided")(association.decided)
associations.command("charter")(association.charter)
associations.command("draft")(association.draft)
associations.command("found")(association.found)
associations.command("change")(association.change)
associations.command("sign")(association.sign)
associations.command("leave")(association.leave)
associations.command("apply")(association_members.apply)
associations.command("enter")(association_members.enter)
associations.command("paper")(association_members.paper)
associations.command("sponsor")(association_members.sponsor)
associations.command("rolls")(association_members.rolls)
associations.command("call")(association_members.call)
associations.command("reply")(association_members.reply)
associations.command("appeal")(association_members.appeal)
app.add_typer(associations, name="association")


def main() -> None:
    """Run the command that the arguments name; every refusal ends as a sentence and a status."""
    try:
        app()
    except Refusal as refusal:
        sys.exit(outcomes.refused(refusal))


if __name__ == "__main__":
    main()
