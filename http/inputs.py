"""What the routes that are no operations read: a small record as body, a few named query parameters."""

from typing import Any, TypeVar

import msgspec
from needlework.bus.errors import FieldError
from needlework.http.arguments import parse_query
from needlework.http.bodies import aside, check_depth, check_string, clean, decode, read_body
from needlework.http.fields import unknown_field
from needlework.http.problems import Problem
from needlework.http.settings import HttpSettings
from starlette.requests import Request

_T = TypeVar("_T", bound=msgspec.Struct)


async def read_record(request: Request, settings: HttpSettings, kind: type[_T]) -> _T:
    """The body as a `kind`. Raises Problem 4xx."""
    body = await _read(request, settings)
    return decode(body, msgspec.json.Decoder(kind).decode, kind.__struct_fields__)


async def read_object(request: Request, settings: HttpSettings) -> dict[str, Any]:
    """The body as any object. Raises Problem 4xx."""
    return decode(await _read(request, settings), msgspec.json.Decoder(dict[str, Any]).decode)


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """No fields."""


async def read_nothing(request: Request, settings: HttpSettings) -> None:
    """No body, or an empty object: whatever else a caller sends, they mean something that is not done."""

    read_query(request)
    await read_record(request, settings, Nothing)


async def _read(request: Request, settings: HttpSettings) -> bytes:
    body = await read_body(request.receive, settings.body_limit, settings.body_timeout)
    body = await aside(body, clean, body)
    await aside(body, check_depth, body, settings.depth)
    return body


def read_query(request: Request, *names: str) -> dict[str, str]:
    """The query parameters among `names`. Raises Problem 422 for any other, and for one given twice."""
    errors, values = [], {}
    for name, texts in parse_query(request.scope["query_string"]).items():
        if name not in names:
            errors.append(unknown_field(name, names))
        elif len(texts) > 1:
            errors.append(FieldError(name, "is given more than once"))
        elif not check_string(texts[0]) or len(texts[0]) > 1000:
            errors.append(FieldError(name, "can't be read"))
        else:
            values[name] = texts[0]
    if errors:
        detail = "; ".join(f"{error.field} {error.message}" for error in errors)
        raise Problem(422, "invalid_field", detail, errors=errors)
    return values


def read_limit(values: dict[str, str], most: int = 500) -> int:
    """The page size among `values`, 50 by default. Raises Problem 422."""
    text = values.get("limit", "50")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise wrong("limit", f"goes from 1 to {most}")
    return int(text)


def read_choice(values: dict[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    """One of a few words among `values`, or None. Raises Problem 422."""
    text = values.get(name)
    if text is not None and text not in choices:
        raise wrong(name, f"is one of {', '.join(choices)}")
    return text


def wrong(field: str, message: str, hint: str | None = None) -> Problem:
    """A refusal of one field."""
    return Problem(422, "invalid_field", f"{field} {message}", errors=[FieldError(field, message, hint)])
