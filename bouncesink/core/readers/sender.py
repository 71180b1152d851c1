"""Sender: the addresses that stand in every notice and failed nobody, the notifier's own and those of whoever sent the mail.

Promises: bounded. Somebody who wrote to himself may be all that failed: an address is left out only where others remain, and
only by readers that guess.
Knows nothing of how recipients are found.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from bouncesink.core.readers.message import Message
from bouncesink.core.readers.prose import addresses_in

_SENDERS = ("from", "to", "reply-to", "return-path", "sender")
_ORIGINAL_SENDERS = ("from", "sender", "reply-to", "return-path", "errors-to")
_HEADER_LIMIT = 1024

Found = TypeVar("Found")


def own_addresses(message: Message) -> frozenset[str]:
    """In lower case: the notifier's, whom the notice came to, and the sender's as the original names it."""
    values = [message.header(name)[:_HEADER_LIMIT] for name in _SENDERS]
    if message.original is not None:
        values += [message.original.headers.get(name, "")[:_HEADER_LIMIT] for name in _ORIGINAL_SENDERS]
    return addresses_in(" ".join(values))


def without_own(message: Message, found: Sequence[Found], address_of: Callable[[Found], str]) -> Sequence[Found]:
    """Those that are not the sender's own, if there are any: headers of the original are easily taken for recipients."""
    if len(found) < 2:
        return found
    own = own_addresses(message)
    return [each for each in found if address_of(each).lower() not in own] or found
