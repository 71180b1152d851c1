"""A mail while it comes: what a transcript cannot show is what is kept in memory."""

from bouncesink.config.words import MilterMode
from bouncesink.core.reply import TOO_BIG
from bouncesink.fronts.content import Room
from bouncesink.fronts.memory import Memory
from bouncesink.fronts.milter.transaction import Terms, Transaction


def test_nothing_is_kept_of_a_content_that_is_refused() -> None:
    memory = Memory(100)
    terms = Terms(lambda _: None, MilterMode.CONSUME, Room(10, 10, memory), max_recipients=1)
    transaction = Transaction(terms, b"<>")
    assert transaction.gather(b"a" * 10) is None
    assert transaction.gather(b"b") == TOO_BIG
    assert transaction.gather(b"c" * 1_000) is None, "it is told once"
    assert transaction.is_full
    assert memory.held == 0
