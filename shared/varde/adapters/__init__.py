"""The ports on aiohttp, Dramatiq and Redis, and what every service's process needs."""
