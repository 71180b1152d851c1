"""The store: the only room with SQL. One writer, group commit, WAL with ``synchronous=FULL``; readers on their own connections.

Promises: what ``Intake.record`` returned from is on the disk; a mail that is recorded twice is there once; an error means that
nothing was recorded. Must not know: SMTP, rules, or why anything was judged as it was.
"""
