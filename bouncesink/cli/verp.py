"""``bouncesink verp``: the sender's side of VERP by command. Mint addresses, read them, make keys."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bouncesink.cli.complaints import complain
from bouncesink.cli.exits import Exit
from bouncesink.cli.options import ConfigFile, Database

if TYPE_CHECKING:
    from bouncesink.config.file import Effective
    from bouncesink.core.verp.attribution import Attribution

MINT_EPILOG = """\b
Examples:
  bouncesink verp mint reader@example.com --domain b.example.com
  bouncesink verp mint - --domain b.example.com --database bouncesink.db <recipients.txt

Use each address as the envelope sender (MAIL FROM) of one mail to that one recipient."""
DECODE_EPILOG = "\b\nExample:\n  bouncesink verp decode 'aimffb4gpqryfiq3-reader=example.com@b.example.com'"
KEYGEN_EPILOG = """\b
Example:
  bouncesink verp keygen --database bouncesink.db --append

To rotate: append a key, give the file to every sender and to the server, and take the old line out after verp.life_days."""

group = typer.Typer(
    help="Mint addresses that say whom a mail went to, read them, make the keys that sign them.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
KeysFile = Annotated[Path | None, typer.Option("--keys", metavar="FILE", help="The key file; else the one of the database.")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="verp", short_help="Mint addresses, read them, make keys.")


@group.command(epilog=MINT_EPILOG, short_help="Print a signed envelope sender for each recipient.")
def mint(
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS", help="Recipients, or - for one a line on stdin.")],
    domain: Annotated[
        str | None, typer.Option("--domain", metavar="DOMAIN", help="Your Return-Path domain; else the only admission.domains.")
    ] = None,
    database: Database = None,
    config: ConfigFile = None,
) -> int:
    """Print a signed envelope sender for each recipient, one a line, in their order.

    If any recipient is bad nothing is printed at all: each is named with its line, and the exit code is 65.
    """
    from bouncesink.cli.lists import given
    from bouncesink.cli.minting import mint_all
    from bouncesink.cli.minting import register as register_opaque
    from bouncesink.cli.settings import has_keys, keyring_of, keys_path, settle
    from bouncesink.core.verp.minter import Minter

    effective = settle(config, database=database)
    had_keys = has_keys(effective.config)
    under = domain or _only_domain(effective)
    lines = given(addresses)
    try:
        minter = Minter(keyring_of(effective.config), under, effective.config.verp.prefix)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--domain") from None
    batch = mint_all(lines, minter, _today())
    problems = batch.problems
    if batch.opaque and _has_database(effective):
        problems += register_opaque(batch, effective.config, under)
    if problems:
        complain(*problems, "nothing was minted")
        return Exit.DATA
    sys.stdout.write("".join(f"{minted.address}\n" for _, minted in batch.minted))
    if not had_keys:
        complain(f"{keys_path(effective.config)}: a new key was made; a server that has another one refuses these addresses")
    if batch.opaque and not _has_database(effective):
        complain(
            f"{len(batch.opaque)} of these do not carry their recipient and are registered nowhere: with --database PATH a "
            "bounce to them is proven to be about that recipient"
        )
    return Exit.OK


@group.command(epilog=DECODE_EPILOG, short_help="Show whom an address is about.")
def decode(
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS", help="Addresses that bounces came to.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    database: Database = None,
    config: ConfigFile = None,
) -> int:
    """Show whom an address is about, who made it and when, and whether its tag holds."""
    from bouncesink.cli.rendering import print_table
    from bouncesink.cli.settings import existing_keyring_of, settle
    from bouncesink.config.admission import admission_policy
    from bouncesink.core.verp.decoder import decode as decode_address

    settled = settle(config, database=database).config
    keyring, policy = existing_keyring_of(settled), admission_policy(settled.admission, settled.verp).verp
    objects = [{"address": each, **_told(decode_address(each, policy, keyring, _today()))} for each in addresses]
    if as_json:
        sys.stdout.write("".join(json.dumps(each) + "\n" for each in objects))
        return Exit.OK
    for each in objects:
        rows = ((key, ", ".join(value) if isinstance(value, list) else value) for key, value in each.items())
        print_table(("what", "value"), [row for row in rows if row[1] not in (None, "")])
    return Exit.OK


@group.command(epilog=KEYGEN_EPILOG, short_help="Make a signing key.")
def keygen(
    keys: KeysFile = None,
    database: Database = None,
    append: Annotated[
        bool, typer.Option("--append", help="Add it to the key file, where it mints from the next start.")
    ] = False,
) -> int:
    """Make a signing key and print its line, ID:HEX, with the next free id of the key file. Keep it secret."""
    from bouncesink.cli.keys import append_key, next_key
    from bouncesink.core.verp.keyring import format_key

    path = keys or (database.with_name(database.name + ".keys") if database else None)
    key = next_key(path)
    if not append:
        print(format_key(key))
        return Exit.OK
    if path is None:
        raise typer.BadParameter("say which file, by --keys FILE or --database PATH", param_hint="--append")
    append_key(path, key)
    complain(f"key {key.id} was added to {path}; it mints from the next start of whoever reads that file")
    return Exit.OK


def _today() -> Any:
    return datetime.now(UTC).date()


def _only_domain(effective: "Effective") -> str:
    domains = effective.config.admission.domains
    if len(domains) != 1:
        raise typer.BadParameter("say which of your Return-Path domains to mint under", param_hint="--domain")
    return domains[0]


def _has_database(effective: "Effective") -> bool:
    """Whether somebody said which database: the default path alone is no reason to make a file here."""
    return "store.path" in effective.given or effective.config.store.path.exists()


def _told(attribution: "Attribution") -> dict[str, Any]:
    return {
        "grammar": str(attribution.grammar),
        "recipient": attribution.recipient,
        "authenticity": str(attribution.authenticity),
        "issued_on": attribution.issued_on.isoformat() if attribution.issued_on else None,
        "key_id": attribution.key_id,
        "reference": attribution.reference or None,
        "list_name": attribution.list_name or None,
        "nesting": [str(each) for each in attribution.nesting],
        "note": attribution.note or None,
    }
