"""What a message carries to a worker, and what Redis shows of it."""

import msgspec

from varde.adapters.queue.carried import closed, opened
from varde.adapters.sealing import Sealer
from varde.model.message import AppKey, Lane, Wake

SEALER = Sealer(b"k" * 32)
WAKE = Wake(
    application=AppKey("argocd", "shop"),
    number=7,
    lane=Lane.PERSON,
    reason="created",
    present=b'{"spec":{"source":{"helm":{"values":"password: hunter2"}}}}',
)


def through_redis(content: object) -> dict[str, object]:
    text: dict[str, object] = msgspec.json.decode(msgspec.json.encode(content))
    return text


def test_a_message_comes_out_as_it_went_in():
    assert opened(through_redis(closed(WAKE, SEALER)), SEALER) == WAKE


def test_a_message_that_carries_nothing_stays_so():
    wake = msgspec.structs.replace(WAKE, present=b"")
    assert opened(through_redis(closed(wake, SEALER)), SEALER) == wake


def test_redis_does_not_show_what_a_message_carries():
    content = msgspec.json.encode(closed(WAKE, SEALER))
    assert b"hunter2" not in content
    assert b"values" not in content


def test_what_somebody_put_there_instead_is_read_anew():
    forged = Sealer(b"x" * 32)
    assert opened(through_redis(closed(WAKE, forged)), SEALER).present == b""


def test_what_belongs_to_another_application_is_read_anew():
    content = closed(msgspec.structs.replace(WAKE, application=AppKey("argocd", "other")), SEALER)
    content["application"] = {"namespace": "argocd", "name": "shop"}
    assert opened(through_redis(content), SEALER).present == b""


def test_a_message_of_an_older_scheduler_carries_nothing():
    content = through_redis(closed(WAKE, SEALER))
    del content["present"]
    assert opened(content, SEALER).present == b""
