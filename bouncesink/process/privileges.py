"""Privileges: a server that was started as root becomes somebody else as soon as it has its sockets.

Promises: nothing is read or made by root but the configuration and what is bound: keys, certificates, rules and the database
are the other user's to read and to own, so that a reload later finds what the start found. There is no way back. Groups are
that user's own, as the system has them, with ``process.group`` in the place of the first.
"""

import grp
import os
import pwd
from collections.abc import Iterator

from bouncesink.config.sections import ProcessSection
from bouncesink.core.problems import nearest
from bouncesink.observe import log

Problem = tuple[str, str]


def identity(section: ProcessSection) -> Iterator[Problem]:
    """Whether we could become whom ``section`` names: for the commands that will."""
    users = {one.pw_name: one.pw_uid for one in pwd.getpwall()}
    if section.user and section.user not in users:
        yield "process.user", f"{section.user!r} is no user of this machine{nearest(section.user, tuple(users))}"
    elif section.user and os.geteuid() not in (0, users[section.user]):
        yield "process.user", "only root can become another user: start as root, or as that user, or drop this key"
    groups = tuple(one.gr_name for one in grp.getgrall())
    if section.group and section.group not in groups:
        yield "process.group", f"{section.group!r} is no group of this machine{nearest(section.group, groups)}"
    if section.group and not section.user:
        yield "process.group", "says a group and process.user no user: name both"


def become(section: ProcessSection) -> None:
    """Become ``section.user`` for good, where we are root; what ``identity`` objects to must not come here."""
    if os.geteuid() != 0:
        return
    if not section.user:
        log.server_root()
        return
    user = pwd.getpwnam(section.user)
    group = grp.getgrnam(section.group).gr_gid if section.group else user.pw_gid
    os.initgroups(user.pw_name, group)
    os.setgid(group)
    os.setuid(user.pw_uid)
