"""``varde doctor node``: facts are measured, verdicts and their costs at p95 are pure, the command prints them."""
