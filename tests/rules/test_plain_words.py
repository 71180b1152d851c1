"""What an answer says beside a dead address's words: where nobody has understood it, nobody is dropped; where it changes
nothing, the address goes as before. The words that change nothing are those of rules/85-plain.
"""

import pytest
from judged_answers import BOOK, SUPPRESSING, verdict_of

from bouncesink.core.verdict import Disposition

SAYS_MORE = [
    # The directory was not there.
    "550 Unknown user (lookup deferred: could not connect to MySQL server)",
    "550 #5.1.0 Address rejected. LDAP accept query returned no result from any server",
    "550 5.1.1 user@example.com: no such account; unable to lookup account via query",
    "550 User unknown (authdaemon: connect: Connection refused)",
    "550 5.1.1 Recipient unknown, the Minger server of this domain did not answer",
    "550 5.1.1 unknown user account: the directory index is being rebuilt",
    "550 5.1.1 User not found (domain controller not reachable)",
    "550 5.1.1 No such user; recipient directory is out of sync with the primary site",
    # Nor the server that was asked about it.
    "550 5.1.1 Recipient address rejected: undeliverable address: connect to [10.0.0.7]:25: Connection refused",
    "550 5.1.1 User Unknown - smart search verification of the recipient did not complete",
    "550 5.1.1 <user@example.com>: callahead: destination server answered 421 too busy; unknown recipient assumed",
    # It is to be tried again.
    "550 5.2.1 mailbox unavailable - first contact from 192.0.2.25, resend in 10 minutes",
    "550 No such user yet: this is the first delivery attempt of your host, the second one will be accepted",
    # There is no room.
    "550 5.2.1 mailbox disabled until space is freed",
    "550 5.1.1 mailbox unavailable, volume /vol7 is 100% full",
    "550 5.1.1 no such user: message store has no inodes left",
    # Whoever sent it, and from where.
    "550 5.1.1 Unknown recipient; encryption is mandatory for this domain",
    "554 5.1.1 Recipient address rejected: User unknown; client [192.0.2.25] has no forward-confirmed name",
    "550 5.1.1 Mailbox unavailable: domain example.org was registered less than 30 days ago",
    "550 5.1.1 No such user: message pretends to come from a bank",
    "550 5.1.1 User unknown; AS64500 is not welcome here",
    "550 5.1.1 user unknown, dictionary protection active for your host",
    "550 5.1.1 user unknown or volume unusual for 192.0.2.25",
    # The gateway, the host, the site.
    "550 5.1.1 Recipient rejected, user unknown: the licence of this gateway has expired",
    "550 5.1.1 No such local user; I am only the backup MX, use the primary one",
    "550 5.1.1 unknown recipient, example.com was moved to another mail server, refresh your DNS",
    "550 5.1.1 User unknown; the site is being migrated, mailboxes are not copied over yet",
    # Whoever was mailed.
    "550 5.1.1 No such address for you: its owner has revoked this alias for example.org",
    "550 5.2.1 <user@example.com> mailbox is closed to strangers, ask the owner for a pass phrase",
    "550 5.1.1 Mailbox does not exist for your domain (blocked by account owner)",
    "550 5.1.1 <user@example.com>: unknown address or you may not write to this alias",
    # In other languages.
    "550 5.1.1 Empfänger unbekannt: Verzeichnisdienst nicht erreichbar",
    "550 5.1.1 Utilisateur inconnu : annuaire indisponible",
    "550 5.1.1 Usuario desconocido, fallo al consultar la base de datos",
    "550 5.1.1 Usuário inexistente - seu IP está bloqueado",
    "550 5.1.1 Onbekende gebruiker; afzender geblokkeerd",
    "550 5.1.1 Nie ma takiego użytkownika: nadawca zablokowany",
    "550 5.1.1 Пользователь не найден: сервер каталога недоступен",
    "550 5.1.1 ユーザーが見つかりません (データベースに接続できません)",
    "550 5.1.1 收件人不存在：发送频率过高",
    "550 5.1.1 Kullanıcı bulunamadı: gönderen engellendi",
]


@pytest.mark.parametrize("diagnostic", SAYS_MORE)
def test_what_nobody_understands_drops_nobody(diagnostic):
    assert verdict_of(diagnostic).disposition is not Disposition.SUPPRESS


CHANGES_NOTHING = [
    "550 5.1.1 There is nobody called user on this machine",
    "550 5.1.1 <user@example.com> is not a valid mailbox on mail.example.com. Please check the spelling and try again",
    "550 5.1.1 The user you are writing to is not in our database any more",
    "550 5.1.1 Recipient address does not exist. If you think this is an error, send mail to postmaster@example.com",
    "550 5.1.1 <user@example.com>: no such recipient in the LDAP directory of example.com",
    "550 5.1.1 User unknown in the company directory (searched by mail=user@example.com)",
    "550 5.1.1 user@example.com : MAILBOX NOT FOUND. Transaction failed, connection closing",
    "550 5.1.1 Recipient verification: this user does not exist on the destination server",
    "550 5.1.1 Unknown user; this is a permanent error, so do not try again",
    "550 5.1.1 Empfänger existiert nicht, bitte prüfen Sie die Schreibweise der Adresse",
    "550 5.1.1 Utilisateur inconnu, veuillez vérifier l'adresse",
    "550 5.1.1 El usuario no existe en este servidor",
    "550 5.1.1 Usuário desconhecido neste servidor de correio",
    "550 5.1.1 Utente non trovato su questo server",
    "550 5.1.1 Gebruiker bestaat niet op deze server",
    "550 5.1.1 Użytkownik nie istnieje na tym serwerze",
    "550 5.1.1 Такого почтового ящика нет на сервере",
    "550 5.1.1 この宛先のユーザーは存在しません",
    "550 5.1.1 该邮箱不存在，请核对收件人地址",
]


@pytest.mark.parametrize("diagnostic", CHANGES_NOTHING)
def test_what_changes_nothing_keeps_nobody(diagnostic):
    verdict = verdict_of(diagnostic)
    assert verdict.disposition is Disposition.SUPPRESS, verdict.evidence


# Words of blame, of patience, of parts of a system: whichever of them were plain would cost somebody the address.
NEVER_PLAIN = """
    controller confirmation registrar digital automated over node sender senders ip policy spam spf dkim dmarc
    tls blocked blacklisted reputation rate limit limits quota full size licence license temporarily temporary
    later soon yet moment deferred greylisted retry wait refused denied forbidden allowed permitted authorized
    backup maintenance migrated virus infected connect timeout query backend members subscribers only loop
    hops country client absender gesperrt später expéditeur bloqué remitente bloqueado remetente mittente
    afzender nadawca отправитель gönderen 发件人 発信元
"""


@pytest.mark.parametrize("word", NEVER_PLAIN.split())
def test_words_that_say_something_are_no_plain_ones(word):
    assert BOOK.plain.beside(f"550 {word}", "")


def test_every_example_of_a_dead_address_is_understood_whole():
    rules = [rule for rule in BOOK.rules if rule.reason in SUPPRESSING and rule.literals and not rule.weak]
    said = [(text, verdict_of(text)) for rule in rules for example in rule.examples for _, text in example.seen.texts]
    assert len(said) > 100
    assert [(text, verdict.evidence) for text, verdict in said if "says more" in verdict.evidence.note] == []
