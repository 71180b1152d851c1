import pytest

from bouncesink.fronts.smtp_lines import CommandLines


def everything(lines: CommandLines) -> list[bytes]:
    taken = []
    while (line := lines.take()) is not None:
        taken.append(line)
    return taken


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_lines_come_out_whole_however_they_are_cut(size: int) -> None:
    lines, taken = CommandLines(100), []
    octets = b"NOOP\r\nRSET\n\r\nMAIL FROM:<>\r\r\nhalf"
    for at in range(0, len(octets), size):
        lines.feed(octets[at : at + size])
        taken += everything(lines)
    assert taken == [b"NOOP", b"RSET", b"", b"MAIL FROM:<>"]
    assert lines.take_rest() == b"half"
    assert len(lines.waiting) == 0


@pytest.mark.parametrize("size", [1, 5, 11, 12, 13, 1_000])
@pytest.mark.parametrize(("length", "cut"), [(9, 9), (10, 10), (11, 11), (12, 11), (500, 11)])
def test_a_line_over_the_limit_comes_cut(size: int, length: int, cut: int) -> None:
    lines, taken = CommandLines(10), []
    octets = b"x" * length + b"\r\nNOOP\r\n"
    for at in range(0, len(octets), size):
        lines.feed(octets[at : at + size])
        taken += everything(lines)
        assert len(lines.waiting) <= 10 + size + 2
    assert taken == [b"x" * cut, b"NOOP"]


def test_skipped_octets_are_not_lines() -> None:
    lines = CommandLines(100)
    lines.feed(b"BDAT 12\r\nRSE")
    assert lines.take() == b"BDAT 12"
    lines.skip(12)
    lines.feed(b"T\r\nQUIT")
    lines.feed(b"\r\nNOOP\r\n")
    assert everything(lines) == [b"NOOP"]
