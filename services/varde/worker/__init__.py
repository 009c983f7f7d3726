"""Claim, gather, diff, plan, apply, prune, status."""
