"""What an API server's error answers become, and that no Secret value is in any of them."""

import base64
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from varde.adapters.kube.refusal import Unserved, mask, refusal, secret_texts
from varde.errors import Conflict, Terminal, Transient
from varde.ports.kube import Expired


def refused(status: int, message: str = "it says", reason: str = "Said", **details: object) -> Exception:
    body = json.dumps({"kind": "Status", "message": message, "reason": reason, "details": details}).encode()
    return refusal(status, body, what="apply of Deployment web/shop", headers={}, secrets=())


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "x", Terminal),
        (403, "x", Terminal),
        (404, 'namespaces "web" not found', Terminal),
        (405, "x", Terminal),
        (409, "x", Conflict),
        (410, "x", Expired),
        (413, "x", Terminal),
        (422, "x", Terminal),
        (422, "the server rejected our request due to an error in our request", Conflict),
        (429, "x", Transient),
        (500, "etcdserver: leader changed", Transient),
        (503, "x", Transient),
        (504, "x", Transient),
    ],
)
def test_a_status_decides_what_happens_next(status: int, message: str, kind: type[Exception]) -> None:
    error = refused(status, message)
    assert type(error) is kind
    assert str(error).startswith(f"apply of Deployment web/shop: {status} Said: ")
    assert message in str(error)


def test_an_object_that_does_not_fit_its_schema_is_told_by_its_fields_and_what_to_do() -> None:
    error = refused(
        500,
        "failed to create typed patch object (web/shop; apps/v1, Kind=Deployment): errors:\n"
        "  .spec.ports: duplicate entries for key [containerPort=80]\n  .spec.foo: field not declared in schema",
    )
    assert type(error) is Terminal
    assert str(error) == (
        "apply of Deployment web/shop: .spec.ports: duplicate entries for key [containerPort=80]; "
        ".spec.foo: field not declared in schema; correct or remove it in Git"
    )


def test_a_namespace_that_is_going_away_is_waited_for() -> None:
    assert type(refused(403, causes=[{"reason": "NamespaceTerminating"}])) is Transient


def test_a_path_that_the_server_does_not_know_tells_that_the_kind_is_gone() -> None:
    error = refusal(404, b"404 page not found\n", what="list of Widget", headers={}, secrets=())
    assert type(error) is Unserved


def test_the_delay_that_the_server_asks_for_is_kept() -> None:
    by_header = refusal(429, b"", what="x", headers={"Retry-After": "7"}, secrets=())
    assert isinstance(by_header, Transient)
    assert by_header.retry_after_s == 7.0
    by_body = refused(503, retryAfterSeconds=3)
    assert isinstance(by_body, Transient)
    assert by_body.retry_after_s == 3.0


def test_an_answer_that_is_no_status_is_quoted() -> None:
    assert "bad gateway by nginx" in str(refusal(502, b"bad gateway by nginx", what="x", headers={}, secrets=()))


@given(value=st.text(min_size=1), prefix=st.text(), suffix=st.text())
def test_no_spelling_of_a_secret_value_is_repeated(value: str, prefix: str, suffix: str) -> None:
    encoded = base64.b64encode(value.encode()).decode()
    for part in ({"data": {"k": encoded}}, {"stringData": {"k": value}}):
        secrets = secret_texts("Secret", part)
        for spelling in (value, encoded):
            assume("+" not in spelling)
            assert spelling not in mask(prefix + spelling + suffix, secrets)


def test_values_of_a_json_patch_are_secret_too_but_its_words_are_not() -> None:
    operations = [{"op": "replace", "path": "/data/password", "value": "aHVudGVyMg=="}]
    assert mask("cannot replace hunter2 (aHVudGVyMg==)", secret_texts("Secret", operations)) == (
        "cannot replace ++++++++ (++++++++)"
    )


def test_values_of_other_kinds_stay_readable() -> None:
    assert secret_texts("ConfigMap", {"data": {"k": "v"}}) == ()
