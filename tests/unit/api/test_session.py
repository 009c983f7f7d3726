from urllib.parse import urlencode

import pytest
from asgi_call import call
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from varde.api.access import Access, Caller, LocalToken
from varde.api.session import Session, caller_of
from varde.errors import Transient

TOKEN = "let me in"


async def greet(scope: Scope, receive: Receive, send: Send) -> None:
    name = caller_of(Request(scope)).name if "varde.caller" in scope else "nobody"
    await PlainTextResponse(f"hello {name}")(scope, receive, send)


def session(access: Access | None = None, url: str = "http://localhost:8080") -> Session:
    return Session(greet, access=access or LocalToken(TOKEN), url=url)


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"}, {"authorization": "Bearer "}],
)
async def test_nobody_gets_in_without_the_token(headers: dict[str, str]):
    answer = await call(session(), "/api/v1/applications", headers=headers)
    assert answer.status == 401
    assert TOKEN not in answer.body


async def test_a_program_shows_the_token_in_a_header():
    answer = await call(session(), "/api/v1/applications", headers={"authorization": f"bearer {TOKEN}"})
    assert answer.body == "hello local"


async def test_the_link_of_varde_up_gives_a_cookie_that_scripts_and_other_sites_do_not_get():
    answer = await call(session(), "/", query=urlencode({"token": TOKEN}))
    assert (answer.status, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie
    again = await call(session(), "/api/v1/applications", headers={"cookie": cookie.partition(";")[0]})
    assert again.body == "hello local"


async def test_a_cookie_of_another_port_does_not_count():
    cookie = (await call(session(url="http://localhost:9"), "/", query=urlencode({"token": TOKEN}))).headers[
        "set-cookie"
    ]
    assert (await call(session(), "/", headers={"cookie": cookie.partition(";")[0]})).status == 401


async def test_over_https_the_cookie_is_secure():
    answer = await call(session(url="https://varde.example"), "/", query=urlencode({"token": TOKEN}))
    assert "Secure" in answer.headers["set-cookie"]


async def test_the_form_signs_in_and_a_wrong_token_gives_the_form_again():
    good = await call(session(), "/session", method="POST", body=urlencode({"token": TOKEN}).encode())
    assert good.status == 303
    headers = {"accept": "text/html"}
    bad = await call(session(), "/session", method="POST", body=b"token=wrong", headers=headers)
    assert bad.status == 401
    assert "<form" in bad.body
    assert "set-cookie" not in bad.headers


async def test_a_form_without_end_is_refused():
    answer = await call(session(), "/session", method="POST", body=b"x" * 100_000)
    assert answer.status == 413


@pytest.mark.parametrize("path", ["/healthz", "/api/webhook", "/page/varde.css", "/page/icon.svg"])
async def test_what_proves_itself_or_dresses_the_form_needs_no_token(path: str):
    assert (await call(session(), path)).body == "hello nobody"


@pytest.mark.parametrize("path", ["/", "/page/main.js", "/api/v1/stream", "/healthz/", "/api/webhook/x", "//healthz"])
async def test_everything_else_does(path: str):
    assert (await call(session(), path)).status == 401


class Away:
    async def caller(self, token: str) -> Caller | None:
        raise Transient(f"the API server is away, so nobody knows {len(token)} characters")

    async def may(self, caller: Caller, verb: str, namespace: str, name: str = "") -> bool:
        raise NotImplementedError


async def test_a_cluster_that_cannot_answer_is_503_and_lets_nobody_in():
    answer = await call(session(Away()), "/", headers={"authorization": "Bearer x"})
    assert answer.status == 503
