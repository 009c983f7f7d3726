"""Which of two resourceVersions of one object is the older.

Kubernetes 1.35 and later promise that they can be compared as numbers (KEP-5504); earlier servers on etcd do the same
without a promise. Where they are no numbers, nothing is known.
"""

__all__ = ["NEVER", "older"]

NEVER = "1"
"""No object ever has it: etcd's first revision holds nothing. An apply with it creates, and never changes what is there
(seen with 1.37.2: 201 where nothing was, 409 else; "0" is taken for none).
"""


def older(version: str, than: str) -> bool:
    """Whether ``version`` surely or possibly is from before ``than``."""
    if not (version.isdecimal() and than.isdecimal()):
        return version != than
    return (len(version), version) < (len(than), than)
