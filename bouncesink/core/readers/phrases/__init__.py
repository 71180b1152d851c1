"""Phrases: other people's words that tell how a mail looks and what its lines are for, a module for each file of rules/phrases.

All modules here but ``row`` are drawn from those tables by scripts/phrases.py: each table has its source, and the proof that
tests hold it to. Promises: linear patterns. Knows nothing of what is done with them.
"""
