"""Holding: which verdicts hold. A correction (``revises``) takes the place of the first verdict that it corrects, the newest of
several holds; what an incident holds back is held whichever of them it names.

Fragments of SQL that every reader of ``verdicts`` shares, and nothing else.
"""

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
