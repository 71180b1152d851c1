"""The authenticator: one mail to its Attestation, off the event loop.

Promises: never raises but for cancellation; at most ``at_once`` mails are in hand and none longer than ``timeout``, and one
that finds no room or no time is told so in its attestation; dkimpy runs on one thread of its own, so that no number of mails
holds up everybody else's bytes for longer than one of them takes (half a millisecond). Whether anybody should ask, and what
follows from the answer, is not known here.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bouncesink.authenticity.ownkeys import load_own_keys
from bouncesink.authenticity.reporters import Reporters, told_by_front
from bouncesink.authenticity.resolver import Resolver
from bouncesink.authenticity.signatures import MOST_OCTETS, Signer, key_names, own_signature, signers
from bouncesink.config.sections import AuthenticitySection
from bouncesink.core.attestation import Attestation, OwnSignature
from bouncesink.core.headers import Headers
from bouncesink.core.report import Kind, Report
from bouncesink.observe import log

_T = TypeVar("_T")

_SIGNED = b"dkim-signature"


class Authenticator:
    """Made once, before anything listens: ConfigError where a key cannot be used."""

    def __init__(self, section: AuthenticitySection) -> None:
        self._section = section
        self._keys = load_own_keys(section.dkim_keys)
        self._reporters = Reporters(frozenset(each.lower() for each in section.reporters))
        self._authserv_ids = frozenset(each.lower() for each in section.authserv_ids)
        self._resolver = Resolver(section.nameservers, section.timeout) if section.reporters else None
        self._thread = ThreadPoolExecutor(1, "authenticity")
        self._turn = asyncio.Lock()
        self._in_hand = 0

    async def attest(self, content: bytes, report: Report) -> Attestation:
        """What signatures say of a mail whose ``content`` reads as ``report``."""
        own, feedback = self._bears_signature(report), self._may_be_reporter(report)
        if not own and not feedback:
            return Attestation()
        if self._in_hand >= self._section.at_once:
            return _unchecked("too many mails are waiting for it")
        self._in_hand += 1
        try:
            async with asyncio.timeout(self._section.timeout):
                signature, notes = await self._own(report) if own else (None, ())
                reporter, more = await self._reporter(content, report) if feedback else ("", ())
                return Attestation(signature, reporter, (*notes, *more))
        except TimeoutError:
            return _unchecked("it took too long")
        except Exception as error:  # noqa: BLE001 - a bug of ours proves nothing, and must never cost a bounce
            log.bug("authenticity", error)
            return _unchecked("checking failed")
        finally:
            self._in_hand -= 1

    def _bears_signature(self, report: Report) -> bool:
        return bool(self._keys) and report.original is not None and _SIGNED in report.original.header_bytes.lower()

    def _may_be_reporter(self, report: Report) -> bool:
        return bool(self._reporters.trusted) and report.kind in {Kind.COMPLAINT, Kind.FEEDBACK}

    async def _own(self, report: Report) -> tuple[OwnSignature | None, tuple[str, ...]]:
        assert report.original is not None
        octets, header = report.original.header_bytes, self._section.recipient_header
        return await self._on_thread(own_signature, octets, self._keys, header)

    async def _reporter(self, content: bytes, report: Report) -> tuple[str, tuple[str, ...]]:
        """The trusted reporter of the report, else notes on why it is none."""
        headers = report.headers
        told = told_by_front(headers, self._authserv_ids) if isinstance(headers, Headers) and self._authserv_ids else ()
        reporter = self._trusted(told)
        if reporter:
            return reporter, ()
        if len(content) > MOST_OCTETS:
            return "", ("the report is too big for its signature to be checked",)
        assert self._resolver is not None
        names = await self._on_thread(key_names, content, self._reporters.domains)
        records, notes = {}, []
        for name in names:
            records[name], why = await self._resolver.text(name)
            if why:
                notes.append(f"key {name} of the report's signature: {why}")
        reporter = self._trusted(await self._on_thread(signers, content, records)) if any(records.values()) else ""
        if reporter:
            return reporter, ()
        return "", tuple(notes) or (_why(names),)

    def _trusted(self, found: tuple[Signer, ...]) -> str:
        return next(filter(None, map(self._reporters.match, found)), "")

    async def _on_thread(self, function: Callable[..., _T], *arguments: object) -> _T:
        """One at a time, waited for here: a thread that always has another one to do keeps the lock from the loop."""
        async with self._turn:
            return await asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)


def _why(names: tuple[str, ...]) -> str:
    return "the signature of the report does not hold" if names else "the report bears no signature of a trusted reporter"


def _unchecked(why: str) -> Attestation:
    log.authenticity_unchecked(why=why)
    return Attestation(notes=(f"signatures were not checked: {why}",))
