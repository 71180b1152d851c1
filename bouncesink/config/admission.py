"""Admission as the core's value: what the sections ``[admission]`` and ``[verp]`` come to.

Promises: what ``checks`` passes, this takes: patterns and grammars were checked when the configuration was read. Knows
nothing of files.
"""

from bouncesink.config.sections import AdmissionSection, VerpSection
from bouncesink.config.words import AdmissionMode
from bouncesink.core.admission import AdmissionPolicy
from bouncesink.core.verp.attribution import Grammar
from bouncesink.core.verp.decoder import VerpPolicy, compile_pattern


def admission_policy(admission: AdmissionSection, verp: VerpSection) -> AdmissionPolicy:
    """Who is let in, and how addresses are read."""
    return AdmissionPolicy(
        verp=VerpPolicy(
            prefix=verp.prefix,
            life_days=verp.life_days,
            domains=frozenset(admission.domains),
            prefixes=admission.prefixes,
            unsigned=frozenset(Grammar(name) for name in admission.unsigned),
            static=frozenset(admission.static),
            patterns=tuple(compile_pattern(pattern) for pattern in admission.patterns),
        ),
        refuse_unknown=admission.mode is AdmissionMode.REFUSE,
        roles=frozenset(admission.roles),
    )
