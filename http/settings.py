"""How the HTTP layer is set up: one record, refused at once where it makes no sense."""

from urllib.parse import urlsplit

import msgspec


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that HTTP may be told. Sizes are bytes, times are seconds."""

    host: str = "127.0.0.1"
    port: int = 6767
    exposed: bool = False
    """Whether any listening socket is neither loopback nor unix; then every caller needs a token."""
    allowed_hosts: tuple[str, ...] = ()
    """Names beside localhost under which this server may be addressed."""
    allow_origins: tuple[str, ...] = ()
    """Origins of other pages that may call this server, e.g. `http://localhost:3000`."""
    trust_proxy: bool = False
    """Believe X-Forwarded-For and X-Forwarded-Proto of whoever connects."""
    require_token: bool = False
    """Take the free owner's rights away from loopback callers."""
    public_url: str | None = None
    """Where a TLS proxy shows this server, e.g. `https://needlework.example.org`."""

    body_limit: int = 1 << 20
    upload_limit: int = 64 << 20
    header_bytes: int = 32 << 10
    header_count: int = 100
    target_bytes: int = 8 << 10
    depth: int = 64
    header_timeout: float = 10.0
    body_timeout: float = 25.0
    keep_alive: float = 20.0
    send_timeout: float = 20.0
    """Seconds after which an answer that nobody takes is given up; streams have a time of their own."""
    wait: float = 25.0
    """The longest time for which a request waits for its result."""
    grace: float = 30.0

    streams_per_workspace: int = 1000
    heartbeat: float = 15.0
    stream_send_timeout: float = 30.0
    stream_retry: int = 2000
    """Milliseconds after which an EventSource connects again."""
    revocation_poll: float = 0.5
    failures_per_minute: int = 10
    """Wrong tokens from one address before it gets 429."""

    def __post_init__(self) -> None:
        for origin in (*self.allow_origins, *([self.public_url] if self.public_url else ())):
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
                raise ValueError(f"{origin!r} is not an origin; write scheme://host[:port]")
        for name in self.allowed_hosts:
            if not name or any(letter in name for letter in "/@, *") or name in ("0.0.0.0", "[::]"):
                raise ValueError(f"{name!r} can't be an allowed host; write the exact name, without wildcards")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"port {self.port} is not between 0 and 65535")
