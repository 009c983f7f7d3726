"""What is aimed at, by figure, with the unit that people read it in; the tables and plots go by this list."""

import msgspec

from loadtest.results import Results

__all__ = ["AIMS", "FLAT", "Aim"]

SLACK = 0.05


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """One row. Bounds are in the shown unit; with neither, the figure is only told.

    ``factor``: from the figure's own unit to the shown one. ``beyond_objects``: the bound is so many more than an
    application has objects; nobody can tell where controllers' requests are counted too. ``with_health``: the bound is
    one more where there are controllers, for the one change of health. ``slack``: a retry among a hundred
    applications is not a request an application. ``at``: of the only size that the aim is about; 0: of all.
    """

    figure: str
    label: str
    unit: str = ""
    factor: float = 1.0
    at_most: float | None = None
    at_least: float | None = None
    beyond_objects: bool = False
    with_health: bool = False
    slack: float = 0.0
    at: int = 0

    @property
    def words(self) -> str:
        """The bound, as people say it."""
        size = f" at {self.at:,}" if self.at else ""
        if self.at_least is not None:
            return f"at least {self.at_least:g}{size}"
        if self.at_most is None:
            return ""
        return f"at most {'objects + ' if self.beyond_objects else ''}{self.at_most:g}{size}"

    def met(self, results: Results, value: float) -> bool | None:
        """Whether a value (in the shown unit) is as aimed at; None: no aim is about it."""
        if self.at not in {0, results.apps}:
            return None
        if self.at_least is not None:
            return value >= self.at_least
        if self.at_most is None or (self.beyond_objects and results.controllers):
            return None
        more = results.shape.objects * self.beyond_objects + results.controllers * self.with_health
        return value <= self.at_most + more + self.slack


def _ms(figure: str, label: str, at_most: float | None = None) -> Aim:
    return Aim(figure=figure, label=label, unit="ms", factor=1e3, at_most=at_most)


def _percent(figure: str, label: str, *, at_most: float | None = None, at_least: float | None = None) -> Aim:
    return Aim(figure=figure, label=label, unit="%", factor=100, at_most=at_most, at_least=at_least)


def _noop(name: str, by: str, calls_per_app: float) -> tuple[Aim, ...]:
    own, off = f"{name}_engine_cpu_s_per_app", f"{name}_engine_cpu_within_s_per_app"
    same = "the same: processor time an application"
    return (
        Aim(
            figure=f"{name}_calls_per_app",
            label=f"refresh of all by {by}, nothing to do: API requests an application",
            at_most=calls_per_app,
            slack=SLACK * calls_per_app,
        ),
        Aim(figure=own, label=same, unit="µs", factor=1e6, at_most=None if calls_per_app else 100, at=500),
        Aim(figure=off, label="idle's spread leaves it uncertain by", unit="µs", factor=1e6),
    )


AIMS = (
    Aim(figure="raw_apps_per_s", label="raw limit in the same run", unit="applications/s"),
    Aim(figure="raw_objects_per_s", label="the same", unit="objects/s"),
    Aim(figure="same_writes_apps_per_s", label="limit of the engine's own writes, no engine", unit="applications/s"),
    Aim(figure="initial_sync_apps_per_s", label="initial sync", unit="applications/s"),
    Aim(figure="initial_sync_objects_per_s", label="the same", unit="objects/s"),
    _percent("initial_sync_of_raw", "of the raw limit", at_least=67),
    _percent("initial_sync_of_same_writes", "of the limit of the same writes"),
    Aim(figure="initial_sync_healthy_apps_per_s", label="initial sync to healthy", unit="applications/s"),
    Aim(
        figure="initial_sync_calls_per_app",
        label="API requests an application",
        at_most=2,
        beyond_objects=True,
        slack=SLACK,
    ),
    Aim(
        figure="initial_sync_own_object_calls_per_app",
        label="of them, of the application's own object",
        at_most=2,
        with_health=True,
        slack=SLACK,
    ),
    _ms("initial_sync_engine_cpu_s_per_app", "engine's processor time an application", 8),
    _ms("initial_sync_valkey_cpu_s_per_app", "Valkey's beside it"),
    _ms("push_to_live_p50_s", "push to live, p50", 100),
    _ms("push_to_live_p95_s", "push to live, p95", 250),
    _ms("push_typed_to_live_p50_s", "from `git push` typed, p50"),
    _ms("push_typed_to_live_p95_s", "from `git push` typed, p95"),
    _ms("push_to_synced_p50_s", "push to synced, p50"),
    _ms("push_to_synced_p95_s", "push to synced, p95"),
    _percent("budget_off_p50_share", "its budget by phase off the watched whole, p50", at_most=5),
    _percent("budget_off_p95_share", "the same, p95"),
    _ms("budget_off_whole_p50_s", "the same, p50"),
    _ms("budget_off_whole_p95_s", "the same, p95"),
    _ms("push_to_available_p50_s", "push to Deployment available, p50"),
    _ms("available_to_healthy_p50_s", "from there to healthy, p50"),
    _ms("available_to_healthy_p95_s", "from there to healthy, p95"),
    _ms("push_to_healthy_p50_s", "push to healthy, p50"),
    _ms("push_to_healthy_p95_s", "push to healthy, p95"),
    _ms("push_typed_to_healthy_p50_s", "from `git push` typed, p50"),
    _ms("push_typed_to_healthy_p95_s", "from `git push` typed, p95"),
    _ms("push_stream_to_live_p95_s", "under a stream of pushes, p95", 500),
    Aim(figure="push_stream_per_s", label="pushes a second of that stream"),
    Aim(figure="push_calls", label="API requests a push"),
    _ms("push_engine_cpu_s", "engine's processor time a push"),
    Aim(figure="touch_all_apps_per_s", label="one commit that touches all", unit="applications/s"),
    Aim(figure="webhook_burst_answered_per_s", label="a burst of webhooks answered", unit="per s"),
    _ms("webhook_burst_push_to_live_s", "push to live among them"),
    *_noop("noop", "webhook", 0),
    *_noop("noop_poll", "poll", 0),
    *_noop("noop_annotation", "annotation", 1),
    Aim(figure="restart_to_live_s", label="restart until a push is live", unit="s"),
    Aim(figure="restart_to_rest_s", label="restart until at rest", unit="s"),
    Aim(figure="restart_calls_per_app", label="API requests of a restart, an application"),
    _ms("drift_storm_back_p95_s", "drift storm, back after, p95"),
    Aim(figure="idle_bytes", label="memory at rest", unit="MB", factor=1e-6),
    Aim(figure="peak_rss_bytes", label="memory, peak of its processes", unit="MB", factor=1e-6, at_most=350, at=500),
    Aim(figure="peak_stores_bytes", label="Valkey's beside it", unit="MB", factor=1e-6),
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
