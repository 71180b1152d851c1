"""Row: a literal, and what must stand around it where the literal alone says too little.

Both are asked of text in lower case. Literals are found at the speed of memory, so that hardly any pattern is ever tried.
Promises: nothing. Knows nothing of the tables that are made of rows.
"""

import re

Row = tuple[str, re.Pattern[str] | None]
