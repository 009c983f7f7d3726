"""Which credential goes where: to the host and project it was made for, and nowhere else."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from varde.errors import Terminal
from varde.model.repository import Repository, covers, credentials_for, repository, same_repository
from varde.model.repository_url import normal_rule, parse_url

SHOP = "https://git.example.com/org/shop.git"


def secret(kind: str, **data: str) -> dict[str, Any]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    labels = {"argocd.argoproj.io/secret-type": kind}
    return {"metadata": {"namespace": "argocd", "name": "creds", "labels": labels}, "data": encoded}


def creds(url: str, password: str, **more: Any) -> Repository:
    return Repository(url=url, password=password, template=True, **more)


def test_a_secret_is_read_with_its_own_spelling_of_the_keys():
    found = repository(
        secret("repository", url=SHOP, username="u", password="p", insecure="true", enableLfs="1", githubAppID="12")
    )
    assert (found.url, found.username, found.password) == (SHOP, "u", "p")
    assert found.insecure
    assert found.enable_lfs
    assert found.github_app_id == 12
    assert not found.template
    assert repository(secret("repo-creds", url="https://git.example.com")).template


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "url is missing"),
        ({"url": SHOP, "insecure": "hunter2"}, "insecure cannot be read; it must be true or false"),
        ({"url": SHOP, "githubAppID": "hunter2"}, "githubAppID cannot be read; it must be a number"),
    ],
)
def test_a_secret_that_cannot_be_read_is_named_without_its_value(data: dict[str, str], text: str):
    with pytest.raises(Terminal, match=f"Secret argocd/creds: {text}") as caught:
        repository(secret("repository", **data))
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_value_that_is_no_base64_is_named_without_itself():
    broken = secret("repository", url=SHOP)
    broken["data"]["password"] = "hunter2!"
    with pytest.raises(Terminal, match="password cannot be read"):
        repository(broken)


def test_what_a_repository_prints_as_holds_no_secret():
    assert "hunter2" not in repr(Repository(url=SHOP, password="hunter2", ssh_private_key="hunter2"))


def test_the_repositorys_own_secret_comes_before_a_prefix():
    own = Repository(url="https://GIT.example.com/org/shop", password="own")
    found = credentials_for(SHOP, "default", [creds("https://git.example.com", "prefix"), own])
    assert found == own


def test_the_projects_own_secret_comes_before_one_for_all():
    for_all, for_shop = Repository(url=SHOP, password="all"), Repository(url=SHOP, password="shop", project="shop")
    assert credentials_for(SHOP, "shop", [for_all, for_shop]) == for_shop
    assert credentials_for(SHOP, "other", [for_all, for_shop]) == for_all


def test_the_longest_prefix_wins():
    short, long = creds("https://git.example.com", "short"), creds("https://git.example.com/org", "long")
    found = credentials_for(SHOP, "default", [short, long])
    assert found is not None
    assert (found.password, found.url, found.template) == ("long", SHOP, False)


def test_a_secret_without_credentials_takes_those_of_the_prefix_and_keeps_its_own_settings():
    bare = Repository(url=SHOP, insecure=True)
    found = credentials_for(SHOP, "default", [bare, creds("https://git.example.com", "prefix")])
    assert found is not None
    assert (found.password, found.insecure) == ("prefix", True)


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com.attacker.net/org/shop",
        "https://git.example.com@attacker.net/org/shop",
        "https://git.example.com:8443/org/shop",
        "http://git.example.com/org/shop",
        "ssh://git.example.com/org/shop",
        "https://attacker.net?@git.example.com/org/shop",
        "https://attacker.net#@git.example.com/org/shop",
        "https://attacker.net\\@git.example.com/org/shop",
        "https://git.example.com/org/../other/shop",
        "https://git.example.com/org/%2e%2e/other/shop",
    ],
)
def test_no_credential_goes_to_another_host_port_scheme_or_around_the_path(url: str):
    known = [creds("https://git.example.com", "prefix"), Repository(url=SHOP, password="own")]
    assert credentials_for(url, "default", known) is None


def test_no_credential_goes_to_another_project():
    known = [Repository(url=SHOP, password="p", project="shop"), creds("https://git.example.com", "p", project="shop")]
    assert credentials_for(SHOP, "other", known) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://git.example.com/org/shop", "https://git.example.com/org/shop.git"),
        ("https://GIT.example.com:443/Org/Shop/", "https://user:password@git.example.com/org/shop"),
        ("git@git.example.com:org/shop.git", "https://git.example.com/org/shop"),
        ("ssh://git@git.example.com:2222/org/shop", "https://git.example.com:8443/org/shop"),
        ("ssh://git@ssh.git.example.com:443/org/shop", "https://git.example.com/org/shop"),
        ("git@git.example.com:org/shop", "ssh://git@git.example.com:22/org/shop.git"),
    ],
)
def test_spellings_of_one_repository_are_the_same(one: str, other: str):
    assert same_repository(one, other)
    assert same_repository(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://git.example.com/org/shop", "https://git.example.com/org/shop2"),
        ("https://git.example.com/org/shop", "https://git.example.org/org/shop"),
        ("http://127.0.0.1:3000/org/shop", "http://127.0.0.1:3001/org/shop"),
        ("https://git.example.com/org/shop", ""),
    ],
)
def test_other_repositories_are_not_the_same(one: str, other: str):
    assert not same_repository(one, other)


@given(st.text())
def test_any_text_is_read_as_a_url_or_as_none(text: str):
    url = parse_url(text)
    assert url is None or parse_url(str(url)) in (url, None)


@pytest.mark.parametrize("text", ["0 /", "https://git.example.com/org/shop.git.git", "shop.git.git", "a /.git"])
def test_a_url_whose_normal_form_names_another_place_is_none(text: str):
    assert parse_url(text) is None


def test_a_projects_rule_has_the_form_of_a_url():
    assert normal_rule("git@git.example.com:org/*") == "ssh://git.example.com/org/*"
    assert normal_rule("HTTPS://git.example.com:443/org/**.git") == "https://git.example.com/org/**"
    assert normal_rule("*") == "*"


@pytest.mark.parametrize(
    ("secret", "url", "covered"),
    [
        ("https://git.example/shop.git", "https://git.example/shop", True),
        ("https://git.example/team", "https://git.example/team/shop.git", True),
        ("https://git.example/shop", "https://git.example.attacker.net/shop", False),
        ("https://git.example/shop", "https://git.example/../shop", False),
    ],
)
def test_a_secrets_url_covers_the_repositories_that_may_be_reached_by_it(secret: str, url: str, *, covered: bool):
    assert covers(secret, url) is covered
