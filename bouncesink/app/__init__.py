"""The composition root: builds the parts, joins them, runs them, ends them. Alone it knows them all.

Each part is handed its own section of the configuration or the finished values it needs, never the whole. A server's process is
put together in ``server`` and a worker's in ``employment``; what lies between the sockets and whoever records is put together
in one place, ``reception``, for both.
"""
