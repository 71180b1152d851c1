"""Readers: each takes a split message and gives a Report, or None where it is not its format (``core.reading`` orders them)."""
