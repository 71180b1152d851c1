"""The keyring: strict on our own input, and silent about secrets."""

import pytest

from bouncesink.core.verp.keyring import Key, Keyring, format_key, parse_keyring
from bouncesink.errors import KeyringError

SECRET = bytes(range(32))
HEX = SECRET.hex()


def test_the_last_key_mints_and_every_key_is_found():
    keyring = parse_keyring(f"# old\n3:{HEX}\n\n  7 : {HEX.upper()}  # new\n", "keys")
    assert [key.id for key in keyring.keys] == [3, 7]
    assert keyring.current.id == 7
    assert keyring.get(3).secret == keyring.get(7).secret == SECRET
    assert keyring.get(4) is None


def test_a_key_is_written_as_it_is_read():
    key = Key(31, SECRET)
    assert parse_keyring(format_key(key), "keys").current == key


def test_a_key_keeps_its_secret_out_of_its_repr():
    assert HEX[:8] not in repr(Key(1, SECRET))
    assert repr(SECRET)[2:10] not in repr(Key(1, SECRET))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["keys: there is no key"]),
        ("# nothing\n", ["keys: there is no key"]),
        (f"{HEX}", ["keys: line 1: a key is ID:HEX, and ID is a number"]),
        (f"x:{HEX}", ["keys: line 1: a key is ID:HEX, and ID is a number"]),
        (f"\u0663:{HEX}", ["keys: line 1: a key is ID:HEX, and ID is a number"]),
        (f"-1:{HEX}", ["keys: line 1: a key is ID:HEX, and ID is a number"]),
        (f"{'1' * 5000}:{HEX}", ["keys: line 1: a key is ID:HEX, and ID is a number"]),
        ("1:xyz", ["keys: line 1: a key is ID:HEX, and HEX is hexadecimal digits"]),
        (f"1:{HEX}0", ["keys: line 1: a key is ID:HEX, and HEX is hexadecimal digits"]),
        (f"32:{HEX}", ["keys: line 1: key id 32 is not between 0 and 31"]),
        ("1:", ["keys: line 1: the secret has 0 bytes, not 16 to 32"]),
        ("1:" + "00" * 15, ["keys: line 1: the secret has 15 bytes, not 16 to 32"]),
        ("1:" + "00" * 33, ["keys: line 1: the secret has 33 bytes, not 16 to 32"]),
        (f"1:{HEX}\n1:{HEX}", ["keys: line 2: key id 1 stands more than once"]),
        (
            f"32:00\n\nx\n2:{HEX}\n2:{HEX}",
            ["keys: line 1: key id 32", "keys: line 1: the secret has 1", "keys: line 3: a key is", "keys: line 5: key id 2"],
        ),
    ],
)
def test_every_problem_is_named_at_once_and_no_secret_with_it(text, problems):
    with pytest.raises(KeyringError) as caught:
        parse_keyring(text, "keys")
    found = caught.value.problems
    assert len(found) == len(problems)
    assert all(each.startswith(start) for each, start in zip(found, problems, strict=True))
    assert HEX not in str(caught.value)


def test_a_keyring_is_never_empty_nor_ambiguous():
    with pytest.raises(KeyringError, match="there is no key"):
        Keyring(())
    with pytest.raises(KeyringError, match="key id 1 stands more than once"):
        Keyring((Key(1, SECRET), Key(1, SECRET), Key(2, SECRET)))


@pytest.mark.parametrize(
    ("ids", "next_id"),
    [((0,), 1), ((0, 1), 2), ((31,), 0), ((1, 0), 2), ((30, 31, 0), 1), (tuple(range(32)), None), (tuple(range(1, 32)), 0)],
)
def test_the_next_id_is_a_free_one(ids, next_id):
    assert Keyring(tuple(Key(each, SECRET) for each in ids)).next_id == next_id
