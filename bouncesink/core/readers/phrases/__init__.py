"""Phrases: other people's words that tell how a mail looks and what its lines are for, a module for each file of rules/phrases.

All modules here are drawn from those tables by scripts/phrases.py: each table has its source, and the proof that tests hold it
to. A ``Row`` is a literal and what must stand around it where the literal alone says too little; literals are found at the
speed of memory, so that hardly any pattern is ever tried. Promises: linear patterns. Knows nothing of what is done with them.
"""

import re

Row = tuple[str, re.Pattern[str] | None]
