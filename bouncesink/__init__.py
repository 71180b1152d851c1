"""bouncesink: an inbound bounce processor.

This package's top holds no code: import what you need from where it lives. ``bouncesink.library`` is the typed door for
programs (bytes in, report and verdicts out; a ``Minter`` for senders), ``bouncesink.app`` the composition root of the
server. The floors, lowest first: errors, core, config, keyfile | rulefiles | observe, store | authenticity,
pipeline | replay | library, fronts | watch, app, cli. A room imports only from below itself; CI checks it.
"""

__version__ = "0.1.0"
