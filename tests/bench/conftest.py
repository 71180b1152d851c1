"""Benchmarks stay out of the test run: they are there with ``--benchmark-only`` (pytest-benchmark), and not without."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def pytest_collection_modifyitems(config, items):
    if config.getoption("benchmark_only", default=False):
        return
    ours = [item for item in items if FOLDER in item.path.parents]
    if ours:
        config.hook.pytest_deselected(items=ours)
        items[:] = [item for item in items if item not in ours]
