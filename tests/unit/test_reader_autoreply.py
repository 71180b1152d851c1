"""Auto-replies, challenges, requests, answers and other mail: never a failure."""

import pytest

from bouncesink.core.reading import read
from bouncesink.core.report import Kind

AUTO_REPLIES = [
    "Auto-Submitted: auto-replied",
    "Auto-Submitted: auto-replied (vacation)",
    "Auto-Submitted: auto-generated (vacation)",
    "X-Autoreply: yes",
    "X-Autorespond: hello",
    "X-Vacation: 1",
    "Precedence: auto_reply",
    "Subject: Out of office",
    "Subject: Automatic reply: hello",
    "Subject: AutoReply: hello",
    "Subject: Re: Out-of-the-Office: hello",
    "Subject: Abwesenheitsnotiz",
    "Subject: Réponse automatique : hello",
    "Subject: =?utf-8?b?6Ieq5YuV6L+U5L+h?=",
    "Subject: Автоответ",
]


@pytest.mark.parametrize("header", AUTO_REPLIES)
def test_auto_replies(header: str) -> None:
    found = read(f"From: user@example.com\nReturn-Path: <>\n{header}\n\nI am away until Monday.\n".encode())
    assert (found.kind, found.reader, found.recipients) == (Kind.AUTO_REPLY, "autoreply", ())


@pytest.mark.parametrize(
    "header", ["X-Autoreply: no", "Auto-Submitted: no", "Precedence: first-class", "Subject: about my vacation plans"]
)
def test_what_only_sounds_like_one(header: str) -> None:
    assert read(f"From: user@example.com\n{header}\n\nHello.\n".encode()).kind is Kind.OTHER


FROM_NOBODY = [
    ("Subject: Re: hello", Kind.AUTO_REPLY),
    ("Subject: AW: hello\nIn-Reply-To: <1@sender.example>", Kind.AUTO_REPLY),
    ("Subject: Re: hello\nIn-Reply-To: <1@sender.example>\nReferences: <1@sender.example>", Kind.REPLY),
    ("Subject: Re: hello\nList-Id: <a.example>", Kind.OTHER),
    ("Subject: hello", Kind.OTHER),
]


@pytest.mark.parametrize(("headers", "kind"), FROM_NOBODY)
def test_an_answer_with_a_null_reverse_path_is_a_machines(headers: str, kind: Kind) -> None:
    assert read(f"Return-Path: <>\nFrom: user@example.com\n{headers}\n\nHello.\n".encode()).kind is kind


CHALLENGES = [
    ("hello", "Please reply to this message to confirm that you are a real person."),
    ("Re: hello", "To verify yourself as a human, click the link below and your mail is delivered."),
    ("Please confirm your message", "x"),
    ("verify#12345", "x"),
    ("hello", "Your mail is held because your address has not been verified."),
    ("hello", "This is a one-time confirmation step."),
]


@pytest.mark.parametrize(("subject", "text"), CHALLENGES)
def test_challenges(subject: str, text: str) -> None:
    found = read(f"From: user@example.com\nSubject: {subject}\nAuto-Submitted: auto-replied\n\n{text}\n".encode())
    assert found.kind is Kind.CHALLENGE


def test_a_challenge_from_a_mail_system() -> None:
    headers = b"From: MAILER-DAEMON@example.com\nSubject: Mail not delivered\n\n"
    assert read(headers + b"To deliver it, please click here and confirm it: https://example.com/\n").kind is Kind.CHALLENGE


PERSONS = [
    ("Subject: unsubscribe", Kind.UNSUBSCRIBE),
    ("Subject: Re: Unsubscribe!", Kind.UNSUBSCRIBE),
    ("Subject: please remove me", Kind.UNSUBSCRIBE),
    ("Subject: unsubscribe 4711-ab", Kind.UNSUBSCRIBE),
    ("Subject: Abmelden", Kind.UNSUBSCRIBE),
    ("Subject: unsubscribe\nAuto-Submitted: auto-replied", Kind.UNSUBSCRIBE),
    ("Subject: unsubscribe\nList-Id: <a.example>", Kind.OTHER),
    ("Subject: how to unsubscribe from life", Kind.OTHER),
    ("Subject: hello\nIn-Reply-To: <1@sender.example>", Kind.REPLY),
    ("Subject: Re: hello", Kind.REPLY),
    ("Subject: AW: hello", Kind.REPLY),
    ("Subject: RE[2]: hello", Kind.REPLY),
    ("Subject: Re: hello\nPrecedence: list", Kind.OTHER),
    ("Subject: Re: hello\nList-Id: <a.example>", Kind.OTHER),
    ("Subject: hello", Kind.OTHER),
    ("X-None: x", Kind.OTHER),
]


@pytest.mark.parametrize(("headers", "kind"), PERSONS)
def test_persons(headers: str, kind: Kind) -> None:
    found = read(f"From: user@example.com\n{headers}\n\nHello.\n".encode())
    assert (found.kind, found.reader, found.recipients) == (kind, "person", ())
