"""Draws docs/explain/standing.md from core/standing.py and core/policy.py.

python scripts/standing_page.py            writes the page
python scripts/standing_page.py --check    says whether it differs, and changes nothing; exit 1 if it does
"""

import sys

from drawn_page import ROOT

from bouncesink.core.policy import CONDEMNING, REVIEWED, Policy
from bouncesink.core.standing import TRANSITIONS, Standing, Turn

PAGE = ROOT / "docs" / "explain" / "standing.md"
POLICY = Policy()

TURNS = {
    Turn.DEAD: "a hard failure that says the address is dead: proven, or said on a second day",
    Turn.COMPLAINED: "a proven complaint",
    Turn.EXHAUSTED: (
        f"{POLICY.points} points in {POLICY.window_days} days; or {POLICY.soft_verdicts} failures over more than "
        f"{POLICY.soft_days} days without a delivery; or the probe failed"
    ),
    Turn.DOUBTFUL: "a verdict for review; or a limit was reached for a reason that a person looks at",
    Turn.PRESSED: "half-way to a limit; or a first word of death that does not suffice alone",
    Turn.COUNTED: "a soft failure below all that",
    Turn.DELIVERED: "a delivery was reported or imported",
    Turn.RECOVERED: "the same, though it was suppressed for soft failures",
    Turn.QUIET: f"{POLICY.quiet_days} days without a failure",
    Turn.EXPIRED: "the suppression is over; one mail is due to see whether it still holds",
    Turn.BANNED: "an operator suppressed it",
    Turn.RELEASED: "an operator released it",
    Turn.NOTHING: "everything else: the sender's faults, the message's, what is held, what nobody proved",
}


def page() -> str:
    head = f"| what happened | {' | '.join(f'`{each}`' for each in Standing)} |"
    line = "|---" * (len(Standing) + 1) + "|"
    rows = [f"| {TURNS[turn]} | {' | '.join(_cell(turn, standing) for standing in Standing)} |" for turn in Turn]
    names = {"condemning": CONDEMNING, "reviewed": REVIEWED}
    listed = {name: ", ".join(f"`{reason}`" for reason in sorted(reasons)) for name, reasons in names.items()}
    return f"""# Where a recipient stands

<!-- Drawn by scripts/standing_page.py: change core/standing.py or core/policy.py and run it. -->

A recipient's standing is a fold over its verdicts and over what operators did: the same verdicts always lead to the same
standing, whether they are folded one by one, in batches or after a crash. `ok`, `watch` and `review` may be mailed; `review`
wants a person to look; `suppressed` must not be mailed. An address of which nothing was ever said has no row, and is `ok`.

A row says what happened, a column where the recipient stood, and a cell where it stands then; an empty one leaves it.

{head}
{line}
{chr(10).join(rows)}

## What is counted

- A day is a day in UTC. It counts at most {POLICY.points_a_day} points; the same bounce twice on a day counts once: the same
  recipient, reason and original Message-ID (or token, where the original is not in the report).
- One token is heard {POLICY.token_events_a_day} times on a day. Whoever replays it more often, with ever another Message-ID, is
  recorded and changes nothing; the word that decides (a proven death, a complaint) is counted apart, so that nobody can keep it
  from being heard.
- {POLICY.quiet_days} days without a failure clear what was counted, and so does a delivery.
- {listed["condemning"]}
  say that the address is dead. Proven, they suppress at once where the reason's default says so; otherwise a second one on
  another day within {POLICY.second_day_within} days does.
- {listed["reviewed"]}
  count like any soft failure, but their limit leads to `review`.
- Whatever is `unproven` or `late` never suppresses alone.

## How long

- A suppression for soft failures lasts {POLICY.soft_suppression_days} days. After that one mail is due to see whether it
  still holds: the recipient is on `watch`, the next failure suppresses it again, a delivery clears it.
- {", ".join(f"`{reason}` lasts {days} days" for reason, days in POLICY.expiry_days.items())}; every other has no end.
  A complaint is for good.

All numbers are configuration; [the simulation](simulation.md) shows what the defaults do, and
[decision 0014](../decisions/0014-two-points-a-day.md) why a day counts two.
"""


def _cell(turn: Turn, standing: Standing) -> str:
    after = TRANSITIONS[turn].get(standing)
    return f"`{after}`" if after is not None and after is not standing else ""


def main(arguments: list[str]) -> int:
    text = page()
    differs = not PAGE.exists() or PAGE.read_text("utf-8") != text
    if "--check" in arguments:
        if differs:
            print(f"{PAGE.relative_to(ROOT)} is not what the code says: run scripts/standing_page.py")
        return int(differs)
    if differs:
        PAGE.write_text(text, "utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
