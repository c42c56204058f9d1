"""What Prometheus reads at /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("finops_requests_total", "Requests from Slack by kind and outcome", ["kind", "outcome"])
ANSWER_SECONDS = Histogram(
    "finops_answer_seconds",
    "Time from a request to its ack",
    ["command"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 3),
)
DELIVERIES = Counter(
    "finops_deliveries_total", "Tries to bring a message to Slack by kind and outcome", ["kind", "outcome"]
)
JOBS = Counter("finops_jobs_total", "Runs of jobs by outcome", ["job", "outcome"])
WAITING = Gauge("finops_delivery_queue", "Deliveries by state", ["state"], multiprocess_mode="max")
PAID_REQUESTS = Counter("finops_paid_requests_total", "Requests of billing sources that cost money", ["source"])
