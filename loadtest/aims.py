"""What is aimed at, by figure, with the unit that people read it in; the tables and plots go by this list."""

import msgspec

__all__ = ["AIMS", "FLAT", "Aim"]


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """One row. ``factor``: from the figure's own unit to the shown one. ``aim``: in words; empty: it is only told."""

    figure: str
    label: str
    unit: str = ""
    factor: float = 1.0
    aim: str = ""


def _ms(figure: str, label: str, aim: str = "") -> Aim:
    return Aim(figure=figure, label=label, unit="ms", factor=1e3, aim=aim)


AIMS = (
    Aim(figure="raw_apps_per_s", label="raw limit in the same run", unit="applications/s"),
    Aim(figure="raw_objects_per_s", label="the same", unit="objects/s"),
    Aim(figure="initial_sync_apps_per_s", label="initial sync", unit="applications/s"),
    Aim(figure="initial_sync_objects_per_s", label="the same", unit="objects/s"),
    Aim(figure="initial_sync_of_raw", label="of the raw limit", unit="%", factor=100, aim="at least 67"),
    Aim(figure="initial_sync_healthy_apps_per_s", label="initial sync to healthy", unit="applications/s"),
    Aim(figure="initial_sync_calls_per_app", label="API requests an application", aim="objects + 2"),
    _ms("initial_sync_engine_cpu_s_per_app", "engine's processor time an application", "at most 8"),
    _ms("push_to_live_p50_s", "push to live, p50", "at most 100"),
    _ms("push_to_live_p95_s", "push to live, p95", "at most 250"),
    _ms("push_typed_to_live_p50_s", "from `git push` typed, p50"),
    _ms("push_typed_to_live_p95_s", "from `git push` typed, p95"),
    _ms("push_to_synced_p50_s", "push to synced, p50"),
    _ms("push_to_healthy_p50_s", "push to healthy, p50"),
    _ms("push_to_healthy_p95_s", "push to healthy, p95"),
    _ms("push_stream_to_live_p95_s", "under a stream of pushes, p95", "at most 500"),
    Aim(figure="push_stream_per_s", label="pushes a second of that stream"),
    Aim(figure="push_calls", label="API requests a push"),
    _ms("push_engine_cpu_s", "engine's processor time a push"),
    Aim(figure="touch_all_apps_per_s", label="one commit that touches all", unit="applications/s"),
    Aim(figure="webhook_burst_answered_per_s", label="a burst of webhooks answered", unit="per s"),
    _ms("webhook_burst_push_to_live_s", "push to live among them"),
    Aim(figure="noop_api_calls", label="refresh of all by webhook, nothing to do: API requests", aim="0"),
    Aim(
        figure="noop_engine_cpu_s_per_app",
        label="the same: processor time an application",
        unit="µs",
        factor=1e6,
        aim="at most 100",
    ),
    Aim(figure="noop_poll_api_calls", label="refresh of all by poll: API requests", aim="0"),
    Aim(
        figure="noop_poll_engine_cpu_s_per_app",
        label="the same: processor time an application",
        unit="µs",
        factor=1e6,
        aim="at most 100",
    ),
    Aim(figure="noop_annotation_api_calls", label="refresh of all by annotation: API requests", aim="1 an application"),
    Aim(figure="restart_to_live_s", label="restart until a push is live", unit="s"),
    Aim(figure="restart_to_rest_s", label="restart until at rest", unit="s"),
    Aim(figure="restart_calls_per_app", label="API requests of a restart, an application"),
    _ms("drift_storm_back_p95_s", "drift storm, back after, p95"),
    Aim(
        figure="peak_rss_bytes", label="memory, peak of all processes", unit="MB", factor=1e-6, aim="at most 350 at 500"
    ),
    Aim(figure="idle_engine_cores", label="processor at rest", unit="% of one", factor=100),
)

FLAT = (
    _ms("push_to_live_p50_s", "push to live, p50"),
    Aim(figure="push_calls", label="API requests a push"),
    _ms("push_engine_cpu_s", "processor time a push"),
    Aim(figure="initial_sync_s", label="initial sync", unit="s"),
    Aim(figure="idle_bytes", label="memory at rest", unit="MB", factor=1e-6),
)
"""What is to stay as it is while a fleet grows, but for the initial sync, which is to grow with it."""
