"""Words of the configuration: the closed vocabularies that some keys take. Knows nothing of the keys."""

from enum import StrEnum


class AdmissionMode(StrEnum):
    """What becomes of a forward-path that is not ours or whose tag is forged."""

    REFUSE = "refuse"
    MARK = "mark"


class MilterMode(StrEnum):
    """What becomes of a mail that came by milter."""

    CONSUME = "consume"
    OBSERVE = "observe"


class LogFormat(StrEnum):
    """How log lines look: ``auto`` is console on a terminal, JSON elsewhere."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class TlsVersion(StrEnum):
    """Versions of TLS, as people call them."""

    TLS_1_0 = "1.0"
    TLS_1_1 = "1.1"
    TLS_1_2 = "1.2"
    TLS_1_3 = "1.3"


class Addresses(StrEnum):
    """How addresses are kept."""

    PLAIN = "plain"
    HASHED = "hashed"
