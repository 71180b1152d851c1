"""Dead addresses: texts of addresses that are truly gone, in many wordings and languages, all of which suppress.

The other half of test_no_wrong_suppression.py: caution must not keep the dead. Each is tried as a server's answer and inside
the letters that mail systems write around one.
"""

import pytest
from judged_answers import SUPPRESSING, verdict_of, verdict_of_letter

from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Disposition

DEAD = [
    # English, as mail servers of all kinds say it.
    "550 5.1.1 User user@example.com unknown",
    "550 RCPT TO:<user@example.com> Error: Not exist such user",
    "550 5.2.1 The mailbox you are trying to reach has been deactivated at the request of the owner",
    "550 5.1.1 Nicht existierende Adresse",
    "550 5.2.1 Benutzerkonto stillgelegt",
    "550 Wrong address. There is no user@example.com on this server",
    "550 5.1.1 Delivery impossible - no mailbox called user",
    "553 5.1.1 Local user list has no entry for user",
    "550 5.1.1 No account matches user@example.com",
    "550 5.1.1 invalid destination address user@example.com",
    "550 5.1.1 There's no user of that name here",
    "550 5.1.1 Not a recognised mailbox",
    "550 5.2.1 The customer has cancelled the service",
    "550 5.2.1 Mail delivery for this user has been turned off",
    "550 5.2.1 The owner of this mailbox is deceased",
    "an MX or SRV record indicated no SMTP service",
    "550 5.1.1 Gibt es hier nicht: user@example.com",
    "550 5.1.1 Невідомий одержувач",
    "550 5.1.1 Непознат корисник",
    "550 5.1.1 <user@example.com>: Recipient address rejected: User unknown in local recipient table",
    "550 5.1.1 <user@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
    "550 5.1.1 <user@example.com>... User unknown",
    "550 5.1.1 User Unknown",
    "550 Unrouteable address",
    "550 No Such User Here",
    "550 No such user here: user@example.com",
    "550 Unknown user: user@example.com",
    "550 unknown local part user in <user@example.com>",
    "511 sorry, no mailbox here by that name (#5.1.1 - chkuser)",
    "553 sorry, your envelope recipient is in my badrcptto list (#5.7.1)",
    "550 User <user@example.com> unknown",
    "550 5.1.1 <user@example.com> User doesn't exist: user@example.com",
    "550-Mailbox unknown. Either there is no mailbox associated with this 550-name. 550 5.1.1 User unknown",
    "550 5.1.1 unknown or illegal alias: user@example.com",
    "550 5.1.1 Recipient unknown",
    "550 5.1.1 <user@example.com> recipient rejected: no such mailbox",
    "550 Invalid recipient: <user@example.com>",
    "550 <user@example.com>, Recipient unknown",
    "550 Recipient not in database",
    "550 user invalid",
    "550 That user is not registered here",
    "550 address does not belong to a customer",
    "550 Nobody with this name here",
    "550 the account was closed on request",
    "550 This address is retired",
    "550 mailbox archived",
    "550 User's mailbox has been deprovisioned",
    "550 Recipient not on list of valid users",
    "550 mailbox for user@example.com is not here",
    "550 Cannot find the recipient in the directory",
    "550 The mailbox is deleted",
    "550 This mailbox was deleted because nobody used it",
    "550 subscriber's service barred",
    "550 invalid receiver address",
    "550 Mailbox <user@example.com> does not exist",
    "550 mailbox user@example.com does not exist",
    "550 RCPT TO:<user@example.com> User unknown",
    "554 5.1.1 RCPT <user@example.com> does not exist",
    "550 Mailbox not found",
    "550 5.1.1 Mailbox unavailable",
    "550 Requested action not taken: mailbox unavailable",
    "553 Requested action not taken: mailbox name not allowed",
    "550 Requested action not taken: mailbox unavailable or not local",
    "550 5.1.1 The email account that you tried to reach does not exist. - gsmtp",
    "554 delivery error: dd This user doesn't have a yahoo.com account (user@yahoo.com) [0]",
    "554 delivery error: dd Not a valid recipient - atlas1.free.mail.ne1.yahoo.com",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient user@example.com not found by SMTP address lookup",
    "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) [host.prod.protection.outlook.com]",
    "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [host.prod.protection.outlook.com]",
    "550 5.1.1 <user@icloud.com>: user does not exist",
    "550 5.1.1 Not our Customer",
    "553 5.3.0 <user@sbcglobal.net>... Addressee unknown, relay=[192.0.2.1]",
    "550 #5.1.0 Address rejected.",
    "550 permanent failure for one or more recipients (user@example.com:550 5.1.1 User unknown)",
    "550 Recipient email address is possibly incorrect - https://community.mimecast.com/docs/DOC-1369#550",
    "550 5.1.1 Address not allowed. (0)",
    "User user (user@example.com) not listed in Domino Directory",
    "The recipient name is not recognized",
    "550 local server don't exists that user",
    "550 unavailable mail user",
    "550 not user of this server",
    "550 Message was not accepted -- invalid mailbox. Local mailbox user@mail.ru is unavailable: user not found",
    "550 5.1.1 No correct recipients",
    "550 5.1.1 there is no one at this address",
    "550 5.1.1 no account by that name here",
    "550 5.1.1 No such person at this address",
    "550 5.1.1 <user@example.com>: undeliverable address: unknown user",
    "550 5.1.1 this email address is wrong or no longer valid: address does not exist",
    "550 nonexistent user",
    "550 non-existent mailbox",
    "550 5.1.1 Bad destination mailbox address",
    "550 account 'user' does not exist",
    "550 user user@example.com not found",
    "550 5.1.1 unknown recipient <user@example.com>",
    "550 5.1.1 address unknown",
    "550 Unknown account",
    "550 5.1.1 User user@example.com is not known here",
    "553 5.1.1 unknown user account",
    "550 No mailbox by that name is currently available",
    "550 invalid mailbox path",
    "550 5.1.1 User's email name is not found",
    "550 5.1.1 Unable to find mailbox",
    "550 5.1.1 Recipient not in directory",
    # Gone elsewhere.
    "551 User not local; please try <user@example.org>",
    "551 5.1.6 user@example.com has moved to another address",
    "550 5.1.6 recipient no longer on server: user@example.com",
    "550 <user@example.com> has been replaced by <user@example.org>",
    "550 This person is no longer with the company",
    # Switched off.
    "550 5.2.1 The email account that you tried to reach is disabled. - gsmtp",
    "554 30 Sorry, your message to user@yahoo.com cannot be delivered. This mailbox is disabled (554.30).",
    "550 5.2.1 <user@example.com> account is disabled",
    "550 5.2.1 Account Closed, Please Remove",
    "550 user@example.com is a deactivated mailbox",
    "550 User suspended: user@163.com",
    "550 Account terminated",
    "550 5.2.1 Mailbox disabled, not accepting messages",
    "550 This mailbox has been blocked",
    "550 This address no longer accepts mail.",
    "550 5.1.1 user@example.com is no longer valid",
    "550 5.1.1 the user account has been deactivated",
    "550 Recipient suspend the service: user@example.com",
    "550 5.2.1 STOREDRV.Deliver.Exception:AccountDisabledException; account is disabled",
    # What no server can take.
    "501 5.1.3 Bad recipient address syntax",
    "550 5.1.3 RESOLVER.ADR.InvalidInSmtp; invalid recipient address",
    "553-5.1.3 The recipient address <user@@example.com> is not a valid RFC 5321 address. - gsmtp",
    "554 Transaction failed: Local address contains control or whitespace",
    "556 5.1.10 Recipient address has null MX",
    "Domain example.com does not accept mail (nullMX)",
    # German.
    "550 5.1.1 Empfänger unbekannt",
    "550 Benutzer nicht bekannt/User unknown",
    "550 Diese E-Mail-Adresse existiert nicht",
    "550 Kein Postfach mit diesem Namen",
    "Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.",
    "550 Dieses Postfach ist gesperrt",
    "550 Der Empfänger ist nicht mehr im Unternehmen",
    # French.
    "550 5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR_416 [416]",
    "550 Utilisateur inconnu !",
    "550 Cette adresse n'existe plus",
    "550 Destinataire inconnu",
    "550 L'adresse de messagerie que vous avez entrée est introuvable",
    "550 Compte désactivé",
    "550 Cette personne a quitté la société",
    # Spanish, Portuguese, Italian, Catalan, Romanian.
    "550 Usuario desconocido",
    "550 No existe dicha persona",
    "550 La cuenta de correo no existe",
    "550 Destinatario no encontrado",
    "550 Cuenta cancelada",
    "550 Usuário inexistente",
    "550 Caixa postal não existe",
    "550 Destinatário desconhecido",
    "550 Conta desativada",
    "550 nessun utente simile in questo indirizzo",
    "550 Utente sconosciuto",
    "550 Casella inesistente",
    "550 Indirizzo non più attivo",
    "550 Usuari desconegut",
    "550 Utilizator necunoscut",
    # Dutch and the north.
    "550 Onbekende gebruiker",
    "550 Dit e-mailadres bestaat niet",
    "550 Deze mailbox is uitgeschakeld",
    "550 Okänd mottagare",
    "550 Användaren finns inte",
    "550 Ukendt modtager",
    "550 Brukeren finnes ikke",
    "550 Tuntematon vastaanottaja",
    # Slavic and Baltic.
    "550 Пользователь не найден",
    "550 Нет такого пользователя",
    "550 Почтовый ящик заблокирован",
    "550 Такого адреса не существует",
    "550 Користувача не знайдено",
    "550 Nie ma takiego użytkownika",
    "550 Skrzynka nie istnieje",
    "550 Konto zablokowane",
    "550 Uživatel neexistuje",
    "550 Korisnik ne postoji",
    "550 Няма такъв потребител",
    "550 Nezināms lietotājs",
    "550 Vartotojas nerastas",
    # East Asia.
    "550 宛先不明です。",
    "550 存在しないメールアドレスです。",
    "宛先のアドレスが存在しないため、送信できませんでした。",
    "550 このアカウントは利用停止されています。",
    "550 用户不存在",
    "550 收件人不存在",
    "550 查无此人",
    "550 使用者不存在",
    "550 该帐号已被禁用",
    "550 존재하지 않는 사용자입니다",
    "550 이용이 정지된 계정입니다",
    # Others.
    "550 Kullanıcı bulunamadı",
    "550 Άγνωστος χρήστης",
    "550 Nincs ilyen felhasználó",
    "550 המשתמש לא קיים",
    "550 المستخدم غير موجود",
    "550 Người dùng không tồn tại",
    "550 Pengguna tidak ditemukan",
    "550 ไม่พบผู้ใช้",
]


def test_there_are_enough_dead_addresses_of_every_kind():
    assert len(set(DEAD)) == len(DEAD) > 150
    assert {verdict_of(diagnostic).reason for diagnostic in DEAD} == SUPPRESSING


@pytest.mark.parametrize("diagnostic", DEAD)
def test_a_dead_address_suppresses(diagnostic):
    verdict = verdict_of(diagnostic)
    assert verdict.disposition is Disposition.SUPPRESS, f"{verdict.reason} by {verdict.rule}: {verdict.evidence}"


# What stands around an answer in the reports of mail servers and in letters that people's systems write.
LETTERS = {
    "exim": """
        A message that you sent could not be delivered to one or more of its recipients. This is a permanent error. The
        following address(es) failed: user@example.com SMTP error from remote mail server after RCPT
        TO:<user@example.com>: host mx.example.com [192.0.2.1]: {} ------ This is a copy of the message, including all
        the headers. ------
    """,
    "postfix": """
        This is the mail system at host mail.example.net. I'm sorry to have to inform you that your message could not be
        delivered to one or more recipients. It's attached below. For further assistance, please send mail to
        postmaster. If you do so, please include this problem report. You can delete your own text from the attached
        returned message. The mail system <user@example.com>: host mx.example.com[192.0.2.1] said: {} (in reply to RCPT
        TO command)
    """,
    "qmail": """
        Hi. This is the qmail-send program at example.net. I'm afraid I wasn't able to deliver your message to the
        following addresses. This is a permanent error; I've given up. Sorry it didn't work out. <user@example.com>:
        192.0.2.1 does not like recipient. Remote host said: {} Giving up on 192.0.2.1. --- Below this line is a copy of
        the message. Return-Path: <a@example.org>
    """,
    "sendmail": """
        The original message was received at Thu, 1 Jan 2026 00:00:00 GMT from mail.example.org [192.0.2.9] ----- The
        following addresses had permanent fatal errors ----- <user@example.com> (reason: {0}) ----- Transcript of
        session follows ----- ... while talking to mx.example.com.: >>> RCPT To:<user@example.com> <<< {0}
    """,
    "exchange": """
        Delivery has failed to these recipients or groups: user@example.com {} Diagnostic information for
        administrators: Generating server: mail.example.net. Original message headers:
    """,
    "returned": """
        Your message to user@example.com was automatically rejected and returned to the sender. The reason given by the
        remote server: {}. Please check the address and try again later, or contact the recipient by other means. Do not
        reply to this automatically generated message.
    """,
    "letter": """
        Dear sender, unfortunately we could not deliver your e-mail sent on Monday with the subject "Our newsletter: 20%
        limit offer" to the recipient. The error was: {} This e-mail and any attachments are confidential and intended
        solely for the addressee.
    """,
}
# Without the reply code at its front the one may be the sending Exim's own words, and the other loses its code.
OTHERWISE_IN_A_LETTER = {"550 Unrouteable address", "550 #5.1.0 Address rejected."}


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
def test_a_dead_address_is_seen_in_a_letter(letter):
    for diagnostic in DEAD:
        verdict = verdict_of_letter(" ".join(letter.format(diagnostic).split()), EnhancedStatusCode.find(diagnostic))
        if diagnostic not in OTHERWISE_IN_A_LETTER:
            assert verdict.disposition is Disposition.SUPPRESS, f"{diagnostic}: {verdict.reason} by {verdict.rule}"
        assert verdict.disposition is not Disposition.IGNORE
