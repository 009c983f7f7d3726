"""ResourceVersions: which of two of one object is the older, and what an apply says of the object it was planned for.

Kubernetes 1.35 and later promise that they can be compared as numbers (KEP-5504); earlier servers on etcd do the same
without a promise. Where they are no numbers, nothing is known.
"""

__all__ = ["NEVER", "conditions", "older"]

NEVER = "1"
"""No object ever has it: etcd's first revision holds nothing. An apply with it creates, and never changes what is there
(seen with 1.37.2: 201 where nothing was, 409 else; "0" is taken for none).
"""


def older(version: str, than: str) -> bool:
    """Whether ``version`` surely or possibly is from before ``than``."""
    if not (version.isdecimal() and than.isdecimal()):
        return version != than
    return (len(version), version) < (len(than), than)


def conditions(uid: str, resource_version: str) -> dict[str, str]:
    """The metadata under which an apply lands on nothing but what it was planned for.

    With a uid it never creates, and with a resourceVersion it never overwrites what it has not seen.

    Args:
        uid: of the object that was read; empty: there was none, so the apply only creates.
        resource_version: of the same.
    """
    return {"uid": uid, "resourceVersion": resource_version} if uid else {"resourceVersion": NEVER}
