"""The catalogue: every forgery beside its honest counterpart.

A function makes one mail about ``who``: the forged one, or, where ``honest``, the same with the one thing put right. It gives
the forward-paths and the content. What is recorded of the forged one stands in the table of ``test_forgeries``.
"""

from collections.abc import Callable

from forger import ABUSE, BOUNCES, LOOP, OTHER, OURS, RECEIVER, REPORTER, STRANGER, World, arf, changed, dsn

Sent = tuple[tuple[str, ...], bytes]
Case = Callable[[World, str, bool], Sent]
ATTACKER = f"attacker@{RECEIVER}"
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    CASES[function.__name__] = function
    return function


def _to(path: str, who: str, original: bytes = b"") -> Sent:
    return (path,), dsn((who,), original)


# Addresses


@case
def no_tag(world: World, who: str, honest: bool) -> Sent:
    return _to(world.token(who) if honest else BOUNCES, who)


@case
def verp_without_tag(world: World, who: str, honest: bool) -> Sent:
    return _to(world.token(who) if honest else f"list-bounces+{who.replace('@', '=')}@{OURS}", who)


@case
def wrong_tag(world: World, who: str, honest: bool) -> Sent:
    token = world.token(who)
    return _to(token if honest else token[:10] + ("a" if token[10] != "a" else "b") + token[11:], who)


@case
def truncated_tag(world: World, who: str, honest: bool) -> Sent:
    token = world.token(who)
    return _to(token if honest else token[:15] + token[16:], who)


@case
def unknown_key(world: World, who: str, honest: bool) -> Sent:
    return _to(world.token(who, keyring=None if honest else world.forged_keyring), who)


@case
def old_key(world: World, who: str, honest: bool) -> Sent:
    return _to(world.token(who) if honest else world.old_key(who), who)


@case
def expired_tag(world: World, who: str, honest: bool) -> Sent:
    return _to(world.token(who, days_ago=30 if honest else 40), who)


@case
def tag_of_the_future(world: World, who: str, honest: bool) -> Sent:
    return _to(world.token(who, days_ago=-1 if honest else -10), who)


@case
def somebody_elses_token(world: World, who: str, honest: bool) -> Sent:
    return _to(world.token(who if honest else ATTACKER), who)


@case
def tag_put_before_another_address(world: World, who: str, honest: bool) -> Sent:
    tag = world.token(who if honest else ATTACKER)[:16]
    return _to(f"{tag}-{who.replace('@', '=')}@{OURS}", who)


@case
def tag_under_another_domain_of_ours(world: World, who: str, honest: bool) -> Sent:
    return _to(world.token(who).replace(f"@{OURS}", f"@{OURS if honest else OTHER}"), who)


@case
def upper_case_is_one_spelling_and_digits_are_not(world: World, who: str, honest: bool) -> Sent:
    token = world.token(who).upper()
    return _to(token if honest else token[:16].replace(token[5], "0") + token[16:], who)


@case
def letters_that_only_fold_to_ascii(world: World, who: str, honest: bool) -> Sent:
    token = world.token(who)
    return _to(token if honest else "\u212a" + token[1:], who)  # the Kelvin sign, whose lower case is k


@case
def forged_tag_wrapped_by_srs(world: World, who: str, honest: bool) -> Sent:
    token = world.token(who) if honest else world.old_key(who)
    return _to(f"SRS0=HHHH=TT={OURS}={token.rpartition('@')[0]}@{OURS}", who)


@case
def forged_tag_wrapped_by_batv(world: World, who: str, honest: bool) -> Sent:
    return _to(f"prvs=1234abcdef={world.token(who) if honest else world.old_key(who)}", who)


# Reports


@case
def ten_others_behind_a_good_token(world: World, who: str, honest: bool) -> Sent:
    others = tuple(f"other{number}@{RECEIVER}" for number in range(9))
    return (world.token(who if honest else ATTACKER),), dsn((who,) if honest else (who, *others))


@case
def good_and_bad_recipients_of_one_mail(world: World, who: str, honest: bool) -> Sent:
    return (world.token(ATTACKER), world.token(who) if honest else world.old_key(who), BOUNCES), dsn((who,))


@case
def bounce_of_a_bounce(world: World, who: str, honest: bool) -> Sent:
    inner = dsn((who,), world.original(who))
    return (world.token(who if honest else ATTACKER),), dsn((who if honest else ATTACKER,), inner)


@case
def auto_reply_that_speaks_of_death(world: World, who: str, honest: bool) -> Sent:
    letter = (
        f"From: {who}\r\nTo: {BOUNCES}\r\nSubject: Automatic reply: user unknown\r\nAuto-Submitted: auto-replied\r\n\r\n"
        f"550 5.1.1 {who} no longer works here, and this mailbox is unknown.\r\n"
    )
    return ((world.token(who),), dsn((who,))) if honest else ((BOUNCES,), letter.encode())


@case
def unsubscribe_in_anothers_name(world: World, who: str, honest: bool) -> Sent:
    letter = f"From: {who}\r\nTo: {BOUNCES}\r\nSubject: unsubscribe\r\n\r\nunsubscribe {who}\r\n"
    return ((world.token(who),), dsn((who,))) if honest else ((BOUNCES,), letter.encode())


# Returned originals


@case
def altered_returned_headers(world: World, who: str, honest: bool) -> Sent:
    original = world.original(who if honest else ATTACKER)
    return _to(BOUNCES, who, original if honest else changed(original, ATTACKER.encode(), who.encode()))


@case
def replayed_original_of_another(world: World, who: str, honest: bool) -> Sent:
    return _to(BOUNCES, who, world.original(who if honest else ATTACKER))


@case
def a_second_to_above_the_signed_one(world: World, who: str, honest: bool) -> Sent:
    return _to(BOUNCES, who, f"To: {who}\r\n".encode() + world.original(who if honest else ATTACKER))


@case
def signed_with_anothers_key_in_our_name(world: World, who: str, honest: bool) -> Sent:
    return _to(BOUNCES, who, world.original(who, signing=None if honest else world.stranger))


@case
def signed_by_a_stranger(world: World, who: str, honest: bool) -> Sent:
    return _to(BOUNCES, who, world.original(who) if honest else world.original(who, signing=world.stranger, domain=STRANGER))


@case
def original_to_several(world: World, who: str, honest: bool) -> Sent:
    return _to(BOUNCES, who, world.original(who if honest else f"{ATTACKER}, {who}"))


@case
def original_with_a_copy_for_another(world: World, who: str, honest: bool) -> Sent:
    return _to(BOUNCES, who, world.original(who, extra="" if honest else f"Cc: {ATTACKER}\r\n"))


@case
def original_of_long_ago(world: World, who: str, honest: bool) -> Sent:
    return _to(BOUNCES, who, world.original(who, days_ago=30 if honest else 40))


@case
def verp_without_tag_and_anothers_original(world: World, who: str, honest: bool) -> Sent:
    return _to(f"list-bounces+{who.replace('@', '=')}@{OURS}", who, world.original(who if honest else ATTACKER))


@case
def returned_path_of_another(world: World, who: str, honest: bool) -> Sent:
    path = world.token(who if honest else ATTACKER)
    return _to(BOUNCES, who, f"Return-Path: <{path}>\r\nFrom: news@{OURS}\r\nTo: x\r\n\r\n".encode())


@case
def returned_path_with_a_forged_tag(world: World, who: str, honest: bool) -> Sent:
    path = world.token(who) if honest else world.old_key(who)
    return _to(BOUNCES, who, f"Return-Path: <{path}>\r\nFrom: news@{OURS}\r\nTo: x\r\n\r\n".encode())


# Complaints


def _signed(world: World, report: bytes, selector: str = "s1", **how: bool) -> bytes:
    return world.loop.sign(report, LOOP, selector, **how)


@case
def complaint_without_signature(world: World, who: str, honest: bool) -> Sent:
    return (ABUSE,), _signed(world, arf(who)) if honest else arf(who)


@case
def complaint_altered_on_its_way(world: World, who: str, honest: bool) -> Sent:
    report = _signed(world, arf(who if honest else ATTACKER))
    return (ABUSE,), report if honest else changed(report, ATTACKER.encode(), who.encode())


@case
def complaint_signed_by_a_stranger(world: World, who: str, honest: bool) -> Sent:
    return (ABUSE,), _signed(world, arf(who)) if honest else world.stranger.sign(arf(who), STRANGER)


@case
def complaint_signed_in_the_loops_name(world: World, who: str, honest: bool) -> Sent:
    return (ABUSE,), (world.loop if honest else world.stranger).sign(arf(who), LOOP)


@case
def complaint_by_a_customer_of_the_loops_domain(world: World, who: str, honest: bool) -> Sent:
    return (ABUSE,), _signed(world, arf(who, sender=REPORTER if honest else f"customer@{LOOP}"))


@case
def complaint_with_a_part_of_the_body_signed(world: World, who: str, honest: bool) -> Sent:
    return (ABUSE,), _signed(world, arf(who), length=not honest)


@case
def complaint_whose_key_nobody_tells(world: World, who: str, honest: bool) -> Sent:
    return (ABUSE,), _signed(world, arf(who), "s1" if honest else "mute")


@case
def complaint_whose_key_there_is_not(world: World, who: str, honest: bool) -> Sent:
    return (ABUSE,), _signed(world, arf(who), "s1" if honest else "none")


@case
def results_of_a_front_that_is_not_ours(world: World, who: str, honest: bool) -> Sent:
    front = "front.b.example" if honest else "mx.stranger.example"
    return (ABUSE,), arf(who, above=f"Authentication-Results: {front}; dkim=pass header.d={LOOP}\r\n")


@case
def results_below_those_of_our_front(world: World, who: str, honest: bool) -> Sent:
    results = [f"Authentication-Results: front.b.example; dkim={told} header.d={LOOP}\r\n" for told in ("fail", "pass")]
    return (ABUSE,), arf(who, above="".join(reversed(results) if honest else results))


@case
def complaint_with_a_forged_mail_from(world: World, who: str, honest: bool) -> Sent:
    return (ABUSE,), arf(who, mail_from=world.token(who) if honest else world.old_key(who))
