"""Holding: which verdicts hold. A correction (``revises``) takes the place of the first verdict that it corrects, the newest of
several holds; what an incident holds back is held whichever of them it names.

Fragments of SQL that every reader of ``verdicts`` shares, and which rows are held; nothing else.
"""

import sqlite3
from collections.abc import Sequence

from bouncesink.store.many import insert_many, pieces, places

# The verdict that a row stands in the place of; its own id where it corrects none.
FIRST = "coalesce(verdicts.revises, verdicts.id)"

# For a WHERE over ``verdicts``: nothing has corrected it since.
HOLDS = (
    "NOT EXISTS (SELECT 1 FROM verdicts AS later "
    "WHERE later.revises = coalesce(verdicts.revises, verdicts.id) AND later.id > verdicts.id)"
)

# No incident holds it back.
COUNTS = f"{FIRST} NOT IN (SELECT verdict_id FROM held)"  # noqa: S608 - ours

# Ids that retention or forgetting removed are not given again.
LAST_VERDICT = (
    "max((SELECT coalesce(max(id), 0) FROM verdicts), coalesce((SELECT position FROM progress WHERE task = 'ids:verdicts'), 0))"
)

# What a verdict leads to now, as the views have it: what came before its incident was seen is held too, what was released is
# what it was judged.
DISPOSITION = (
    f"CASE WHEN NOT {COUNTS} THEN 'hold' WHEN disposition = 'hold' "
    "THEN replace(json_extract(evidence, '$.note'), 'held, else ', '') ELSE disposition END"
)


def hold(cursor: sqlite3.Cursor, verdict_ids: Sequence[int], incident_id: int) -> int:
    """Have an incident hold these; how many are there. One that was seen before may be forgotten or swept away since."""
    there: list[int] = []
    for some in pieces(verdict_ids):
        sql = f"SELECT id FROM verdicts WHERE id IN ({places(len(some))})"  # noqa: S608 - places
        there += [number for (number,) in cursor.execute(sql, some)]
    insert_many(
        cursor, "held", ("verdict_id", "incident_id"), [(each, incident_id) for each in there], "ON CONFLICT DO NOTHING"
    )
    return len(there)
