"""Settings of the server."""

from typing import Literal

from pydantic import Field

from intentrec.serving.experiments.config import ExperimentsConfig, OutcomesConfig
from intentrec.settings import Section


class ServingConfig(Section):
    """`intentrec serve`."""

    host: str = Field("127.0.0.1", min_length=1)
    """Where it listens. Without keys (`intentrec keys add`) only an address of this machine is accepted."""
    port: int = Field(8080, ge=0, le=65_535)
    """0 takes a free one."""
    workers: int = Field(1, ge=1, le=256)
    """Processes; all of them map the same bundle, so that its memory is paid for once."""
    max_k: int = Field(200, ge=1, le=10_000)
    """Longest list that a request may ask for."""
    max_batch: int = Field(1000, ge=1, le=100_000)
    """Most events or items in one request."""
    max_body_bytes: int = Field(1_000_000, ge=1_000, le=1_000_000_000)
    """Longer request bodies are refused before they are read."""
    body_seconds: float = Field(10.0, gt=0.0, le=3600.0)
    """How long the body of a request may take to come in."""
    future_seconds: float = Field(300.0, ge=0.0, le=86_400.0)
    """How far ahead of this machine's clock the time of an event may be; one that is further ahead is refused."""
    threads: int = Field(2, ge=1, le=64)
    """Threads of one worker process that rank anew and write, so that stored lists do not wait behind them."""
    rate_per_second: float = Field(0.0, ge=0.0, le=1e6)
    """Requests a second that one key may make of one worker process, on average; 0 for no limit."""
    rate_burst: int = Field(100, ge=1, le=1_000_000)
    """Requests that a key may make at once before `rate_per_second` holds it back."""
    cors_origins: tuple[str, ...] = ()
    """Web origins whose pages may call the API, e.g. "https://shop.example"; none by default."""
    poll_seconds: float = Field(1.0, gt=0.0, le=3600.0)
    """How often a worker looks for a newer release."""
    drain_seconds: float = Field(30.0, ge=0.0, le=86_400.0)
    """How often events that came in are moved to the tables; 0 leaves that to `intentrec run`."""
    live_days: int = Field(30, ge=1, le=3650)
    """Drained events stay live for a rollback to a release that was published within so many days."""
    event_id_days: int = Field(30, ge=1, le=3650)
    """An event id that comes again within so many days is a duplicate."""
    drift_threshold: float = Field(0.8, ge=0.0, le=10.0)
    """A user whose intent drifted further than this gets interests and tags at once: 0.4 |entropy then - now| +
    0.3 (1 - Jaccard) + 0.3 Jensen-Shannon over the categories of the latest events and of as many before them, in bits.
    It is 0 where nothing changed, 0.6 where one category took the place of another, and at most 0.6 + 0.4 log2(n) where
    n categories shrank to another one."""
    drift_events: int = Field(10, ge=1, le=1000)
    """Fewer new events of intent than this do not say that anything drifted: a few events never look like a mixture."""
    refresh_with_model: bool = False
    """Whether the language model writes for users whose intent drifted; rules and text vectors do otherwise."""
    redis_url: str = ""
    """Redis that tells other hosts at once what came in here, e.g. "redis://:password@10.0.0.5:6379/0"; "" for none."""
    redis_stream: str = Field("intentrec", min_length=1, max_length=200)
    """Its stream; servers of one shop use the same."""
    redis_length: int = Field(1_000_000, ge=1_000, le=1_000_000_000)
    """About how many latest rows the stream holds: what a host that was away can catch up on."""
    redis_drain: Literal["own", "all", "none"] = "own"
    """Which events and items this host moves to its tables: those that came in here, those of all hosts (on the one
    host where `intentrec run` works), or none (on every other one then)."""
    latest_events: int = Field(200, ge=1, le=100_000)
    """Latest events of a user that a live list is made from."""
    new_item_neighbours: int = Field(10, ge=1, le=1000)
    """An item that came in since the release gets the mean vector of so many items whose texts are nearest."""
    experiments: ExperimentsConfig = ExperimentsConfig()
    """Experiments by name; each is a section `[serving.experiments.NAME]`, see docs/experiments.md."""
    outcomes: OutcomesConfig = OutcomesConfig()
    """Which events the metrics of experiments are made from, a section `[serving.outcomes]`."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Logs are JSON lines on stderr, without user ids, queries or keys."""
    log_requests: Literal["all", "failed", "none"] = "failed"
    """Which requests get a line: all, those that failed by our fault (status 500 and above), or none."""
    otlp_endpoint: str = ""
    """Where traces go: URL of an OpenTelemetry collector, e.g. "http://127.0.0.1:4318/v1/traces"; "" for no traces."""
    trace_share: float = Field(1.0, ge=0.0, le=1.0)
    """Share of the requests that are traced; one that comes with a `traceparent` header follows that."""
