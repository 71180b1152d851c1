"""Rules about other people's words, as data: TOML files, no code (``rulefiles`` reads, ``core.rulebook`` compiles them)."""
