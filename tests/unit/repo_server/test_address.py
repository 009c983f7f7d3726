"""Where a URL leads, and that user and password are never shown."""

import pytest

from varde.errors import Terminal
from varde.repo_server.address import address_of


def test_user_and_password_of_a_url_are_taken_out_of_it():
    address = address_of("https://ann:p%40ss@git.example/org/name.git", {})
    assert (address.username, address.password) == ("ann", "p@ss")
    assert address.url == address.shown == "https://git.example/org/name.git"


def test_the_longest_instead_of_is_applied_once():
    rewritten = {
        "https://git.example/": "http://127.0.0.1:8000/",
        "https://git.example/org/": "http://127.0.0.1:9000/mirrors/",
        "http://127.0.0.1:9000/": "http://never.example/",
    }
    address = address_of("https://git.example/org/name", rewritten)
    assert address.url == "http://127.0.0.1:9000/mirrors/name"
    assert address.shown == "https://git.example/org/name"


@pytest.mark.parametrize("url", ["git@git.example:org/name.git", "ssh://git@git.example:2222/org/name"])
def test_ssh_urls_keep_their_user(url: str):
    address = address_of(url, {})
    assert address.url == url
    assert not address.is_http
    assert address.host == "git.example"


@pytest.mark.parametrize(
    "url", ["file:///etc", "/srv/git/name", "../name", "ext::sh -c x", "https://git.example/a/../b"]
)
def test_what_is_no_repository_on_a_network_is_refused(url: str):
    with pytest.raises(Terminal, match="cannot be fetched from; write an https:// or ssh:// URL"):
        address_of(url, {})


def test_only_gits_own_configuration_may_lead_to_a_folder():
    assert address_of("https://git.example/name", {"https://git.example/": "/srv/git/"}).url == "/srv/git/name"
