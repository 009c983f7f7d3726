"""Faults on a real Varde, one after the other, while commits arrive: ``make chaos``."""
