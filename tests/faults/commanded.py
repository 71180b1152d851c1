"""Commanded: one process that runs command lines of bouncesink one after the other, each as a process of its own would.

A program, for tests/faults alone: starting Python anew for each call that may fail would take all day. Standard input has a
JSON object a line: the arguments, which call is to fail (``faults.py``), and a folder whose files are put in the database's
place first, if any. Standard output has one a line: the exit code, what was said, how many calls there were, how many failed.
"""

import contextlib
import io
import json
import os
import shutil
import sys
from pathlib import Path

from faults import Call, Faults, File

from bouncesink.cli.main import main


def answer(task: dict, faults: Faults) -> dict:
    folder = Path(task["folder"])
    if task["from"]:
        for path in folder.iterdir():
            path.unlink()
        for path in Path(task["from"]).iterdir():
            shutil.copy(path, folder / path.name)
    faults.arm(Call(task["call"]), File(task["file"]), task["action"], first=task["first"], count=task["count"])
    said, printed = io.StringIO(), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(printed):
        code = main(task["arguments"])
    hits = faults.disarm()
    return {"code": int(code), "said": said.getvalue(), "seen": faults.seen, "hits": hits}


if __name__ == "__main__":
    mapped = Faults.existing(Path(os.environ["FAULTS_CONTROL"]))
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), mapped)), flush=True)
