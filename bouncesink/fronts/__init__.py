"""Fronts: each gathers its protocol's transaction to a Mail, asks ``admit`` when a recipient is named and ``accept`` when the
content is complete, and spells the Reply in its own alphabet. A front decides nothing about mail, knows no store and no rule.
"""
