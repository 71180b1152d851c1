"""The process: what we are to the machine, whatever we are for. A module for each matter, and none knows another.

``supervisor`` is whoever runs us as a service, ``privileges`` whom we run as, ``loop`` what everything runs on, ``heap`` what
stays in memory, ``descriptors`` how much may be open, ``keyboard`` what ends us before there is anything to end. Must not know
what a server does.
"""
