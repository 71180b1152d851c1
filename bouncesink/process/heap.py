"""The heap, as the garbage collector sees it: what stays for as long as the process does is looked through once, and not again.

The rules and the modules are most of what there is: looking through them takes some 70 ms, in which nobody is answered, and a
server under load would do so every few seconds. Knows nothing of what they are.
"""

import gc

# Few objects of a mail outlive it, so looking for those that nobody frees pays for many of them at once.
_YOUNG = 10_000


def settle() -> None:
    """Look through everything now, and leave out from then on what is still there. Call when what stays has changed."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
