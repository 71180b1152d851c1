"""The command ``bouncesink``: its commands, and how every one of them ends.

Promises: an exit code of sysexits.h; errors on standard error in words that say what to do, never a traceback for an error of
our own tree; ``--help`` and ``--version`` at once, so whatever is heavy is imported by the command that needs it, when it runs.
"""

import io
import re
import signal
import sys
import traceback
from collections.abc import Sequence
from errno import EACCES, EBADF, EISDIR, ENOENT, ENOTDIR, EPERM
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from bouncesink import __version__
from bouncesink.cli import classify, config, explain, feed, incidents, ingest, recipients, replay, rules, serve, trace, verp
from bouncesink.cli.complaints import complain
from bouncesink.cli.exits import Exit, exit_of
from bouncesink.errors import BouncesinkError, ProblemsError

# What was named for us to read is not there, or cannot be read: the database is not among it, it has errors of its own.
_UNREADABLE = frozenset({EACCES, EBADF, EISDIR, ENOENT, ENOTDIR, EPERM})
_WORDS = (
    (re.compile(r"Value error, "), ""),
    (re.compile(r"Input should be a valid integer.*"), "must be a whole number"),
    (re.compile(r"Input should be a valid date.*"), "must be a day or a time (UTC), as in 2026-11-28 or 2026-11-28T09:30"),
    (re.compile(r"Input should be greater than or equal to (\S+)"), r"must be \1 or more"),
)

app = typer.Typer(
    name="bouncesink",
    help="Receives bounces, finds whom each is about, judges whose fault it was, and writes verdicts to SQLite.",
    epilog="Start with `bouncesink serve`. Every command explains itself: `bouncesink COMMAND --help`.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
serve.register(app)
ingest.register(app)
classify.register(app)
explain.register(app)
verp.register(app)
rules.register(app)
recipients.register(app)
incidents.register(app)
feed.register(app)
replay.register(app)
trace.register(app)
config.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"bouncesink {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _whole(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    if context.invoked_subcommand is None and not version:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(Exit.USAGE)


def run() -> NoReturn:
    """The console script. A reader that goes away (``| head``) ends us as it ends any Unix program; not what takes mail."""
    if sys.argv[1:2] not in (["serve"], ["ingest"]) and hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a stranger's words in a terminal that is no UTF-8
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code."""
    try:
        answer = app(list(arguments), prog_name="bouncesink", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        return _usage(error)
    except BouncesinkError as error:
        complain(*(error.problems if isinstance(error, ProblemsError) else (str(error),)))
        return exit_of(error)
    except (KeyboardInterrupt, typer.Abort):
        return Exit.INTERRUPTED
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error))
        return Exit.NO_INPUT if error.errno in _UNREADABLE else Exit.IO
    except Exception as error:  # noqa: BLE001 - a bug: it is told whole, with the code that says so
        return _bug(error)
    return answer if isinstance(answer, int) else Exit.OK


def _usage(error: TyperException) -> int:
    if message := getattr(error, "message", None):
        error.message = _in_our_words(message)
    show = getattr(error, "show", None)  # usage errors know their command, and show its usage line and a hint
    if show is None:
        complain(error.format_message())
    else:
        show()
    return Exit.USAGE


def _in_our_words(message: str) -> str:
    """Typer has pydantic say what a value should have been; here as in the complaints of a configuration."""
    for theirs, ours in _WORDS:
        message = theirs.sub(ours, message)
    return message


def _bug(error: Exception) -> int:
    traceback.print_exception(error)
    complain("this is a bug of bouncesink's; please report it with the lines above")
    return Exit.SOFTWARE
