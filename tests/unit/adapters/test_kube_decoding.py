"""Lines of a watch and what they hold."""

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.adapters.kube.decoding import lines, watch_event
from varde.errors import Transient
from varde.model.resource import ResourceType
from varde.ports.kube import Expired

WIDGET = ResourceType(group="shop.test", version="v1", kind="Widget", plural="widgets", namespaced=True)


async def chunks(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@given(
    texts=st.lists(st.binary(min_size=1).map(lambda text: text.replace(b"\n", b"."))),
    size=st.integers(min_value=1, max_value=9),
)
async def test_lines_come_out_as_they_were_however_the_network_cuts_them(texts: list[bytes], size: int) -> None:
    stream = b"".join(text + b"\n" for text in texts)
    parts = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [line async for line in lines(chunks(parts))] == texts


def test_an_event_of_metadata_alone_has_the_kind_that_was_watched() -> None:
    line = {"type": "ADDED", "object": {"kind": "PartialObjectMetadata", "metadata": {"name": "a"}}}
    event = watch_event(json.dumps(line).encode(), WIDGET, "watch of Widget")
    assert (event.type, event.object["kind"], event.object["apiVersion"]) == ("ADDED", "Widget", "shop.test/v1")


@pytest.mark.parametrize(("code", "kind"), [(410, Expired), (500, Transient)])
def test_an_error_in_the_stream_is_raised_as_what_it_is(code: int, kind: type[Exception]) -> None:
    line = {"type": "ERROR", "object": {"kind": "Status", "code": code, "message": "too old", "reason": "Expired"}}
    with pytest.raises(kind, match=r"watch of Widget: .*too old"):
        watch_event(json.dumps(line).encode(), WIDGET, "watch of Widget")
