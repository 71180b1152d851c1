"""Format proof: every format must read its examples in the whole book of formats, and leave its counterexamples alone.

The packaged formats are proved by the tests, so that starting stays fast; an operator's own when they are loaded. A format that
is right alone and loses to another is a problem like any other: the reader is told which one answered.
"""

from collections.abc import Collection, Iterator, Mapping

from bouncesink.core.format import Format, FormatExample
from bouncesink.core.formats import Formats
from bouncesink.core.readers import formatted
from bouncesink.core.readers.message import Message
from bouncesink.core.report import Report, ReportedRecipient


def prove_formats(formats: Formats, files: Collection[str] | None = None) -> tuple[str, ...]:
    """What does not hold, of all formats or of those that stand in ``files``."""
    problems = []
    for each in formats.formats:
        if files is not None and each.file not in files:
            continue
        for number, example in enumerate(each.examples, start=1):
            place = f"{each.file}: format {each.id}: example {number}"
            problems += [f"{place}: {problem}" for problem in _wrong(each, example, _read(example.text, formats))]
        for number, text in enumerate(each.counterexamples, start=1):
            report = _read(text, formats)
            if report is not None and report.reader == each.id:
                problems.append(f"{each.file}: format {each.id}: counterexample {number} is read by it")
    return tuple(problems)


def _read(text: str, formats: Formats) -> Report | None:
    return formatted.read(Message(text.encode()), formats)


def _wrong(each: Format, example: FormatExample, report: Report | None) -> Iterator[str]:
    if report is None or report.reader != each.id:
        yield f"is read by {report.reader if report is not None else 'no format'}"
        return
    if (report.reporting_mta or "") != example.reporting_mta and example.reporting_mta:
        yield f"reporting_mta is {report.reporting_mta!r}"
    if len(report.recipients) != len(example.recipients):
        yield f"has {len(report.recipients)} recipients: {[_values(one)['recipient'] for one in report.recipients]}"
        return
    for one, expected in zip(report.recipients, example.recipients, strict=True):
        if one.action is not example.action:
            yield f"action is {one.action}"
        values = _values(one)
        yield from (f"{key} is {values[key]!r}, not {wanted!r}" for key, wanted in expected.items() if values[key] != wanted)


def _values(one: ReportedRecipient) -> Mapping[str, str]:
    return {
        "recipient": one.final_recipient or "",
        "original_recipient": one.original_recipient or "",
        "diagnostic": one.diagnostic,
        "status": str(one.status or ""),
        "reply_code": str(one.reply_code or ""),
        "diagnostic_status": str(one.diagnostic_status or ""),
        "remote_mta": one.remote_mta or "",
        "smtp_command": one.smtp_command,
    }
