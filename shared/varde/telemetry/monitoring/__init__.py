"""Grafana dashboards and Prometheus rules, made from the metrics' declarations into ``deploy/monitoring``.

``promql`` asks for declared metrics alone; ``objectives`` says what is promised; ``dashboards``, ``rules`` and
``alerts`` say what people see and what wakes them; ``__main__`` writes the files, or checks them.
"""
