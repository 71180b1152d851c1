"""Watching: metrics, health, readiness and traces over HTTP, on a listener of their own. Nothing here is on a mail's way, and
nothing here is needed for one: without ``watch.listen`` it is not even imported.
"""
