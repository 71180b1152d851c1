"""Authenticity: what DKIM signatures (RFC 6376) and a trusted front's Authentication-Results (RFC 8601) prove of a mail.

Its findings leave as finished values (``core.attestation``); what each of them allows is the core's table. Promises: it is
asked only where the answer decides something; what is in flight, how long it may take, and whose names are looked up in DNS is
bounded; whatever goes wrong here is a note on the mail and never a refusal.
"""
