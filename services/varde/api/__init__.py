"""Webhook, REST, server-sent events, the page."""
