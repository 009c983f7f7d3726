"""PromQL over declared metrics: a label or a bucket that the declaration does not have cannot be asked for.

Dashboards and rules say what they ask of an instrument of the catalogue; its name and its parts' names are put here.
"""

import re
from typing import Literal

import msgspec

from varde.telemetry.metrics.instrument import Histogram, Instrument

__all__ = ["ALL", "DASHBOARD", "PROCESS", "Scope"]

MATCHER = re.compile(r'([a-z_]+)(?:=~|!~|!=|=)"[^"]*"')
ADDED_BY_SCRAPERS = frozenset({"namespace", "instance", "job"})
BUCKET = "le"
PROCESS = ("namespace", "instance")
"""What tells processes apart."""

Part = Literal["", "bucket", "count", "sum"]
Labels = tuple[str, ...]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """Where queries look.

    Attributes:
        matchers: on every metric, such as ``namespace=~"$namespace"``.
        by: kept on every sum besides what a query asks for.
        window: that rates are taken over.
    """

    matchers: Labels = ()
    by: Labels = ()
    window: str = "5m"

    def over(self, window: str) -> "Scope":
        """The same, with rates over another window."""
        return msgspec.structs.replace(self, window=window)

    def select(self, of: Instrument, *matchers: str, part: Part = "") -> str:
        """The series of a metric.

        Args:
            of: declared.
            matchers: as PromQL writes them: ``lane="webhook"``.
            part: of a histogram.

        Raises:
            ValueError: the declaration has no such label or part.
        """
        _known(of, tuple(match[1] for one in matchers if (match := MATCHER.fullmatch(one))), part)
        name = f"{of.name}_{part}" if part else of.name
        inner = ",".join((*self.matchers, *matchers))
        return f"{name}{{{inner}}}" if inner else name

    def latest(self, of: Instrument, *matchers: str, by: Labels = (), how: Literal["sum", "max"] = "sum") -> str:
        """Values as they are, added up or the highest."""
        _known(of, by, "")
        return self._grouped(how, by, self.select(of, *matchers))

    def rate(self, of: Instrument, *matchers: str, by: Labels = (), part: Part = "") -> str:
        """Growth a second of a counter, or of a histogram's observations (``part="sum"``: of their sum)."""
        return self._growth("rate", of, matchers, by, part)

    def increase(self, of: Instrument, *matchers: str, by: Labels = (), part: Part = "") -> str:
        """Growth over the window, as ``rate``."""
        return self._growth("increase", of, matchers, by, part)

    def quantile(self, share: float, of: Histogram, *matchers: str, by: Labels = ()) -> str:
        """The value that a share of a histogram's observations does not exceed.

        Args:
            share: 0 to 1.
        """
        return f"histogram_quantile({share}, {self.rate(of, *matchers, by=(BUCKET, *by), part='bucket')})"

    def mean(self, of: Histogram, *matchers: str, by: Labels = ()) -> str:
        """A histogram's mean."""
        return f"{self.rate(of, *matchers, by=by, part='sum')} / {self.rate(of, *matchers, by=by)}"

    def share_within(self, bound: float, of: Histogram, *matchers: str, by: Labels = ()) -> str:
        """Which share of a histogram's observations does not exceed a bound.

        Args:
            bound: one of its buckets.
        """
        if bound not in of.buckets:
            raise ValueError(f"{of.name} has no bucket {bound}: {of.buckets}")
        within = self.rate(of, *matchers, f'{BUCKET}="{float(bound)}"', by=by, part="bucket")
        return f"{within} / {self.rate(of, *matchers, by=by)}"

    def joined(self, label: str, of: Instrument) -> str:
        """Behind a query by ``PROCESS``: a label that each process tells of itself by a metric that is 1."""
        told = self.latest(of, by=(*PROCESS, label), how="max")
        return f"* on ({', '.join(PROCESS)}) group_left ({label}) {told}"

    def _growth(self, how: str, of: Instrument, matchers: Labels, by: Labels, part: Part) -> str:
        chosen: Part = part or ("count" if isinstance(of, Histogram) else "")
        _known(of, by, chosen)
        return self._grouped("sum", by, f"{how}({self.select(of, *matchers, part=chosen)}[{self.window}])")

    def _grouped(self, how: str, by: Labels, inner: str) -> str:
        kept = (*self.by, *by)
        return f"{how} by ({', '.join(kept)}) ({inner})" if kept else f"{how}({inner})"


def _known(of: Instrument, labels: Labels, part: Part) -> None:
    added = ADDED_BY_SCRAPERS | ({BUCKET} if part == "bucket" else set())
    unknown = [label for label in labels if label not in added and label not in of.labels]
    if unknown or (bool(part) != isinstance(of, Histogram)):
        raise ValueError(f"{of.name} is a {of.kind} with the labels {of.labels}: no {part} {unknown}")


ALL = Scope(by=("namespace",))
"""What rules ask: each Varde of a Prometheus for itself."""
DASHBOARD = Scope(matchers=('namespace=~"$namespace"',), window="$__rate_interval")
"""What panels ask: the Vardes that are chosen, over what the chosen time has points for."""
