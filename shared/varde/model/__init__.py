"""Wire types: Argo CD's objects, messages, events, the claim."""
