"""What a remote refuses becomes the error that says what happens next, with the way out and without secrets."""

import pytest

from varde.errors import Terminal, Transient, VardeError
from varde.repo_server.address import Address
from varde.repo_server.fetch_job import Access, FetchFailed
from varde.repo_server.refusals import refusal

HTTP = Address(url="https://git.example/org/name", shown="https://git.example/org/name")
SSH = Address(url="git@git.example:org/name", shown="git@git.example:org/name")
NOBODY = Access()
SOMEBODY = Access(username="ann", password="hunter2")


@pytest.mark.parametrize(
    ("address", "access", "kind", "text", "error", "said"),
    [
        (
            HTTP,
            SOMEBODY,
            "credentials",
            "",
            Terminal,
            "does not take the credentials; set the right ones in its Secret",
        ),
        (
            HTTP,
            NOBODY,
            "credentials",
            "",
            Terminal,
            "make a Secret labelled argocd.argoproj.io/secret-type: repository",
        ),
        (SSH, NOBODY, "credentials", "", Terminal, "sshPrivateKey"),
        (HTTP, NOBODY, "certificate", "self-signed", Terminal, "the certificate of git.example does not count here"),
        (SSH, NOBODY, "certificate", "", Terminal, "add it to ~/.ssh/known_hosts"),
        (HTTP, NOBODY, "other", "unexpected http status code: 404", Terminal, "has no such repository"),
        (SSH, NOBODY, "other", "failed to resolve address for git.example", Transient, "git.example cannot be reached"),
        (HTTP, NOBODY, "other", "failed to connect: Connection refused", Transient, "cannot be reached"),
        (HTTP, NOBODY, "other", "unexpected http status code: 503", Transient, "cannot be reached"),
        (SSH, NOBODY, "other", "something new", Transient, "the fetch failed: something new"),
    ],
)
def test_a_failed_fetch_says_what_it_means(
    address: Address, access: Access, kind: str, text: str, error: type[VardeError], said: str
):
    found = refusal(address, access, FetchFailed(kind=kind, text=text))
    assert type(found) is error
    assert said in str(found)
    assert address.shown in str(found)


def test_no_text_of_libgit2_shows_user_or_password():
    failed = FetchFailed(kind="other", text="cannot read https://ann:hunter2@git.example/org/name")
    assert "hunter2" not in str(refusal(HTTP, SOMEBODY, failed))
    assert "hunter2" not in repr(SOMEBODY)
