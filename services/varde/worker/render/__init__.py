"""From an application's inputs to its desired objects: what stands behind ``varde.ports.renderer`` in the worker."""
