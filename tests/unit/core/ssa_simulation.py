"""Server-side apply as the API server does it, in memory: lists of named maps are keyed, other lists whole."""

import copy
from typing import Any

import msgspec

from varde.model.resource import Manifest


def applied(desired: Manifest, live: Manifest | None, manager: str = "varde") -> Manifest:
    """What an apply leaves: fields that this manager owned and no longer wants are gone, if nobody else owns them."""
    found = copy.deepcopy(live) if live else {"metadata": {"uid": "u1", "resourceVersion": "0", "managedFields": []}}
    entries = found["metadata"]["managedFields"]
    before = next((entry["fieldsV1"] for entry in entries if entry["manager"] == manager), {})
    others = [entry for entry in entries if entry["manager"] != manager]
    fields = _fields({name: value for name, value in desired.items() if name not in ("apiVersion", "kind")})
    _remove(found, before, [fields, *(entry["fieldsV1"] for entry in others)])
    _merge(found, copy.deepcopy(desired))
    for entry in others:
        _take(entry["fieldsV1"], fields)
    metadata = found["metadata"]
    metadata["managedFields"] = [
        *(entry for entry in others if entry["fieldsV1"]),
        {
            "manager": manager,
            "operation": "Apply",
            "apiVersion": desired["apiVersion"],
            "time": f"2026-11-23T10:00:{int(metadata['resourceVersion']) + 1:02d}Z",
            "fieldsV1": fields,
        },
    ]
    metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
    return found


def _keyed(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) and "name" in one for one in value)


def _mark(item: Manifest) -> str:
    return "k:" + msgspec.json.encode({"name": item["name"]}).decode()


def _fields(value: Any) -> Manifest:
    if isinstance(value, dict):
        return {f"f:{name}": _fields(below) for name, below in value.items() if name not in ("uid", "managedFields")}
    if _keyed(value):
        return {_mark(item): {".": {}, **_fields(item)} for item in value}
    return {}


def _remove(live: Any, before: Manifest, kept: list[Manifest]) -> None:
    for mark, below in before.items():
        if mark == ".":
            continue
        left = [fields[mark] for fields in kept if mark in fields]
        place = _place(live, mark)
        if place is None:
            continue
        if not left:
            del live[place]
        elif below:
            _remove(live[place], below, left)


def _place(live: Any, mark: str) -> Any:
    if isinstance(live, dict):
        name = mark.removeprefix("f:")
        return name if name in live else None
    return next((i for i, item in enumerate(live) if isinstance(item, dict) and _mark(item) == mark), None)


def _merge(live: Manifest, desired: Manifest) -> None:
    for name, value in desired.items():
        held = live.get(name)
        if isinstance(value, dict) and isinstance(held, dict):
            _merge(held, value)
        elif _keyed(value) and _keyed(held):
            _merge_items(held, value)
        else:
            live[name] = value


def _merge_items(held: list[Manifest], wanted: list[Manifest]) -> None:
    by_name = {item["name"]: item for item in held}
    for item in wanted:
        _merge(by_name.setdefault(item["name"], {}), item)
    names = [item["name"] for item in wanted]
    held[:] = [by_name[name] for name in names] + [item for item in held if item["name"] not in names]


def _take(theirs: Manifest, ours: Manifest) -> None:
    """Forced conflicts: a field that two managers apply with other values becomes ours."""
    for mark in set(theirs) & set(ours):
        if not theirs[mark]:
            del theirs[mark]
        else:
            _take(theirs[mark], ours[mark])
