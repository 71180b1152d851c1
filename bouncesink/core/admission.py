"""Admission: is this forward-path one of ours? Answered at RCPT, before any content is read.

A tag that holds is let in, late or not; so is what the policy names: unsigned families, bounce mailboxes, role mailboxes
(RFC 5321 section 4.5.1, RFC 2142). All else is refused with 550, or, where the policy says so, let in marked unproven, so that
nothing is lost and nothing is believed; but never at a domain that is none of ours, which would look like an open relay. The
answer depends on the secret only through a comparison in constant time, and never on whether a recipient exists: nobody can
harvest addresses here.
"""

from dataclasses import dataclass
from datetime import date

from bouncesink.core.mail import Admitted
from bouncesink.core.reply import BAD_ADDRESS, NO_SUCH_ADDRESS, NOT_OURS, Reply
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.core.verp.decoder import VerpPolicy, decode_path
from bouncesink.core.verp.keyring import Keyring
from bouncesink.core.verp.path import ForwardPath, parse_path


@dataclass(frozen=True, slots=True)
class AdmissionPolicy:
    """``refuse_unknown`` False lets in, as unproven, whatever is an address at a domain of ours; ``refuse_foreign`` False
    too, at any domain: for mail that is here already. ``roles`` are local parts, in any case.
    """

    verp: VerpPolicy
    refuse_unknown: bool = True
    refuse_foreign: bool = True
    roles: frozenset[str] = frozenset({"postmaster", "abuse"})

    def __post_init__(self) -> None:
        # As in VerpPolicy: an operator's spelling, evened out once.
        object.__setattr__(self, "roles", frozenset(each.casefold() for each in self.roles))


def admit(forward_path: str, policy: AdmissionPolicy, keyring: Keyring, today: date) -> Admitted | Reply:
    """The recipient with what its address says, or the reply that refuses it."""
    path = parse_path(forward_path)
    if path is None:
        return BAD_ADDRESS
    attribution = decode_path(path, policy.verp, keyring, today)
    if attribution.grammar is Grammar.NONE:
        if _is_role(path, policy):
            attribution = Attribution(Grammar.ROLE)
        elif path.domain and policy.refuse_foreign and not policy.verp.is_ours(path.domain):
            return NOT_OURS
        elif policy.refuse_unknown:
            return NO_SUCH_ADDRESS
    return Admitted(path.spelled, attribution)


def is_ours(forward_path: str, policy: AdmissionPolicy) -> bool:
    """Whether the domain is one of those that the policy names; any is where it names none. What is no address is not ours."""
    path = parse_path(forward_path)
    return path is not None and policy.verp.is_ours(path.domain)


def _is_role(path: ForwardPath, policy: AdmissionPolicy) -> bool:
    """``postmaster`` may stand without a domain (RFC 5321 section 4.1.1.3); other roles need one of ours."""
    local = path.local.casefold()
    if not path.domain:
        return local == "postmaster" and local in policy.roles
    return local in policy.roles and policy.verp.is_ours(path.domain)
