"""Rulebook: all rules in their order of authority, and the search for the one that explains a text.

Order: words before codes, whatever file they stand in; among words the order of the files (the operator's in front, then
vendors, MTAs, generic phrases) and in a file the order of its rules; among codes the enhanced status code (RFC 3463) before
the reply code (RFC 5321), each again in the order of the files. The first rule that holds wins, the others are alternatives.
A code that says something definite goes before words that only stand around the server's answer, such as a report's prose.

One Aho-Corasick pass over a text finds every literal that opens or shuts a rule or is a vendor's or a blocklist's; only the few
rules so opened are tried. Texts are folded and cut first: no pattern is ever tried on more than ``TEXT_LIMIT`` characters.

Promises: ``compile_rulebook`` raises RuleError once, with every problem; ``search`` is total. Must not know files or time.
"""

import json
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from hashlib import blake2s
from typing import Any, NamedTuple

from ahocorasick_rs import AhoCorasick

from bouncesink.core.codes import Code, CodeIndex
from bouncesink.core.formats import NO_FORMATS, Formats
from bouncesink.core.names import APART, search_outside, stands_outside
from bouncesink.core.problems import Table, nearest
from bouncesink.core.reasons import ReasonEntry, read_reasons
from bouncesink.core.report import Place
from bouncesink.core.rule import Conditions, Observation, Rule
from bouncesink.core.rule_entry import read_rule
from bouncesink.core.signs import NO_VENDORS, Blocklist, Signs, Vendor, by_suffix, gates, read_blocklist, read_vendor, within
from bouncesink.core.verdict import Alternative, Reason
from bouncesink.errors import RuleError

Span = tuple[int, int]
Found = tuple[int, int, str] | None  # where words stand, and the blocklist that they name

TEXT_LIMIT = 2048
WORDS_LIMIT = 200
MAX_ALTERNATIVES = 3

_TABLES = ("rule", "vendor", "blocklist")
_PROOF = frozenset({"source", "examples", "counterexamples"})
_BLOCKLISTED = frozenset({Reason.IP_BLOCKLISTED, Reason.DOMAIN_BLOCKLISTED, Reason.URL_BLOCKLISTED})
# RFC 5321 section 4.2.1: every line of a reply repeats the code, which tears phrases apart once the lines are unfolded
_MULTILINE = re.compile(r"\W*[245]\d\d-")
_CONTINUATION = re.compile(r"(?<=\S) [245]\d\d[- ](?:[245]\.\d{1,3}\.\d{1,3}[ :])?")


class Match(NamedTuple):
    """The rule that explains a text, the words that matched and where they stood."""

    rule: Rule
    words: str
    place: Place
    blocklist: str
    alternatives: tuple[Alternative, ...]

    @property
    def is_definite(self) -> bool:
        """Whether it says enough to stand before words that only surround the answer."""
        return not self.rule.weak and self.rule.reason is not Reason.POLICY_UNSPECIFIED


class _Scan(NamedTuple):
    """One text after the pass: as shown, in lower case, its literals, the rules that they open (where) or shut, whose signs."""

    place: Place
    shown: str
    low: str
    matches: Sequence[tuple[int, int, int]]
    spans: dict[int, Span]
    shut: set[int]
    vendors: frozenset[str]
    blocklist: int


def fold(text: str) -> str:
    """White space folded, the codes that begin continuation lines of a reply dropped, cut to ``TEXT_LIMIT``."""
    text = text[: 2 * TEXT_LIMIT]
    if "  " in text or not text.isprintable():
        text = " ".join(text.split())
    if "-" in text and _MULTILINE.match(text):
        text = _CONTINUATION.sub(" ", text)
    return text[:TEXT_LIMIT]


class Rulebook:
    """Compiled rules, never changed. ``compile_rulebook`` builds one; ``hash`` is that of everything in it that judges,
    ``doubts`` the ids of the rules whose words are not enough by themselves.

    ``formats``, by which prose is read before it is judged, go with the book: they are changed and told by its hash together.
    """

    __slots__ = (
        *("_automaton", "_blocklists", "_codes", "_domains", "_gates", "_hosts"),
        *("doubts", "formats", "hash", "reasons", "rules", "vendors"),
    )

    def __init__(
        self,
        reasons: Mapping[Reason, ReasonEntry],
        rules: Sequence[Rule],
        signs: Signs,
        formats: Formats,
        digest: str,
    ) -> None:
        self.reasons = reasons
        self.rules = tuple(rules)
        self.doubts = frozenset(rule.id for rule in rules if rule.weak and rule.literals)
        vendors, blocklists = signs
        self.vendors = vendors
        self.formats = formats
        self.hash = digest
        opened = gates(rules, vendors, blocklists)
        self._automaton = AhoCorasick(list(opened))
        self._gates = tuple(opened.values())
        self._blocklists = (*(blocklist.name for blocklist in blocklists), "")
        self._hosts = by_suffix((host, vendor.name) for vendor in vendors for host in vendor.hosts)
        self._domains = by_suffix((domain, vendor.name) for vendor in vendors for domain in vendor.domains)
        self._codes = CodeIndex(rules)

    def search(self, seen: Observation) -> Match | None:
        """The first rule that holds: the words of the answer itself, a code that is definite, the words around it, any code."""
        vendors = NO_VENDORS
        for rank, (place, text) in enumerate(seen.texts):
            if rank and (match := self._code(seen, vendors)) and match.is_definite:
                return match
            scan = self._scan(place, text)
            if scan.vendors:
                vendors |= scan.vendors
            words = self._words(scan, seen, vendors) if scan.spans else None
            if words:
                return words
        return self._code(seen, vendors)

    def _scan(self, place: Place, text: str) -> _Scan:
        shown = fold(text)
        low = shown.lower()
        if len(shown) != len(low):  # as with a few letters; then the words are shown in lower case
            shown = low
        spans: dict[int, Span] = {}
        shut: set[int] = set()
        vendors, blocklist = NO_VENDORS, len(self._blocklists) - 1
        gates = self._gates
        matches = self._automaton.find_matches_as_indexes(low, overlapping=True)
        for literal, start, end in matches:
            opens, shuts, sign = gates[literal]
            for number in opens:
                if number not in spans:
                    spans[number] = (start, end)
            if shuts:
                shut |= shuts
            if sign:
                vendors |= sign.vendors
                blocklist = min(blocklist, sign.blocklist)
        return _Scan(place, shown, low, matches, spans, shut, vendors, blocklist)

    def _words(self, scan: _Scan, seen: Observation, vendors: frozenset[str]) -> Match | None:
        won: Rule | None = None
        start = end = 0
        named = ""
        others: list[Alternative] = []
        shown = scan.shown
        numbers: AbstractSet[int] = scan.spans.keys()
        if scan.shut and (shut := scan.shut.intersection(numbers)):
            numbers = numbers - self._shut(shut, scan)
        for number in sorted(numbers):
            rule = self.rules[number]
            if won is not None and rule.reason is won.reason:
                continue
            found = (*scan.spans[number], "") if rule.is_plain else self._holds(number, scan, seen, vendors)
            # Most words stand by themselves, which is soon seen.
            near = found and (shown[found[1] : found[1] + 1] not in APART or shown[found[0] - 1 : found[0]] not in APART)
            found = self._outside(number, scan, found) if near else found
            if not found:
                continue
            if won is None:
                won = rule
                start, end, named = found
            elif len(others) < MAX_ALTERNATIVES:
                others.append(Alternative(rule.id, rule.reason))
        if won is None:
            return None
        if len(others) < MAX_ALTERNATIVES:
            code, _ = self._code_rule(seen, vendors)
            if code and code.reason is not won.reason:
                others.append(Alternative(code.id, code.reason))
        blocklist = (self._blocklists[scan.blocklist] or named) if won.reason in _BLOCKLISTED else ""
        return Match(won, scan.shown[start : min(end, start + WORDS_LIMIT)], scan.place, blocklist, tuple(others))

    def _holds(self, number: int, scan: _Scan, seen: Observation, vendors: frozenset[str]) -> Found:
        """Where the rule's words stand, and the blocklist that its pattern names; None where it does not hold."""
        rule = self.rules[number]
        conditions = rule.conditions
        if conditions and not conditions.hold(seen, scan.place, self._vendors(conditions, seen, vendors)):
            return None
        if rule.pattern is None:
            return *scan.spans[number], ""
        match = rule.pattern.search(scan.low)
        if match is None:
            return None
        shown, (start, end) = scan.shown, scan.spans[number]
        if shown[end : end + 1] in APART and shown[start - 1 : start] in APART:
            return _found(match)
        return self._outside(number, scan, _found(match))

    def _shut(self, numbers: set[int], scan: _Scan) -> set[int]:
        """Which of the rules that are open and shut are so by words that are no part of a name."""
        left = numbers
        for literal, start, end in scan.matches:
            shuts = self._gates[literal].shuts
            if shuts and not left.isdisjoint(shuts) and stands_outside(scan.shown, start, end):
                left = left - shuts
                if not left:
                    return numbers
        return numbers - left

    def _outside(self, number: int, scan: _Scan, found: Found) -> Found:
        """Where the words of a rule stand that are no part of a name, unless they spell one themselves."""
        rule = self.rules[number]
        if rule.names:
            return found
        for literal, start, end in scan.matches:
            if number in self._gates[literal].opens and stands_outside(scan.shown, start, end):
                return _found(search_outside(rule.pattern, scan.shown, scan.low)) if rule.pattern else (start, end, "")
        return None

    def _vendors(self, conditions: Conditions, seen: Observation, signed: frozenset[str]) -> frozenset[str]:
        """Whom the report is of, as far as the conditions ask."""
        if not conditions.vendors:
            return NO_VENDORS
        known = signed | within(self._domains, seen.domain)
        for host in seen.hosts:
            known |= within(self._hosts, host.lower())
        return known

    def _code(self, seen: Observation, vendors: frozenset[str]) -> Match | None:
        rule, place = self._code_rule(seen, vendors)
        return Match(rule, "", place, "", ()) if rule else None

    def _code_rule(self, seen: Observation, vendors: frozenset[str]) -> tuple[Rule | None, Place]:
        """The rule that explains the codes alone, and which of them."""
        rule = self._first(self._codes.of_status(seen.status), Place.STATUS, seen, vendors) if seen.status else None
        if rule:
            return rule, Place.STATUS
        code = seen.reply_code
        return self._first(self._codes.of_reply(code), Place.REPLY_CODE, seen, vendors) if code else None, Place.REPLY_CODE

    def _first(self, rules: tuple[Code, ...], place: Place, seen: Observation, vendors: frozenset[str]) -> Rule | None:
        for rule, conditions in rules:
            if conditions is None or conditions.hold(seen, place, self._vendors(conditions, seen, vendors)):
                return rule
        return None


def _found(match: re.Match[str] | None) -> Found:
    return (*match.span(), match.groupdict("").get("blocklist", "")) if match else None


def compile_rulebook(
    reasons: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]], formats: Formats = NO_FORMATS
) -> Rulebook:
    """The book of these files, which stand in their order of authority. Raises RuleError with every problem of all of them."""
    problems: list[str] = []
    entries = read_reasons(reasons, "reasons.toml", problems)
    rules: list[Rule] = []
    vendors: list[Vendor] = []
    blocklists: list[Blocklist] = []
    for file, data in files.items():
        top = Table(file, data, problems)
        top.only((*_TABLES, "source", "names"))
        source, names = top.text("source"), top.flag("names")
        entries_of = (read_rule(Table(file, row, problems), file, source, names=names) for row in top.tables("rule"))
        rules.extend(rule for rule in entries_of if rule)
        vendors.extend(read_vendor(Table(file, row, problems), file) for row in top.tables("vendor"))
        blocklists.extend(read_blocklist(Table(file, row, problems), file) for row in top.tables("blocklist"))
    problems.extend(_contradictions(rules, vendors))
    if problems:
        raise RuleError(tuple(problems))
    return Rulebook(entries, rules, Signs(tuple(vendors), tuple(blocklists)), formats, _digest(reasons, files, formats.hash))


def _contradictions(rules: Sequence[Rule], vendors: Sequence[Vendor]) -> list[str]:
    """What only shows once all files are read: ids used twice, vendors that nobody describes."""
    problems = []
    seen: dict[str, str] = {}
    names = {vendor.name for vendor in vendors}
    for rule in rules:
        if rule.id in seen:
            problems.append(f"{rule.file}: rule {rule.id}: id is used already in {seen[rule.id]}")
        seen.setdefault(rule.id, rule.file)
        unknown = sorted(rule.conditions.vendors - names) if rule.conditions else ()
        problems += [f"{rule.file}: rule {rule.id}: no [[vendor]] is called {name!r}{nearest(name, names)}" for name in unknown]
    return problems


def _digest(reasons: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]], formats: str) -> str:
    """12 hex digits over what judges, in its order: examples and sources may be mended without a new hash."""
    judging = [
        [data.get("names", False)]
        + [{key: value for key, value in row.items() if key not in _PROOF} for name in _TABLES for row in data.get(name, ())]
        for data in files.values()
    ]
    canonical = json.dumps([reasons, judging, formats], sort_keys=True, ensure_ascii=False, default=str)
    return blake2s(canonical.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
