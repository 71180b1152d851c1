"""A row for every reason, as a rulebook wants one, for tests of rules that care for no row."""

from bouncesink.core.verdict import Reason

REASONS = {
    reason.value: {
        "fault": "unknown",
        "disposition": "review",
        "meaning": "It is so.",
        "advice": "Do so.",
        **dict.fromkeys(("sisimai", "kumomta", "powermta", "ses", "anymail"), "x"),
    }
    for reason in Reason
}
