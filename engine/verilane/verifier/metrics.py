"""A verifier's counters for Prometheus: read when they are asked for, counted in C; devices' where
they are used (lines.py).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .._verdicts import Verdict
from .items import Priority

if TYPE_CHECKING:
    from .verifier import Verifier

__all__ = ["register"]

_ERRORS = {
    5: "busy",
    6: "shed",
    7: "deadline",
    8: "cancelled",
    9: "closed",
    11: "memory",
    12: "too_large",
}


def register(verifier: "Verifier", registry: Any, name: str) -> Any:
    """Registers a collector with a registry (None: the default one) and returns it."""
    try:
        from prometheus_client import REGISTRY
    except ImportError:
        raise ImportError(
            "counters for Prometheus need prometheus_client: pip install 'verilane[metrics]'"
        ) from None
    collector = _Collector(verifier, name)
    (REGISTRY if registry is None else registry).register(collector)
    return collector


class _Collector:
    """What prometheus_client asks for metrics."""

    def __init__(self, verifier: "Verifier", name: str) -> None:
        self._verifier, self._name = verifier, name

    def collect(self) -> Iterator[Any]:
        """Yields every metric, of one moment."""
        stats = self._verifier.stats()
        yield from self._gauges(stats)
        yield from self._counters(stats)
        yield from self._histograms(stats)
        yield from self._devices(stats["devices"])

    def _gauges(self, stats: dict[str, Any]) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        depth = GaugeMetricFamily(f"{self._name}_queue_depth", "Items that wait", labels=["class"])
        for each in Priority:
            depth.add_metric([each.name.lower()], stats["depth"][each])
        yield depth
        for key, text in (
            ("bytes", "Bytes of items that wait or are at work"),
            ("tickets", "Calls of submit that are not answered"),
            ("suspects", "Sources that are kept apart"),
            ("cache_items", "Valid items that are remembered"),
        ):
            yield GaugeMetricFamily(f"{self._name}_{key}", text, value=stats[key])

    def _counters(self, stats: dict[str, Any]) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily

        verdicts = CounterMetricFamily(
            f"{self._name}_verdicts", "Verdicts given", labels=["class", "verdict"]
        )
        errors = CounterMetricFamily(
            f"{self._name}_errors", "Items without a verdict", labels=["class", "error"]
        )
        for each in Priority:
            for verdict in Verdict:
                if verdict != Verdict.UNDECIDED:
                    labels = [each.name.lower(), verdict.name.lower()]
                    verdicts.add_metric(labels, stats["verdicts"][each][verdict])
            for code, error in _ERRORS.items():
                errors.add_metric([each.name.lower(), error], stats["errors"][each][code])
        yield verdicts
        yield errors
        for key, text, value in (
            ("alone", "Items that their callers verified themselves", stats["alone"]),
            ("apart", "Items kept apart for their source", stats["apart"]),
            ("cache_hits", "Items that were known to be valid", stats["cache_hits"]),
            ("cache_misses", "Items that were not known", stats["cache_misses"]),
            ("busy_seconds", "Processor time spent verifying", stats["busy_us"] / 1e6),
        ):
            yield CounterMetricFamily(f"{self._name}_{key}", text, value=value)

    def _histograms(self, stats: dict[str, Any]) -> Iterator[Any]:
        from prometheus_client.core import HistogramMetricFamily

        sizes, items = stats["batch_sizes"], sum(map(sum, stats["verdicts"])) - stats["alone"]
        batch = HistogramMetricFamily(f"{self._name}_batch_size", "Items of a batch")
        # Bucket i counts what is below 2^i, and Prometheus what is no more than its bound.
        batch.add_metric([], _cumulated(sizes, lambda i: float(2**i - 1)), sum_value=items)
        yield batch
        wait = HistogramMetricFamily(
            f"{self._name}_wait_seconds", "Time until a worker came", labels=["class"]
        )
        for each in Priority:
            buckets = _cumulated(stats["waits"][each], lambda i: 2**i / 1e6)
            total = stats["wait_us"][each] / 1e6
            wait.add_metric([each.name.lower()], buckets, sum_value=total)
        yield wait

    def _devices(self, stats: dict[str, dict[str, Any]]) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

        for key, text in (
            ("items", "Items that a device decided"),
            ("redone", "Items that a device was asked for and the CPU decided"),
            ("failures", "Launches that failed, or gave wrong answers"),
        ):
            metric = CounterMetricFamily(f"{self._name}_device_{key}", text, labels=["device"])
            for device, counts in stats.items():
                metric.add_metric([device], counts[key])
            yield metric
        seconds = HistogramMetricFamily(
            f"{self._name}_device_seconds", "Time of a device's launches", labels=["device"]
        )
        for device, counts in stats.items():
            buckets = _cumulated(counts["times"], lambda i: 2**i / 1e6)
            seconds.add_metric([device], buckets, sum_value=counts["busy_us"] / 1e6)
        yield seconds


def _cumulated(counts: list[int], bound: Any) -> list[tuple[str, float]]:
    """Prometheus' buckets: how many are below each bound, and how many in all."""
    total, buckets = 0, []
    for i, count in enumerate(counts):
        total += count
        last = i == len(counts) - 1
        buckets.append(("+Inf" if last else str(bound(i)), float(total)))
    return buckets
