"""The configuration as people write it: one TOML file, the environment over it, the command line over both, become a Config.

Promises: every problem at once (ConfigError), each with where it stands, its key, what is wrong and the nearest known key;
unknown keys and unknown ``BOUNCESINK_`` variables are refused, and so is a file that was named and is not there; the value of
a secret is never in a message. Where each value came from is kept. Nothing is read but the file that is named: no file at
all works. Knows nothing of what the parts do with their sections.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from bouncesink.config.checks import check
from bouncesink.config.keys import ENVIRONMENT_FILE, ENVIRONMENT_PREFIX, KEYS, SECTIONS, Key
from bouncesink.config.sections import Config
from bouncesink.config.words import Addresses
from bouncesink.core.problems import nearest
from bouncesink.errors import ConfigError

# A pydantic error in our words. ``ge`` and the like stand in the error's own context.
_WORDS: Mapping[str, str] = {
    "greater_than_equal": "must be {ge:.10g} or more",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text in quotes",
    "tuple_type": 'must be a list, as in ["one", "two"]',
    "json_invalid": 'must be a list, as in ["one", "two"]',
}


class Source(StrEnum):
    """The layers, each over the one before."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    OPTION = "option"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: ``name`` is the file, the variable or the option."""

    source: Source
    name: str = ""

    def __str__(self) -> str:
        return f"{self.source} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class Given:
    """A value as somebody gave it, and where. ``key`` is the dotted name, which need not be one that exists."""

    key: str
    value: Any
    origin: Origin

    @property
    def where(self) -> str:
        """What a problem of this value starts with: the place to look at, and the name that stands there."""
        return f"{self.origin.name}: {self.key}" if self.origin.source is Source.FILE else str(self.origin)


@dataclass(frozen=True, slots=True)
class Effective:
    """The configuration that holds, and the origin of every key that is not at its default."""

    config: Config
    given: Mapping[str, Given] = field(default_factory=dict)

    def origin(self, key: str) -> Origin:
        return self.given[key].origin if key in self.given else Origin(Source.DEFAULT)


Check = Callable[[Config], Iterator[tuple[str, str]]]


def load(
    file: Path | None, environment: Mapping[str, str], options: Mapping[str, tuple[str, Any]], more: tuple[Check, ...] = ()
) -> Effective:
    """Read all layers. ``options`` maps a key to the option's name and value; ``more`` are checks of rooms above this one.

    ``BOUNCESINK_CONFIG`` names the file where ``file`` does not. Raises ConfigError with every problem.
    """
    problems: list[str] = []
    named = environment.get(ENVIRONMENT_FILE)
    path = file or (Path(named) if named else None)
    layers = [*(_from_file(path, problems) if path else ()), *_from_environment(environment)]
    layers += [Given(key, value, Origin(Source.OPTION, name)) for key, (name, value) in options.items()]
    given: dict[str, Given] = {}
    for one in layers:
        valid = _validated(one, problems)
        if valid is not None:
            given[one.key] = valid
    config = _assemble(given)
    if config.privacy.addresses is Addresses.HASHED:  # raw content is full of addresses: none is kept
        config = replace(config, store=replace(config.store, content_limit=0))
    effective = Effective(config, given)
    for each in (check, *more):
        problems.extend(f"{_where(effective, key)}: {what}" for key, what in each(config))
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    return effective


def _where(effective: Effective, key: str) -> str:
    return effective.given[key].where if key in effective.given else f"default: {key}"


def _from_file(path: Path, problems: list[str]) -> Iterator[Given]:
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        problems.append(f"{path}: cannot be read: {error.strerror}")
        return
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(f"{path}: is not UTF-8 (at line {line})")
        return
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path}: is not TOML: {error}")
        return
    origin = Origin(Source.FILE, str(path))
    for name, value in data.items():
        if name in SECTIONS and isinstance(value, dict):
            yield from (Given(f"{name}.{key}", inner, origin) for key, inner in value.items())
        elif name in SECTIONS:
            problems.append(f"{path}: {name}: is a table, write [{name}] and its keys below it")
        else:
            yield Given(name, value, origin)


def _from_environment(environment: Mapping[str, str]) -> Iterator[Given]:
    for variable, text in sorted(environment.items()):
        if variable.startswith(ENVIRONMENT_PREFIX) and variable != ENVIRONMENT_FILE:
            key = variable.removeprefix(ENVIRONMENT_PREFIX).lower().replace("__", ".")
            yield Given(key, text, Origin(Source.ENVIRONMENT, variable))


def _validated(given: Given, problems: list[str]) -> Given | None:
    key = KEYS.get(given.key)
    if key is None:
        problems.append(f"{given.where}: {_unknown(given)}")
        return None
    if key.secret and given.origin.source is not Source.ENVIRONMENT:
        problems.append(f"{given.where}: is a secret and read from the environment only ({key.variable})")
        return None
    try:
        return replace(given, value=_value(key, given))
    except ValidationError as error:
        problems.extend(f"{given.where}: {what}" for what in _told(key, given.value, error))
        return None


def _value(key: Key, given: Given) -> Any:
    """The file is held to its types; the environment has only text, which is read as what the key wants."""
    type_: Any = key.type if key.minimum is None else Annotated[key.type, Field(ge=key.minimum)]
    adapter: TypeAdapter[Any] = TypeAdapter(type_, config=ConfigDict(hide_input_in_errors=True, allow_inf_nan=False))
    if given.origin.source is Source.FILE:
        return adapter.validate_json(json.dumps(given.value, default=str), strict=True)
    if given.origin.source is Source.ENVIRONMENT and key.is_list:
        if given.value.lstrip().startswith("["):
            return adapter.validate_json(given.value)
        return adapter.validate_python([word for word in re.split(r"[,\s]+", given.value) if word])
    if given.origin.source is Source.ENVIRONMENT and key.is_optional and not given.value:
        return None
    return adapter.validate_python(given.value)


def _told(key: Key, value: Any, error: ValidationError) -> Iterator[str]:
    for each in error.errors(include_url=False, include_input=False):
        if each["type"] == "enum":
            words = [str(word) for word in key.type]
            yield f"must be one of {', '.join(words)}{nearest(str(value), words)}"
            continue
        what = _WORDS.get(each["type"], each["msg"][:1].lower() + each["msg"][1:]).format_map(each.get("ctx", {}))
        place = f"entry {each['loc'][0] + 1} " if each["loc"] and isinstance(each["loc"][0], int) else ""
        yield f"{place}{what}{f' ({key.unit})' if key.unit else ''}"


def _unknown(given: Given) -> str:
    if given.origin.source is Source.ENVIRONMENT:
        known = [key.variable for key in KEYS.values()]
        return f"is no setting of bouncesink{nearest(given.origin.name, [*known, ENVIRONMENT_FILE])}"
    if isinstance(given.value, dict):
        return f"unknown table{nearest(given.key, SECTIONS)}"
    last = given.key.rpartition(".")[2]
    elsewhere = [name for name, key in KEYS.items() if key.field == last]
    if elsewhere:
        return f"unknown key, did you mean {elsewhere[0]!r}?"
    section = given.key.rpartition(".")[0]
    beside = [name for name, key in KEYS.items() if key.section == section]
    return f"unknown key{nearest(given.key, beside) or nearest(given.key, KEYS)}"


def _assemble(given: Mapping[str, Given]) -> Config:
    config = Config()
    for name, one in given.items():
        key = KEYS[name]
        if key.section:
            section = replace(getattr(config, key.section), **{key.field: one.value})
            config = replace(config, **{key.section: section})
        else:
            config = replace(config, **{key.field: one.value})
    return config
