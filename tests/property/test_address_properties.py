"""What holds of every address, and of every text that is none."""

from hypothesis import example, given
from hypothesis import strategies as st

from bouncesink.core.address import (
    MAX_TEXT,
    Address,
    address_key,
    parse,
    parse_all,
    spelled,
    to_ascii_domain,
    without_surrogates,
)

ANY = st.text(st.characters(), max_size=300)  # surrogates too
DRESSED = st.lists(
    st.sampled_from(
        [
            '"',
            "\\",
            "<",
            ">",
            "@",
            ",",
            ";",
            ":",
            "(",
            ")",
            "[",
            "]",
            " ",
            ".",
            "a",
            "b.example",
            "\udce9",
            "\x00",
            "=",
            "\u00e9",
        ]
    ),
    max_size=40,
).map("".join)
LOCAL = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="\u0085"), min_size=1, max_size=40
)
DOMAIN = st.sampled_from(
    ["example.com", "Example.NET", "b\u00fccher.example", "[192.0.2.1]", "localhost", "xn--bcher-kva.example"]
)


@given(ANY | DRESSED)
def test_any_text_is_answered_cleanly(text):
    address = parse(text)
    if address is not None:
        for part in (address.local, address.domain, address.key, str(address)):
            part.encode("utf-8")
            assert not any(each < " " or "\x7f" <= each <= "\x9f" for each in part)
        assert address.local


PLAIN = st.from_regex(r"(?:imcea)?[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,9}@[A-Za-z0-9_.-]{1,9}", fullmatch=True)


@given(ANY | DRESSED | PLAIN)
@example("imceaex-a+40b.example@c.example")
@example("a" * MAX_TEXT + "@b.example")
def test_what_is_plain_is_spelled_as_it_stands(text):
    address = parse(text)
    assert spelled(text) == (str(address) if address is not None and address.domain else "")


@given(ANY | DRESSED)
def test_keys_are_text_that_any_store_takes_and_stay_what_they_are(text):
    key = address_key(text)
    key.encode("utf-8")
    assert "\x00" not in key


@given(ANY | DRESSED)
def test_lists_are_answered(text):
    assert all(isinstance(each, Address) for each in parse_all(text))


@given(LOCAL, DOMAIN)
def test_what_is_spelled_is_read_again(local, domain):
    address = Address(local, domain)
    if not local[:5].upper().startswith("IMCEA") and "\\x{" not in local:
        assert parse(str(address)) == address


@given(LOCAL, DOMAIN)
def test_the_key_of_a_key_is_that_key(local, domain):
    key = Address(local, domain).key
    if not local[:5].upper().startswith("IMCEA") and "\\x{" not in key:
        assert address_key(key) == key


@given(st.from_regex(r"[A-Za-z0-9.+_-]{1,20}", fullmatch=True), st.sampled_from(["example.com", "b.example.org"]))
def test_case_and_dress_do_not_change_the_key(local, domain):
    plain = f"{local}@{domain}"
    spellings = [plain.upper(), f"<{plain}>", f"rfc822; {plain}", f'"{local}"@{domain}', f"{plain}.", f'"A, B" <{plain}>']
    assert {address_key(each) for each in spellings} == {plain.lower()}


@given(ANY)
def test_a_domain_is_ascii_and_final(text):
    domain = to_ascii_domain(text)
    if domain is not None:
        assert domain.isascii()
        assert to_ascii_domain(domain) == domain


@given(st.binary(max_size=60))
def test_bytes_become_text(octets):
    without_surrogates(octets.decode("ascii", "surrogateescape")).encode("utf-8")
