"""The golden mails and what is right about them: where they lie, what we say of them now, and how the two differ.

    ./scripts/golden                     every mail of which we say something else than its golden file
    ./scripts/golden NAME...             all that we say of these, beside the mail
    ./scripts/golden --accept NAME...    writes what we say as the golden file, mail by mail, after a yes

A golden file says what is right, not what the code says: a person looks at the mail, then at the difference, and only then
accepts. Nothing but ``--accept`` writes, and it asks.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from bouncesink.cli.contract import recipient_object
from bouncesink.library import Classifier

FOLDER = Path(__file__).resolve().parent
# What is held to the golden files. Diagnostics and evidence are not: their words may be told better without being truer.
RECIPIENT_KEYS = (
    *("recipient", "final_recipient", "original_recipient", "action", "class"),
    *("status", "reply_code", "reason", "fault", "disposition"),
)

Answer = dict[str, Any]


def golden_mails(folder: Path = FOLDER) -> list[Path]:
    """Every golden mail, in order."""
    return sorted(folder.rglob("*.eml"))


def name_of(mail: Path) -> str:
    """``standard/postfix-mixed``."""
    return mail.relative_to(FOLDER).with_suffix("").as_posix()


def golden(mail: Path) -> Answer:
    """What is right about a mail, as the JSON beside it says."""
    answer: Answer = json.loads(mail.with_suffix(".json").read_text("utf-8"))
    return answer


@cache
def _classifier() -> Classifier:
    return Classifier()


def answer(content: bytes) -> Answer:
    """What we say of a mail now, in the words of the contract (docs/reference/json.md)."""
    classification = _classifier().classify(content)
    told = [recipient_object(verdict) for verdict in classification.verdicts]
    report = classification.report
    plain: Answer = json.loads(
        json.dumps(
            {
                "kind": report.kind,
                "reader": report.reader,
                "defects": list(report.defects),
                "recipients": [{key: each[key] for key in RECIPIENT_KEYS} for each in told],
            }
        )
    )
    return plain


def differences(right: Answer, said: Answer) -> list[str]:
    """What we say wrongly, a line each. A golden file may leave ``reader`` out, where several may rightly read the mail."""
    return list(_differences(right, said))


def _differences(right: Answer, said: Answer) -> Iterator[str]:
    for key in ("kind", "reader", "defects"):
        if key in right and right[key] != said[key]:
            yield f"{key}: {right[key]!r} is right, we say {said[key]!r}"
    named = [[each["recipient"] for each in answer["recipients"]] for answer in (right, said)]
    if len(named[0]) != len(named[1]):
        yield f"recipients: {named[0]!r} is right, we say {named[1]!r}"
        return
    for number, (one, other) in enumerate(zip(right["recipients"], said["recipients"], strict=True)):
        for key in RECIPIENT_KEYS:
            if one[key] != other[key]:
                yield f"recipients[{number}].{key}: {one[key]!r} is right, we say {other[key]!r}"


def write_golden(mail: Path, about: str, said: Answer, *, with_reader: bool) -> None:
    kept = said if with_reader else {key: value for key, value in said.items() if key != "reader"}
    text = json.dumps({"about": about, **kept}, indent=2, ensure_ascii=False)
    mail.with_suffix(".json").write_text(text + "\n", "utf-8")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/golden", description="The golden mails and what we say of them.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as standard/postfix-mixed; without any, all of them")
    parser.add_argument("--accept", action="store_true", help="write what we say as the golden file, after a yes")
    options = parser.parse_args(arguments)
    mails = [FOLDER / f"{name.removesuffix('.eml')}.eml" for name in options.names] or golden_mails()
    missing = [mail for mail in mails if not mail.is_file()]
    if missing:
        print(*(f"there is no {mail}" for mail in missing), sep="\n", file=sys.stderr)
        return 66
    wrong = 0
    for mail in mails:
        wrong += _shown(mail, whole=bool(options.names), accept=options.accept)
    print(f"of {len(mails)} golden mails {wrong} are not answered as their files say")
    return 1 if wrong else 0


def _shown(mail: Path, *, whole: bool, accept: bool) -> bool:
    """Shows a mail if there is something to see; whether its golden file is still another one afterwards."""
    right = golden(mail) if mail.with_suffix(".json").is_file() else {}
    said = answer(mail.read_bytes())
    found = differences(right, said) if right else ["it has no golden file yet"]
    if whole:
        print(mail.read_bytes().decode("utf-8", "backslashreplace"))
        print(json.dumps(said, indent=2, ensure_ascii=False))
    if found:
        print(name_of(mail), *found, sep="\n    ")
    if not (found and accept):
        return bool(found)
    about = right.get("about") or input("what is this mail, in a sentence? ")
    if input("is this right? [y/N] ").strip().lower() not in ("y", "yes"):
        return True
    write_golden(mail, about, said, with_reader=not right or "reader" in right)
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
