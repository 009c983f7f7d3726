"""What a remote refuses, in words that name the repository and the way out, and never a user, password or token."""

import re

from varde.errors import Terminal, Transient
from varde.repo_server.address import Address
from varde.repo_server.fetch_job import Access, FetchFailed

__all__ = ["credentials_refused", "moved", "no_certificate", "not_found", "refusal"]

NETWORK = re.compile(
    r"resolve|connect|timed? ?out|unreachable|reset|refused|socket|closed|early|status code: (?:429|5\d\d)",
    re.IGNORECASE,
)
"""Of libgit2's texts those that may pass by themselves."""
USER_INFO = re.compile(r"://[^/@\s]*@")


def credentials_refused(address: Address, access: Access) -> Terminal:
    """401 and 403, or SSH's like."""
    if access.password or access.bearer_token or access.ssh_private_key:
        return Terminal(
            f"{address.shown}: {address.host} does not take the credentials; set the right ones in its Secret labelled "
            "argocd.argoproj.io/secret-type: repository (or repo-creds)"
        )
    needed = "username and password" if address.is_http else "sshPrivateKey"
    return Terminal(
        f"{address.shown}: {address.host} wants credentials and there are none for it in this project; make a Secret "
        f"labelled argocd.argoproj.io/secret-type: repository with url, {needed} (hosts also ask for a password "
        "where no such repository is)"
    )


def not_found(address: Address) -> Terminal:
    """404."""
    return Terminal(
        f"{address.shown}: {address.host} has no such repository, or does not show it without credentials; correct "
        "repoURL, or make a Secret labelled argocd.argoproj.io/secret-type: repository"
    )


def moved(address: Address, host: str) -> Terminal:
    """A redirect, which is not followed as credentials might go where they were not made for."""
    return Terminal(f"{address.shown}: it has moved (to {host}); write its new address into repoURL")


def no_certificate(address: Address, text: str) -> Terminal:
    """TLS, or an unknown SSH host key."""
    if address.is_http:
        return Terminal(f"{address.shown}: the certificate of {address.host} does not count here: {text}")
    return Terminal(
        f"{address.shown}: the host key of {address.host} is not known here; add it to ~/.ssh/known_hosts of the "
        "repo-server, or set insecure to true in the repository's Secret"
    )


def refusal(address: Address, access: Access, failed: FetchFailed) -> Terminal | Transient:
    """What a failed fetch means."""
    if failed.kind == "credentials":
        return credentials_refused(address, access)
    if failed.kind == "certificate":
        return no_certificate(address, failed.text)
    text = USER_INFO.sub("://", failed.text)
    if NETWORK.search(text):
        return Transient(f"{address.host} cannot be reached for {address.shown}: {text}")
    if "404" in text or "not found" in text.lower():
        return not_found(address)
    return Transient(f"{address.shown}: the fetch failed: {text}")
