"""Rulebook: all rules in their order of authority, and the search for the one that explains a text.

Order: words before codes, whatever file they stand in; among words the order of the files (the operator's in front, then
vendors, MTAs, generic phrases) and in a file the order of its rules; among codes the enhanced status code (RFC 3463) before
the reply code (RFC 5321), each again in the order of the files. The first rule that holds wins, the others are alternatives.
A code that says something definite goes before words that only stand around the server's answer, such as a report's prose.

One pass over a text (``scan``) tells which rules its words open. Those that its place, status or command rule out
(``hurdles``), and those that it shuts, are taken away as one; the few that are left are tried, each a bit of a number, the
lowest first.

Promises: ``compile_rulebook`` raises RuleError once, with every problem; ``search`` is total. Must not know files or time.
"""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2s
from typing import Any, NamedTuple

from bouncesink.core.codes import Code, CodeIndex
from bouncesink.core.formats import NO_FORMATS, Formats
from bouncesink.core.hurdles import Hurdles
from bouncesink.core.names import search_outside, stands_outside
from bouncesink.core.problems import Table, nearest
from bouncesink.core.reasons import ReasonEntry, read_reasons
from bouncesink.core.remainder import Plain, read_plain
from bouncesink.core.report import Place
from bouncesink.core.rule import Conditions, Observation, Rule
from bouncesink.core.rule_entry import read_rule
from bouncesink.core.scan import Scan, Scanner
from bouncesink.core.signs import Blocklist, Signs, Vendor, marks_of, read_blocklist, read_vendor
from bouncesink.core.verdict import Alternative, Reason
from bouncesink.errors import RuleError

Found = tuple[int, int, str] | None  # where words stand, and the blocklist that they name

WORDS_LIMIT = 200
MAX_ALTERNATIVES = 8  # a suppression asks all of them whether they blame somebody else

_TABLES = ("rule", "vendor", "blocklist", "plain")
_SHARED = ("literal", "unless", "place")  # a file says them once for all of its rules that say nothing else
_PROOF = frozenset({"source", "examples", "counterexamples"})
_BLOCKLISTED = frozenset({Reason.IP_BLOCKLISTED, Reason.DOMAIN_BLOCKLISTED, Reason.URL_BLOCKLISTED})


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


class Rulebook:
    """Compiled rules, never changed. ``compile_rulebook`` builds one; ``hash`` is that of everything in it that judges,
    ``doubts`` the ids of the rules whose words are not enough by themselves, ``worded`` those of all that look for words.

    ``plain`` are the words that say nothing beside those of a rule, ``providers`` the vendors by the domains of their
    mailboxes. ``formats``, by which prose is read before it is judged, go with the book: they are changed and told by its hash
    together.
    """

    __slots__ = (
        *("_alike", "_codes", "_hurdles", "_marks", "_scanner"),
        *("doubts", "formats", "hash", "plain", "providers", "reasons", "rules", "vendors", "worded"),
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
        self.worded = frozenset(rule.id for rule in rules if rule.literals)
        self.vendors = signs.vendors
        self.plain = Plain(signs.plain, signs.plain_phrases)
        self.providers = {domain: vendor.name for vendor in signs.vendors for domain in vendor.domains}
        self.formats = formats
        self.hash = digest
        self._scanner = Scanner(rules, signs)
        wanted = {rule.conditions.vendors for rule in rules if rule.conditions}
        self._marks = {names: marks_of(names, signs.vendors) for names in wanted}
        self._codes = CodeIndex(rules)
        self._hurdles = Hurdles(rules)
        self._alike = dict.fromkeys(Reason, 0)
        for number, rule in enumerate(rules):
            self._alike[rule.reason] |= 1 << number

    def search(self, seen: Observation) -> Match | None:
        """The first rule that holds: the words of the answer itself, a code that is definite, the words around it, any code."""
        scanner, signed = self._scanner, 0
        for rank, (place, text) in enumerate(seen.texts):
            if rank and (match := self._code(seen, signed)) and match.is_definite:
                return match
            scan = scanner.scan(place, text)
            signed |= scan.said >> scanner.rest
            words = self._words(scan, seen, signed) if scan.said & scanner.rules else None
            if words:
                return words
        return self._code(seen, signed)

    def _words(self, scan: Scan, seen: Observation, signed: int) -> Match | None:
        scanner = self._scanner
        left = scan.said & scanner.rules
        if left & self._hurdles.rules:
            left &= ~self._hurdles.bar(seen, scan.place)
        shut = left & scan.said >> scanner.width
        if shut:
            left ^= self._shut(shut, scan)
        won: Rule | None = None
        start = end = 0
        named = ""
        others: list[Alternative] = []
        while left:
            bit = left & -left
            left ^= bit
            rule = self.rules[bit.bit_length() - 1]
            found = self._holds(rule, bit, scan, seen, signed)
            if not found:
                continue
            if won is None:
                won = rule
                start, end, named = found
                left &= ~self._alike[rule.reason]
                continue
            others.append(Alternative(rule.id, rule.reason))
            if len(others) == MAX_ALTERNATIVES:
                break
        if won is None:
            return None
        if len(others) < MAX_ALTERNATIVES:
            code, _ = self._code_rule(seen, signed)
            if code and code.reason is not won.reason:
                others.append(Alternative(code.id, code.reason))
        blocklist = (scanner.blocklist(scan) or named) if won.reason in _BLOCKLISTED else ""
        return Match(won, scan.shown[start : min(end, start + WORDS_LIMIT)], scan.place, blocklist, tuple(others))

    def _holds(self, rule: Rule, bit: int, scan: Scan, seen: Observation, signed: int) -> Found:
        """Where the rule's words stand, outside of names unless it looks into names, and the blocklist that its pattern names;
        None where it does not hold. What its place, status and command say is settled.
        """
        conditions = rule.conditions if bit & self._hurdles.asking else None
        if conditions and not self._meets(conditions, scan.place, seen, signed):
            return None
        pattern = rule.pattern
        match = pattern.search(scan.low) if pattern else None
        if pattern and not match:
            return None
        shown, says = scan.shown, self._scanner.says
        for literal, start, end in scan.matches:
            if says[literal] & bit and (rule.names or stands_outside(shown, start, end)):
                break
        else:
            return None
        if pattern and not rule.names:
            match = search_outside(pattern, shown, scan.low)
            if not match:
                return None
        return (*match.span(), match.groupdict("").get("blocklist", "")) if match else (start, end, "")

    def _shut(self, rules: int, scan: Scan) -> int:
        """Which of the rules that are open and shut are so by words that are no part of a name."""
        left, says, width = rules, self._scanner.says, self._scanner.width
        for literal, start, end in scan.matches:
            shut = says[literal] >> width & left
            if shut and stands_outside(scan.shown, start, end):
                left ^= shut
                if not left:
                    break
        return rules ^ left

    def _meets(self, conditions: Conditions, place: Place, seen: Observation, signed: int) -> bool:
        wanted = conditions.vendors
        return (not wanted or self._is_of(wanted, seen, signed)) and conditions.hold(seen, place, wanted)

    def _is_of(self, vendors: frozenset[str], seen: Observation, signed: int) -> bool:
        """Whether the report is of one of them, as words, the recipient's domain or a host tell."""
        marks = self._marks[vendors]
        if marks.bits & signed or ("." + seen.domain).endswith(marks.domains):
            return True
        for host in seen.hosts:  # noqa: SIM110 - any() takes three times as long over two
            if ("." + host.lower()).endswith(marks.hosts):
                return True
        return False

    def _code(self, seen: Observation, signed: int) -> Match | None:
        rule, place = self._code_rule(seen, signed)
        return Match(rule, "", place, "", ()) if rule else None

    def _code_rule(self, seen: Observation, signed: int) -> tuple[Rule | None, Place]:
        """The rule that explains the codes alone, and which of them."""
        rule = self._first(self._codes.of_status(seen.status), Place.STATUS, seen, signed) if seen.status else None
        if rule:
            return rule, Place.STATUS
        code = seen.reply_code
        return self._first(self._codes.of_reply(code), Place.REPLY_CODE, seen, signed) if code else None, Place.REPLY_CODE

    def _first(self, rules: tuple[Code, ...], place: Place, seen: Observation, signed: int) -> Rule | None:
        for rule, conditions in rules:
            if conditions is None or self._meets(conditions, place, seen, signed):
                return rule
        return None


def compile_rulebook(
    reasons: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]], formats: Formats = NO_FORMATS
) -> Rulebook:
    """The book of these files, which stand in their order of authority. Raises RuleError with every problem of all of them."""
    problems: list[str] = []
    entries = read_reasons(reasons, "reasons.toml", problems)
    rules: list[Rule] = []
    vendors: list[Vendor] = []
    blocklists: list[Blocklist] = []
    plain: list[str] = []
    phrases: list[str] = []
    for file, data in files.items():
        top = Table(file, data, problems)
        top.only((*_TABLES, "source", "names", *_SHARED))
        source, names = top.text("source"), top.flag("names")
        shared = {key: top.texts(key) for key in _SHARED if key in data}
        entries_of = (
            read_rule(Table(file, {**shared, **row}, problems), file, source, names=names) for row in top.tables("rule")
        )
        rules.extend(rule for rule in entries_of if rule)
        vendors.extend(read_vendor(Table(file, row, problems), file) for row in top.tables("vendor"))
        blocklists.extend(read_blocklist(Table(file, row, problems), file) for row in top.tables("blocklist"))
        for row in top.tables("plain"):
            words, said = read_plain(Table(file, row, problems), file)
            plain.extend(words)
            phrases.extend(said)
    problems.extend(_contradictions(rules, vendors))
    if problems:
        raise RuleError(tuple(problems))
    signs = Signs(tuple(vendors), tuple(blocklists), tuple(plain), tuple(phrases))
    return Rulebook(entries, rules, signs, formats, _digest(reasons, files, formats.hash))


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
        [data.get("names", False), *(data.get(key) for key in _SHARED)]
        + [{key: value for key, value in row.items() if key not in _PROOF} for name in _TABLES for row in data.get(name, ())]
        for data in files.values()
    ]
    canonical = json.dumps([reasons, judging, formats], sort_keys=True, ensure_ascii=False, default=str)
    return blake2s(canonical.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
