"""Counts: what the doors have let in, sent away, slowed and cut since the start, in plain numbers for whoever shows them.

Drops are counted by their words too, as ``peer.dropped`` of the log; here is what has no line. Integers by name, written on the
loop alone. Must not know who counts, nor what is done with the numbers.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """All of them only grow."""

    connections: int = 0  # taken, those that were sent away at once included
    refused_in_all: int = 0  # because there were max_connections
    refused_of_network: int = 0  # because there were max_connections_per_network from theirs
    refused_for_errors: int = 0  # because there were max_errors_per_network of theirs, not long ago
    met_again: int = 0  # began with errors of former connections of their network
    secured: int = 0  # TLS was agreed on
    slowed: int = 0  # answers that were held back
    too_many_commands: int = 0
    too_many_errors: int = 0
    too_slow: int = 0  # content that came slower than min_rate
    too_long: int = 0  # sessions that came to session_timeout
    silent: int = 0  # sessions that came to command_timeout
    contents_cut: int = 0  # bigger than what is kept of a mail
    contents_spooled: int = 0  # to a file, because memory_limit was reached
