"""``bouncesink feed`` on a real database."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from commands import SECTION, run

from bouncesink.cli.main import main
from tests.conftest import clean_environment


class TestFeed:
    @pytest.fixture(autouse=True)
    def acts(self, database, capsys):
        run(capsys, "recipients", "suppress", "a@example.com", "b@example.com", SECTION, database)
        run(capsys, "recipients", "release", "a@example.com", SECTION, database)

    def test_it_is_exported_in_order_and_keeps_to_its_schema(self, database, capsys):
        out, _ = run(capsys, "feed", "export", SECTION, database)
        entries = [json.loads(line) for line in out.splitlines()]
        assert [entry["seq"] for entry in entries] == [1, 2, 3]
        assert [entry["type"] for entry in entries] == ["recipient.suppressed"] * 2 + ["suppression.released"]
        schema = json.loads((Path(__file__).parents[2] / "docs/reference/feed.schema.json").read_text())
        for entry in entries:
            assert set(schema["required"]) <= set(entry) <= set(schema["properties"])
            assert entry["type"] in schema["properties"]["type"]["enum"]
            assert set(entry["body"]) <= set(schema["properties"]["body"]["properties"])

    def test_csv_has_a_header_and_a_row_each(self, database, capsys):
        out, _ = run(capsys, "feed", "export", "--since", "1", "--format", "csv", SECTION, database)
        rows = list(csv.DictReader(io.StringIO(out)))
        assert [(row["seq"], row["standing"]) for row in rows] == [("2", "suppressed"), ("3", "ok")]

    def test_the_tail_is_the_newest(self, database, capsys):
        out, _ = run(capsys, "feed", "tail", "-n", "1", SECTION, database)
        assert [json.loads(line)["seq"] for line in out.splitlines()] == [3]

    def test_a_cursor_moves_only_when_told(self, database, capsys):
        run(capsys, "feed", "ack", "crm", "1", "--new", SECTION, database)
        for _ in range(2):
            out, _ = run(capsys, "feed", "tail", "--cursor", "crm", SECTION, database)
            assert [json.loads(line)["seq"] for line in out.splitlines()] == [2, 3]
        run(capsys, "feed", "ack", "crm", "3", SECTION, database)
        _, err = run(capsys, "feed", "ack", "crm", "2", SECTION, database)
        assert "up to 3" in err
        out, _ = run(capsys, "feed", "cursors", "--format", "json", SECTION, database)
        assert [(each["name"], each["seq"], each["behind"]) for each in json.loads(out)] == [("crm", 3, 0)]
        assert "crm" in run(capsys, "feed", "cursors", SECTION, database)[0]

    @pytest.mark.parametrize(("count", "seqs"), [("0", []), ("1", [1]), ("2", [1, 2]), ("3", [1, 2, 3]), ("9", [1, 2, 3])])
    def test_a_batch_of_what_a_cursor_has_not_is_the_oldest_of_it(self, database, capsys, count, seqs):
        run(capsys, "feed", "ack", "crm", "0", "--new", SECTION, database)
        out, _ = run(capsys, "feed", "tail", "--cursor", "crm", "-n", count, SECTION, database)
        assert [json.loads(line)["seq"] for line in out.splitlines()] == seqs

    def test_batch_after_batch_is_all_of_it_once(self, database, capsys):
        run(capsys, "feed", "ack", "crm", "0", "--new", SECTION, database)
        seen = []
        while out := run(capsys, "feed", "tail", "--cursor", "crm", "-n", "2", SECTION, database)[0]:
            seen += [json.loads(line)["seq"] for line in out.splitlines()]
            run(capsys, "feed", "ack", "crm", str(seen[-1]), SECTION, database)
        assert seen == [1, 2, 3]

    def test_a_batch_that_is_followed_ends_once_it_is_full(self, database):
        """A third entry is there, the fourth is waited for."""
        section = [SECTION, database]
        assert main(["feed", "ack", "crm", "2", "--new", *section]) == 0
        command = [sys.executable, "-m", "bouncesink", "feed", "tail", "--follow", "--cursor", "crm", "-n", "2", *section]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean_environment()) as following:
            try:
                assert json.loads(following.stdout.readline())["seq"] == 3
                assert following.poll() is None
                assert main(["recipients", "suppress", "c@example.com", "d@example.com", *section]) == 0
                out, _ = following.communicate(timeout=30)
            finally:
                following.kill()
        assert [json.loads(line)["seq"] for line in out.splitlines()] == [4]
        assert following.returncode == 0

    def test_a_cursor_is_dropped(self, database, capsys):
        run(capsys, "feed", "ack", "crm", "1", "--new", SECTION, database)
        run(capsys, "feed", "drop", "crm", SECTION, database)
        assert "no cursor" in run(capsys, "feed", "cursors", SECTION, database)[0]

    def test_a_name_that_is_taken_is_65_and_one_that_nobody_reads_64(self, database, capsys):
        run(capsys, "feed", "ack", "crm", "1", "--new", SECTION, database)
        _, err = run(capsys, "feed", "ack", "crm", "0", "--new", SECTION, database, code=65)
        assert "there is a cursor 'crm' already; without --new it is moved" in err
        for name in ("", " ", "c\nrm"):
            run(capsys, "feed", "ack", name, "0", "--new", SECTION, database, code=64)

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["export", "--since", "9"], "the feed has no seq 9 yet: it ends at 3"),
            (
                ["tail", "--cursor", "nobody"],
                "`bouncesink feed cursors` shows them, `bouncesink feed ack NAME SEQ --new` makes one",
            ),
            (["ack", "nobody", "1"], "there is no cursor 'nobody'"),
            (["ack", "new", "9", "--new"], "it ends at 3"),
            (["drop", "nobody"], "there is no cursor 'nobody'"),
        ],
    )
    def test_what_is_not_there_is_an_error_and_changes_nothing(self, database, capsys, arguments, words):
        _, err = run(capsys, "feed", *arguments, SECTION, database, code=66)
        assert words in err
        assert "no cursor" in run(capsys, "feed", "cursors", SECTION, database)[0]
