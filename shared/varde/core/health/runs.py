"""Health of what runs: Pod, Job and CronJob."""

from collections.abc import Iterator

from varde.core.health.status import (
    SUSPENDED,
    UNKNOWN,
    Health,
    condition,
    degraded,
    healthy,
    progressing,
    section,
)
from varde.model.resource import Manifest

__all__ = ["cron_job", "job", "pod"]


def pod(live: Manifest) -> Health:
    """By phase; a container that cannot start, or has ended before the pod was ready, degrades a pod that stays."""
    status = section(live, "status")
    stays = section(live, "spec").get("restartPolicy", "Always") == "Always"
    stuck = tuple(_stuck(status)) if stays else ()
    if stuck:
        return degraded(", ".join(stuck))
    message = status.get("message", "")
    match status.get("phase"):
        case "Running" if stays:
            return _running(live, message)
        case "Pending" | "Running":
            return progressing(message)
        case "Succeeded":
            return healthy(message)
        case "Failed":
            return degraded(message or next(_failures(status), ""))
    return Health(status=UNKNOWN, message=message)


def _running(live: Manifest, message: str) -> Health:
    ready = condition(live, "Ready")
    if ready and ready.get("status") == "True":
        return healthy(message)
    containers = section(live, "status").get("containerStatuses") or ()
    ended = any(section(one, "lastState", "terminated") for one in containers)
    return degraded(message) if ended else progressing(message)


def _stuck(status: Manifest) -> Iterator[str]:
    """What containers that cannot start say: ErrImagePull, CreateContainerConfigError, CrashLoopBackOff."""
    for container in status.get("containerStatuses") or ():
        waiting = section(container, "state", "waiting")
        reason = waiting.get("reason", "")
        if reason.startswith("Err") or reason.endswith(("Error", "BackOff")):
            yield waiting.get("message", "")


def _failures(status: Manifest) -> Iterator[str]:
    """Why containers of a failed pod ended, init containers first."""
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        ended = section(container, "state", "terminated")
        if ended.get("message"):
            yield ended["message"]
        elif ended.get("reason") == "OOMKilled":
            yield "OOMKilled"
        elif ended.get("exitCode"):
            yield f'container "{container["name"]}" failed with exit code {ended["exitCode"]}'


def job(live: Manifest) -> Health:
    """Healthy once complete, Degraded once failed; a suspended one waits for a person."""
    for kind, verdict in (("Failed", degraded), ("Complete", healthy)):
        found = condition(live, kind)
        if found and found.get("status", "True") == "True":
            return verdict(found.get("message", ""))
    found = condition(live, "Suspended")
    if found and found.get("status") == "True":
        return Health(status=SUSPENDED, message=found.get("message", ""))
    return progressing()


def cron_job(live: Manifest) -> Health:
    """Degraded when the last run is over and did not succeed; times are RFC 3339 in UTC, so they compare as text."""
    if section(live, "spec").get("suspend"):
        return Health(status=SUSPENDED, message="CronJob is Suspended")
    if "status" not in live:
        return progressing("Waiting for CronJob")
    status = section(live, "status")
    if not status.get("lastScheduleTime"):
        return healthy("CronJob has not been scheduled yet")
    return _last_run(status, status["lastScheduleTime"], status.get("lastSuccessfulTime"))


def _last_run(status: Manifest, scheduled: str, succeeded: str | None) -> Health:
    if not succeeded:
        return healthy("No run of the CronJob has succeeded yet")
    if status.get("active"):
        return healthy("A run of the CronJob is going on")
    if succeeded < scheduled:
        return degraded("CronJob has not completed its last execution successfully")
    return healthy("CronJob has completed its last execution successfully")
