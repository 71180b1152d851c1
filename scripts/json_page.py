"""Draws docs/reference/json.md for scripts/reference.py: what `classify --format json` prints, key by key."""

import json
from collections.abc import Mapping

from drawn_page import code, table
from sample_verdict import VERDICT

from bouncesink.cli import contract
from bouncesink.cli.mails import Found
from bouncesink.cli.welcome import SAMPLE_DSN, SAMPLE_NAME
from bouncesink.core.report import Action, Kind, Place, Report
from bouncesink.core.verdict import Disposition, FailureClass, Fault, Reason
from bouncesink.library import Classification

PROSE = """
`bouncesink classify --format jsonl` prints one object a line for each mail, `--format json` an array of them. Every key is
always there, `null` where nothing was said; the one exception is `number`. Names of keys and values are stable, and new ones
may come.
"""
VOCABULARIES = {each.__name__: each for each in (Kind, Action, FailureClass, Fault, Disposition, Place)}


def json_page_parts() -> list[str]:
    """What stands below the title."""
    found = Found(SAMPLE_NAME, None, SAMPLE_DSN.encode())
    example = contract.mail_object(found, Classification(Report(Kind.BOUNCE, "dsn", auto_submitted="auto-replied"), (VERDICT,)))
    return [
        PROSE,
        "## A mail",
        telling_table(contract.MAIL_KEYS),
        "## A recipient",
        telling_table(contract.RECIPIENT_KEYS),
        f"`reason` is one of {code(*Reason)}.",
        "## Evidence",
        telling_table(contract.EVIDENCE_KEYS),
        "## An example",
        f"```json\n{json.dumps(example, indent=2)}\n```",
    ]


def telling_table(keys: Mapping[str, contract.Telling]) -> str:
    words = {name: code(*vocabulary) for name, vocabulary in VOCABULARIES.items()}
    return table(
        ("key", "type", "meaning"), ((f"`{name}`", type_, text.format_map(words)) for name, (type_, text) in keys.items())
    )
