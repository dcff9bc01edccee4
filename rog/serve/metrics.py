"""What the server counts, as Prometheus reads it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counters of one server: apart from those of any other in the same process."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter("rog_requests", "Requests by route and status.", ("route", "status"), registry=registry)
        self.latency = Histogram(
            "rog_request_seconds", "Seconds to the end of a response.", ("route",), buckets=SECONDS, registry=registry
        )
        self.stages = Histogram(
            "rog_stage_seconds", "Seconds of work by stage.", ("stage",), buckets=SECONDS, registry=registry
        )
        self.answers = Counter("rog_answers", "Answers by verdict.", ("verdict",), registry=registry)
        self.refused = Counter(
            "rog_refused_requests", "Questions not answered, by reason.", ("reason",), registry=registry
        )
        self.asked = Gauge("rog_questions_in_progress", "Questions that wait or are worked on.", registry=registry)
        self.batch = Histogram(
            "rog_batch_size", "Questions answered side by side.", buckets=(1, 2, 4, 8, 16), registry=registry
        )

    def text(self) -> bytes:
        """All of them in Prometheus's text format."""
        return generate_latest(self._registry)
