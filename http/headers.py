"""Request headers read once, and the response headers that every answer carries."""

from collections.abc import Iterable

RawHeaders = list[tuple[bytes, bytes]]

CONTENT_SECURITY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'"
)

SECURITY: RawHeaders = [
    (b"content-security-policy", CONTENT_SECURITY),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
]
NO_STORE = (b"cache-control", b"no-store")

_FORWARDING = frozenset((b"forwarded", b"via", b"x-real-ip"))
_FORWARDING_PREFIXES = (b"x-forwarded", b"cf-")
_ONCE = frozenset(
    b"host origin sec-fetch-site sec-fetch-mode sec-fetch-dest authorization x-workspace content-length "
    b"content-type content-encoding idempotency-key last-event-id".split()
)


class RequestHeaders(dict[bytes, bytes]):
    """The headers of one request by name, and which of those that may stand once stood more than once.

    A dictionary itself: each request looks at a dozen names, and `dict.get` costs a fifth of a method of ours.
    """

    __slots__ = ("forwarded", "repeated")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self.repeated: set[bytes] | None = None
        self.forwarded = False
        for name, value in raw:
            if name in self:
                if name in _ONCE:
                    self.repeated = (self.repeated or set()) | {name}
                else:
                    value = self[name] + (b"; " if name == b"cookie" else b", ") + value
            elif name in _FORWARDING or name.startswith(_FORWARDING_PREFIXES):
                self.forwarded = True
            self[name] = value

    def is_repeated(self, name: bytes) -> bool:
        """Whether `name`, which may stand once, stood more than once."""
        return self.repeated is not None and name in self.repeated

    def text(self, name: bytes) -> str | None:
        """The value of `name` as text, or None."""
        value = self.get(name)
        return None if value is None else value.decode("latin-1")
