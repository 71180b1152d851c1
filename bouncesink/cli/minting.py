"""Minting by command: many addresses at once, all of them or none.

Promises: nothing is printed or registered when any address is bad, so that a list of recipients and a list of minted addresses
can be laid side by side; every bad one is named with its line. Opaque addresses are registered before they are shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bouncesink.cli.lists import Line, some_of
from bouncesink.config.sections import Config
from bouncesink.core.verp.minter import Minted, Minter


@dataclass(frozen=True, slots=True)
class Batch:
    """What came of it: either ``minted``, in order, or ``problems``."""

    minted: tuple[tuple[str, Minted], ...]
    problems: tuple[str, ...]

    @property
    def opaque(self) -> tuple[tuple[str, str], ...]:
        """(reference, recipient) of those whose address does not name the recipient itself."""
        return tuple((f"{one.reference:016x}", recipient) for recipient, one in self.minted if one.reference is not None)


def mint_all(lines: Sequence[Line], minter: Minter, today: date) -> Batch:
    """Each line's Return-Path of ``today``."""
    minted: list[tuple[str, Minted]] = []
    problems: list[str] = []
    for line in lines:
        try:
            minted.append((line.recipient, minter.mint(line.recipient, today)))
        except ValueError as error:
            problems.append(f"{line.place}: {error}")
    return Batch(() if problems else tuple(minted), tuple(some_of(problems)))


def register(batch: Batch, config: Config, domain: str) -> tuple[str, ...]:
    """Tell the database whom opaque addresses mean; the problems, and then nothing is registered."""
    from bouncesink.cli.settings import naming
    from bouncesink.store.addressees import register as register_addressees

    known_as = naming(config)
    try:
        register_addressees(config.store, domain, [(reference, known_as(recipient)) for reference, recipient in batch.opaque])
    except ValueError as error:
        return (str(error),)
    return ()
