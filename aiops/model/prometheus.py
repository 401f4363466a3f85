"""How to reach Prometheus, what every query carries, and how much of it may be asked for."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")


@dataclass(frozen=True, slots=True)
class QueryBudget:
    """The most that one tick may ask of the server. Above it, the daemon skips ticks and says so."""

    series: int = 500_000  # label sets returned
    samples: int = 50_000_000  # samples the server had to touch, as it counts them itself
    seconds: float = 10.0  # time spent waiting for answers
    max_skip: int = 16  # at most so many ticks are skipped before the next try

    def __post_init__(self) -> None:
        for name in ("series", "samples", "seconds", "max_skip"):
            if not getattr(self, name) > 0:
                raise ValueError(f"budget.{name}: expected a number above 0, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class PrometheusSettings:
    """Settings of one Prometheus (or Thanos, Mimir, VictoriaMetrics). Durations in seconds.

    Secrets are read from files at each use, so that a rotated one is taken up; values of ``headers`` may
    be secrets too and are left out of the repr. TLS verification cannot be switched off: name the
    authority in ``ca_file`` instead. Raises ValueError naming the field that is wrong.
    """

    url: str = "http://127.0.0.1:9090"  # with the path prefix, if there is one
    connect_timeout_s: float = 3.0  # for a connection to stand
    read_timeout_s: float = 15.0  # between two pieces of an answer
    deadline_s: float = 30.0  # for one whole question, retries and a slow trickle included
    retries: int = 2  # more tries after 429, 5xx and connection errors; never after a query timed out
    backoff_s: float = 0.5  # wait before the first retry; doubles; Retry-After is followed instead
    ca_file: str = ""  # empty: the system's authorities
    cert_file: str = ""  # our own certificate, for mutual TLS
    key_file: str = ""  # the key of cert_file
    basic_user: str = ""  # user of basic authentication
    basic_password_file: str = ""  # file that holds its password
    bearer_token_file: str = ""  # file that holds a token, instead of a user
    headers: dict[str, str] = field(default_factory=dict, repr=False)  # header name -> value, sent always
    header_files: dict[str, str] = field(default_factory=dict)  # header name -> file that holds its value
    tenant: str = ""  # sent as X-Scope-OrgID
    cluster_matchers: dict[str, str] = field(default_factory=dict)  # label -> value, in EVERY query
    expected_identity: dict[str, str] = field(default_factory=dict)  # label -> value the server must show
    budget: QueryBudget = field(default_factory=QueryBudget)
    max_series_per_query: int = 200  # of a range query: halves the wall time, a tenth of the memory
    max_points_per_series: int = 11_000  # Prometheus' own limit
    max_body_bytes: int = 256 * 1024 * 1024  # of one answer, after decompression
    compress: bool = False  # ask for gzip: less traffic, but it triples what an answer costs the server
    remote_read: str = "auto"  # raw samples for back-fill where the server offers them; or "never"

    def __post_init__(self) -> None:
        _check_url(self.url)
        for name in ("connect_timeout_s", "read_timeout_s", "deadline_s", "backoff_s", "max_body_bytes"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name}: expected a number above 0, got {getattr(self, name)}")
        for name in ("max_series_per_query", "max_points_per_series"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected 1 or more, got {getattr(self, name)}")
        if not 0 <= self.retries <= 10:
            raise ValueError(f"retries: expected 0 to 10, got {self.retries}")
        if self.remote_read not in {"auto", "never"}:
            raise ValueError(f'remote_read: expected "auto" or "never", got {self.remote_read!r}')
        self._check_credentials()
        for name in ("cluster_matchers", "expected_identity"):
            for label in getattr(self, name):
                if not LABEL_NAME.match(label) or label.startswith("__"):
                    raise ValueError(f"{name}: expected a label name, got {label!r}")

    def _check_credentials(self) -> None:
        if bool(self.basic_user) != bool(self.basic_password_file):
            raise ValueError("basic_user: expected together with basic_password_file, got only one of them")
        if self.basic_user and self.bearer_token_file:
            raise ValueError("bearer_token_file: expected this or basic_user, got both")
        if self.key_file and not self.cert_file:
            raise ValueError("key_file: expected together with cert_file, got it alone")
        for name in (*self.headers, *self.header_files):
            if not HEADER_NAME.match(name):
                raise ValueError(f"headers: expected a header name, got {name!r}")
        for name, value in self.headers.items():
            if not value.isprintable() or not value.isascii():
                raise ValueError(f"headers.{name}: expected printable ASCII, got something else (not shown)")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError as error:
        raise ValueError(f"url: expected an address such as http://prometheus:9090, {error}") from error
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise ValueError("url: expected no user or password in it: use basic_user and basic_password_file")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_fits:
        raise ValueError(f"url: expected an address such as http://prometheus:9090, got {url!r}")
    if parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise ValueError(f"url: expected no query, fragment, space or control character, got {url!r}")
