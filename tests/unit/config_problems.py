"""The problems of a configuration, and a secret that none of them may tell."""

import pytest

from bouncesink.config.file import load
from bouncesink.errors import ConfigError

SECRET = "5ec2e7" * 8


def problems_of(file=None, environment=None, options=None, more=()) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load(file, environment or {}, options or {}, more)
    assert raised.value.problems
    return list(raised.value.problems)
