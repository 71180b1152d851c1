"""The key file: made once, by whoever comes first, for its owner's eyes alone."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bouncesink.config.sections import PrivacySection
from bouncesink.config.words import Addresses
from bouncesink.core.verp.keyring import format_key
from bouncesink.errors import KeyringError
from bouncesink.keyfile import generate_key, load, load_or_create, privacy_key

PROGRAM = """
import sys
from pathlib import Path
from bouncesink.core.verp.keyring import format_key
from bouncesink.keyfile import load_or_create
sys.stdin.readline()
print(format_key(load_or_create(Path(sys.argv[1])).current))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bouncesink.db.keys"


def test_a_key_is_made_at_first_use_and_stays(path):
    first = load_or_create(path)
    assert [key.id for key in first.keys] == [0]
    assert len(first.current.secret) == 32
    assert load_or_create(path) == first == load(path)
    assert path.read_text().startswith("#")
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_it_is_for_its_owner_alone_whatever_the_umask(path):
    before = os.umask(0)
    try:
        load_or_create(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_two_keys_are_the_same(tmp_path):
    assert load_or_create(tmp_path / "a") != load_or_create(tmp_path / "b")


def test_what_is_there_is_read_and_not_touched(path):
    text = "# mine\n" + format_key(generate_key(7)) + "\n"
    path.write_text(text)
    assert load_or_create(path).current.id == 7
    assert path.read_text() == text


def test_keys_by_environment_stand_in_place_of_the_file(path):
    one, two = generate_key(1), generate_key(2)
    keyring = load_or_create(path, (format_key(one), format_key(two)))
    assert keyring.keys == (one, two)
    assert not path.exists()
    with pytest.raises(KeyringError, match=r"verp\.keys: line 2: key id 1 stands more than once"):
        load_or_create(path, (format_key(one), format_key(one)))


def test_processes_that_start_at_once_end_with_one_key(path):
    peers = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for peer in peers:
        peer.stdin.write("go\n")
        peer.stdin.flush()
    keys = {peer.communicate(timeout=60)[0].strip() for peer in peers}
    assert keys == {format_key(load(path).current)}
    assert [peer.returncode for peer in peers] == [0] * 4


def test_threads_too(tmp_path):
    for number in range(20):
        with ThreadPoolExecutor(4) as pool:
            keyrings = list(pool.map(load_or_create, [tmp_path / str(number)] * 4))
        assert all(keyring == keyrings[0] for keyring in keyrings)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "there is no key"),
        (b"1:00\n", "line 1: the secret has 1 bytes"),
        (b"SQLite format 3\x00\xff\xfe", "not a text of keys"),
    ],
)
def test_a_file_that_holds_no_key_is_named_and_kept(path, content, problem):
    path.write_bytes(content)
    with pytest.raises(KeyringError, match=problem) as caught:
        load_or_create(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(KeyringError, match=r"cannot be used: the folder .*absent does not exist"):
        load_or_create(tmp_path / "absent" / "keys")


def test_a_folder_in_place_of_the_file(tmp_path):
    with pytest.raises(KeyringError, match="cannot be used: Is a directory"):
        load_or_create(tmp_path)


def test_a_link_that_leads_nowhere_is_not_written_through(path):
    path.symlink_to("nowhere")
    with pytest.raises(KeyringError, match="cannot be used: No such file or directory"):
        load_or_create(path)
    assert sorted(each.name for each in path.parent.iterdir()) == [path.name]


class TestPrivacyKey:
    HASHED = PrivacySection(addresses=Addresses.HASHED)

    def test_none_is_made_where_addresses_are_kept(self, tmp_path):
        assert privacy_key(PrivacySection(), tmp_path / "b.db") is None
        assert list(tmp_path.iterdir()) == []

    def test_one_is_made_beside_the_database_and_stays(self, tmp_path):
        first = privacy_key(self.HASHED, tmp_path / "b.db")
        assert first is not None
        assert len(first) == 32
        assert privacy_key(self.HASHED, tmp_path / "b.db") == first
        assert (tmp_path / "b.db.privacy").stat().st_mode & 0o777 == 0o600

    def test_none_is_made_for_a_database_that_was_made_with_another(self, tmp_path):
        with pytest.raises(KeyringError, match="there is no such key file; nobody is found without it: put it back"):
            privacy_key(self.HASHED, tmp_path / "b.db", make=False)
        assert list(tmp_path.iterdir()) == []

    def test_one_may_be_given(self, tmp_path):
        given = PrivacySection(addresses=Addresses.HASHED, key="0a" * 16)
        assert privacy_key(given, tmp_path / "b.db") == b"\n" * 16
        assert list(tmp_path.iterdir()) == []

    def test_a_file_that_was_named_must_be_there(self, tmp_path):
        named = PrivacySection(addresses=Addresses.HASHED, key_file=tmp_path / "key")
        with pytest.raises(KeyringError, match="no such key file"):
            privacy_key(named, tmp_path / "b.db")
        (tmp_path / "key").write_text("# mine\n" + "0b" * 32 + "\n")
        assert privacy_key(named, tmp_path / "b.db") == b"\x0b" * 32

    @pytest.mark.parametrize("text", ["", "0a" * 15, "0a" * 33, "xy" * 16])
    def test_one_that_is_none_is_told_and_not_quoted(self, tmp_path, text):
        (tmp_path / "key").write_text(text)
        with pytest.raises(KeyringError, match="32 to 64 hexadecimal digits") as caught:
            privacy_key(PrivacySection(addresses=Addresses.HASHED, key_file=tmp_path / "key"), tmp_path / "b.db")
        assert not text or text not in str(caught.value)

    def test_a_folder_is_no_file(self, tmp_path):
        with pytest.raises(KeyringError, match="cannot be used"):
            privacy_key(PrivacySection(addresses=Addresses.HASHED, key_file=tmp_path), tmp_path / "b.db")
