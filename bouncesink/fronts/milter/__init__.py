"""The milter front: an MTA asks us about its mail while its own peer waits, and we record what is a bounce of ours.

``wire`` knows octets, ``session`` knows what may follow what and what we answer, ``server`` moves octets and watches the clock.
"""
