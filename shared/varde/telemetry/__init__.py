"""Logs, spans and metric names."""
