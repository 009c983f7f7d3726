import pytest
from asgi_call import call
from starlette.responses import PlainTextResponse

from varde.api.guard import Guard, allowed_hosts

HOSTS = allowed_hosts(["https://varde.example:8443/", ""])
GUARDED = Guard(PlainTextResponse("reached"), hosts=HOSTS)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "varde.example", "varde.example:8443"]
)
async def test_a_known_name_is_let_through(host: str):
    assert (await call(GUARDED, "/", headers={"host": host})).status == 200


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "0.0.0.0"]
)
async def test_a_name_that_was_rebound_to_this_address_is_refused_with_the_way_out(host: str):
    answer = await call(GUARDED, "/", headers={"host": host})
    assert answer.status == 403
    assert "VARDE_ADVERTISE" in answer.body


@pytest.mark.parametrize("path", ["/healthz", "/api/webhook"])
async def test_probes_and_git_hosts_may_use_any_name(path: str):
    assert (await call(GUARDED, path, method="POST", headers={"host": "10.0.0.7"})).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_another_sites_page_may_change_nothing(headers: dict[str, str]):
    assert (await call(GUARDED, "/api/v1/x", method="POST", headers=headers)).status == 403


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://localhost:8080"}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}]
)
async def test_varde_s_own_page_and_programs_may(headers: dict[str, str]):
    assert (await call(GUARDED, "/api/v1/x", method="POST", headers=headers)).status == 200


async def test_every_answer_forbids_scripts_of_others_frames_and_sniffing():
    for headers in ({}, {"host": "evil.example"}):
        answer = await call(GUARDED, "/", headers=headers)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
