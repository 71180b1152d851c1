"""The configuration: what people wrote, checked whole before anything starts, as one frozen section for each part.

``words`` and ``sections`` are the values; ``policy``, ``admission``, ``watch`` and ``authenticity`` take apart what stands in
the section of that name; ``checks`` is what no single key can say of itself, ``keys`` the table of all there are; ``file``
reads them, the environment over the file and the command line over both. A part imports its own section from ``sections``; only
``cli`` reads. Promises: every problem at once, and no value of a secret in any of them. Opens nothing but the file that is
named, and knows nothing of what the parts do with their sections.
"""
