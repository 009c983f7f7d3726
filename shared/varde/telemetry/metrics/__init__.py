"""Metrics: one declaration of each, one call to observe it, one scrape a process; OTLP where an endpoint is set."""
