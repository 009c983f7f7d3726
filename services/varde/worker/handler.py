"""From a message to its end: reads, reconciles, turns errors into what happens next, and tells the scheduler."""

import asyncio
import time
from collections import Counter
from weakref import WeakValueDictionary

import msgspec
import structlog

from varde.adapters.scheduler import SchedulerClient
from varde.errors import Conflict, Held, Terminal, Transient, VardeError, Waiting
from varde.model.event import Done
from varde.model.message import AppKey, Wake
from varde.telemetry.cost import metered
from varde.telemetry.metrics.queue import turned
from varde.worker import report
from varde.worker.convergence import begun, ended, finish, identified, turn_span
from varde.worker.deletion import delete
from varde.worker.outcome import SHORT_RETRY_S, Outcome, after
from varde.worker.reconcile import reconcile
from varde.worker.subject import Subject, subject
from varde.worker.world import World

__all__ = ["Handler"]

log = structlog.get_logger()

RACES = 5
"""How often an Application that changes under our hands is read again in one turn."""
SHOWN_FROM = 2
"""Failures in a row from which a passing error is shown to people."""


class Handler:
    """Handles a shard's messages; its calls run side by side, one application at most once at a time.

    Args:
        world: what reconciles use.
        scheduler: is told how each message ended.
        shard: name of this worker process.
    """

    def __init__(self, world: World, scheduler: SchedulerClient, shard: str) -> None:
        self._world = world
        self._scheduler = scheduler
        self._shard = shard
        self._failures: Counter[AppKey] = Counter()
        self._turns: WeakValueDictionary[AppKey, asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, wake: Wake) -> None:
        """Handle one message; its end is told to the scheduler whatever happens."""
        turn = self._turns.setdefault(wake.application, asyncio.Lock())
        async with turn:
            began_s, waited_s = time.monotonic(), self._world.now_s() - wake.issued_at_s
            outcome = await metered(self._decided(wake))
        self._scheduler.post(
            Done(
                application=wake.application,
                number=wake.number,
                shard=self._shard,
                outcome=outcome.name,
                verified=outcome.verified,
                retry_after_s=outcome.retry_after_s,
            )
        )
        duration_s = time.monotonic() - began_s
        _log(wake, outcome, self._shard, duration_s)
        turned(
            wake.application.namespace,
            wake.lane.value,
            outcome.name,
            wait_s=waited_s,
            duration_s=duration_s,
            changed=outcome.changed,
            pruned=outcome.pruned,
        )

    async def _decided(self, wake: Wake) -> Outcome:
        """The outcome, with each kind of error made into what happens next."""
        try:
            outcome = await self._tried(wake)
        except VardeError as error:
            self._failures[wake.application] += isinstance(error, Transient)
            return after(error, self._failures[wake.application])
        self._failures.pop(wake.application, None)
        return outcome

    async def _tried(self, wake: Wake) -> Outcome:
        """Read and reconcile; again when what the message carried was not the present, or changed meanwhile."""
        taken_at_s = self._world.now_s()
        for race in range(RACES):
            raw = await self._world.applications.read(wake.application, wake.present)
            if raw is None:
                return Outcome(name="gone")
            tenants = self._world.tenants
            settings = await tenants.fresh_settings() if wake.rules else tenants.settings()
            of = subject(raw, settings, self._world.control_namespace)
            try:
                wake = identified(of, wake)
                if not race:
                    begun(of, wake, taken_at_s)
                with turn_span(of, wake, self._shard):
                    outcome = await self._reconciled(of, wake)
                finish(of, wake, outcome, self._world.now_s())
                return outcome  # noqa: TRY300  what conflicts is the reconcile, and only that
            except Conflict:
                wake = msgspec.structs.replace(wake, gather=True, present=b"")
            except Held:
                if not wake.present:
                    raise
                wake = msgspec.structs.replace(wake, present=b"")
        raise Waiting(f"Application {wake.application} keeps changing", retry_after_s=SHORT_RETRY_S)

    async def _reconciled(self, of: Subject, wake: Wake) -> Outcome:
        world = self._world
        if of.app.metadata.deletion_timestamp:
            return await self._deleted(of, wake)
        try:
            of = msgspec.structs.replace(of, project=await world.tenants.project_of(of.app, fresh=wake.rules))
            return await reconcile(world, of, wake)
        except Terminal as error:
            return await self._refused(of, error.reason, error, final=True)
        except Transient as error:
            if self._failures[wake.application] + 1 >= SHOWN_FROM:
                await self._refused(of, "ComparisonError", error, final=False)
            raise
        except VardeError:
            raise
        except Exception as error:  # a defect that one application brings out must be seen, and hold up no other
            log.exception("unexpected", application=str(of.key), number=wake.number)
            # Its text stays in the log: nobody knows what of an object is in it.
            told = Terminal(f"a defect of Varde ({type(error).__name__}); please report it with the worker's log")
            return await self._refused(of, "UnknownError", told, final=False)

    async def _deleted(self, of: Subject, wake: Wake) -> Outcome:
        try:
            return await delete(self._world, of, wake)
        except Terminal as error:
            return await self._refused(of, "DeletionError", error, final=True)

    async def _refused(self, of: Subject, reason: str, error: VardeError, *, final: bool) -> Outcome:
        """Say in the status why nothing goes on; a setting or credential may mend it, so look again with the polls."""
        status = report.refused(of, reason, str(error), self._world.now_s(), final=final)
        record = ended(of.record) if final else of.record
        await self._world.applications.write(of, status, record, operation_taken=final)
        return Outcome(name=f"refused: {error}", retry_after_s=of.settings.reconciliation_s, record=record)


def _log(wake: Wake, outcome: Outcome, shard: str, duration_s: float) -> None:
    """The one canonical line of a reconcile."""
    log.info(
        "reconciled",
        application=str(wake.application),
        number=wake.number,
        lane=wake.lane.value,
        reason=wake.reason,
        shard=shard,
        outcome=outcome.name,
        revision=",".join(outcome.verified),
        changed=outcome.changed,
        pruned=outcome.pruned,
        duration_s=round(duration_s, 4),
    )
