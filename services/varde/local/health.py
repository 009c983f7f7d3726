"""The question that readiness comes down to: does this URL answer 200?"""

import ssl

import aiohttp

from varde.local.supervisor import Probe

__all__ = ["answers"]


def answers(session: aiohttp.ClientSession, url: str, trust: ssl.SSLContext | None = None) -> Probe:
    """A probe of one URL.

    Args:
        session: its timeout bounds one try.
        url: of a health endpoint.
        trust: what to believe of the server's certificate; None for plain HTTP.
    """

    async def probe() -> str:
        try:
            async with session.get(url, ssl=trust or True) as answer:
                return "" if answer.ok else f"{url} answers {answer.status} {(await answer.text()).strip()}"
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"{url}: {error or type(error).__name__}"

    return probe
