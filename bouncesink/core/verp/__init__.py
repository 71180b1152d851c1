"""VERP: what a forward-path that we gave out says of itself.

``token`` is our own signed and opaque alphabet and ``keyring`` its keys; ``minter`` writes addresses, ``path`` takes a
forward-path apart, ``grammars`` reads everybody else's, ``nesting`` unwraps BATV and SRS, ``decoder`` puts these in order;
``attribution`` is what comes out. Published test vectors: ``docs/reference/verp.md``.
"""
