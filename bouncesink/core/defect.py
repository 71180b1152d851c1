"""Defects: the names of what is wrong with a stranger's mail.

Strangers' mail never raises. Whatever a reader meets that the RFCs do not allow, or that a bound of ours cut short, it
names here and goes on. Names are stable: they go to SQL and JSON. This module knows nothing of who finds them.
"""

from enum import StrEnum


class Defect(StrEnum):
    """What was wrong, by the stage that found it."""

    # mime: RFC 5322, RFC 2045, RFC 2046
    EMPTY_CONTENT = "empty_content"
    BAD_HEADER_LINE = "bad_header_line"
    HEADER_BLOCK_CUT = "header_block_cut"
    HEADERS_MISSING = "headers_missing"
    BLANK_LINE_BEFORE_HEADERS = "blank_line_before_headers"
    MBOX_FROM_LINE = "mbox_from_line"
    BOUNDARY_MISSING = "boundary_missing"
    BOUNDARY_UNCLOSED = "boundary_unclosed"
    MULTIPART_WITHOUT_PARTS = "multipart_without_parts"
    PARTS_CUT = "parts_cut"
    DEPTH_CUT = "depth_cut"
    SIZE_CUT = "size_cut"
    BAD_BASE64 = "bad_base64"
    BAD_QUOTED_PRINTABLE = "bad_quoted_printable"
    UNKNOWN_TRANSFER_ENCODING = "unknown_transfer_encoding"
    BARE_CR = "bare_cr"
    BARE_LF = "bare_lf"
    NUL_BYTE = "nul_byte"
    LONG_LINE = "long_line"
    RAW_8BIT_HEADER = "raw_8bit_header"

    # charset: RFC 2047, RFC 2231
    UNKNOWN_CHARSET = "unknown_charset"
    UNDECODABLE_TEXT = "undecodable_text"
    BAD_ENCODED_WORD = "bad_encoded_word"

    # fields and reports: RFC 3464, RFC 6533
    WRONG_REPORT_SUBTYPE = "wrong_report_subtype"
    REPORT_PART_MISSING = "report_part_missing"
    FIELDS_OUTSIDE_PART = "fields_outside_part"
    FIELDS_ENCODED = "fields_encoded"
    BAD_FIELD_LINE = "bad_field_line"
    RECIPIENT_MISSING = "recipient_missing"
    BAD_RECIPIENT = "bad_recipient"
    ACTION_MISSING = "action_missing"
    ODD_ACTION = "odd_action"
    STATUS_MISSING = "status_missing"
    ODD_STATUS = "odd_status"
    STATUS_CONTRADICTS_DIAGNOSTIC = "status_contradicts_diagnostic"
    RECIPIENTS_CUT = "recipients_cut"
    DIAGNOSTIC_CUT = "diagnostic_cut"

    # the whole
    NOTHING_READABLE = "nothing_readable"
    READER_FAILED = "reader_failed"
    JUDGING_FAILED = "judging_failed"
