"""RFC 3463 and RFC 5321 codes as other people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.status import EnhancedStatusCode, find_reply_code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5.1.1", "5.1.1"),
        ("4.4.7 (delivery time expired)", "4.4.7"),
        ("550 5.7.26 unauthenticated", "5.7.26"),
        ("550-5.1.1 The account", "5.1.1"),
        ("#5.1.0 Address rejected", "5.1.0"),
        ("(5.2.2)", "5.2.2"),
        ("2.0.0", "2.0.0"),
        ("5.9.8", "5.9.8"),
        ("5.1.1.", "5.1.1"),
        ("5.0", None),
        ("3.1.1", None),
        ("192.0.2.5.1.1", None),
        ("5.1.1.7", None),
        ("15.1.1", None),
        ("host 4.1.2.3 said", None),
        ("", None),
    ],
)
def test_enhanced_status_code_is_found_and_addresses_are_not(text: str, expected: str | None) -> None:
    found = EnhancedStatusCode.find(text)
    assert (str(found) if found else None) == expected


@pytest.mark.parametrize(("text", "vague"), [("5.0.0", True), ("4.0.0", True), ("5.1.0", False), ("5.0.1", False)])
def test_a_code_that_says_only_its_class_is_vague(text: str, vague: bool) -> None:
    code = EnhancedStatusCode.find(text)
    assert code is not None
    assert code.is_vague is vague


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("550 5.1.1 no such user", 550),
        ("550-5.1.1 no", 550),
        ("said: 421 try later", 421),
        ("SMTP error 452:", 452),
        ("(550)", 550),
        ("450", 450),
        ("#550", None),
        ("1550 x", None),
        ("10.550 x", None),
        ("600 x", None),
        ("5500 x", None),
        ("", None),
    ],
)
def test_reply_code_is_a_word_of_its_own(text: str, expected: int | None) -> None:
    assert find_reply_code(text) == expected


@given(st.sampled_from([2, 4, 5]), st.integers(0, 999), st.integers(0, 999))
def test_a_code_reads_as_it_prints(class_: int, subject: int, detail: int) -> None:
    code = EnhancedStatusCode(class_, subject, detail)
    assert EnhancedStatusCode.find(f"550 {code} words") == code


@given(st.text())
def test_any_text_is_survived(text: str) -> None:
    EnhancedStatusCode.find(text)
    find_reply_code(text)
