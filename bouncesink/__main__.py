"""``python -m bouncesink`` is the same as ``bouncesink``."""

from bouncesink.cli.main import run

if __name__ == "__main__":
    run()
