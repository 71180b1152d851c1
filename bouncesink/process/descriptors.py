"""Descriptors: how many files and sockets this process may have open, made to suffice for its connections.

With too few of them the event loop cuts off whoever connects, without a word, where ``smtp.max_connections`` would have told
421. Promises: the limit is raised as far as the hard one goes, and never lowered. Knows nothing of who connects.
"""

import resource

# What is open beside the connections: the database three times over, the log, Maildirs, questions to the DNS; and those who
# are told that there is no room, for as long as that takes.
RESERVE = 128


def connections_that_fit(wanted: int) -> int:
    """As many of ``wanted`` connections as there may be at once, one at least."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = wanted + RESERVE
    if soft != resource.RLIM_INFINITY and soft < enough:
        soft = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else max(1, min(wanted, soft - RESERVE))
