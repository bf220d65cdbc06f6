"""Path and query parameters as values of a topic's fields: text becomes what the field's type says."""

import math
import re
import types
import typing
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from needlework.bus.errors import FieldError
from needlework.bus.registry import Topic
from needlework.http.bodies import check_string
from needlework.http.fields import unknown_field, wrong_field
from needlework.http.problems import Problem

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_MOST = 100
_LARGEST = 1 << 53
_FILTERS = frozenset(("from", "until"))


class Arguments:
    """What one topic takes from the address of a request."""

    def __init__(self, topic: Topic) -> None:
        self.fields = {field.encode_name: field for field in msgspec.structs.fields(topic.type)}
        self.path: frozenset[str] = frozenset(re.findall(r"{(\w+)}", topic.policy.path))
        by_name: dict[str, str] = {field.name: field.encode_name for field in self.fields.values()}
        self.path_names: dict[str, str] = {name: by_name.get(name, name) for name in self.path}
        rest = [field for field in self.fields.values() if field.name not in self.path]
        optional = all(not field.required or field.encode_name in _FILTERS for field in rest)
        reads = topic.policy.method in ("GET", "DELETE")
        filters = topic.policy.method == "POST" and optional
        self.by_query = reads or (filters and all(_is_scalar(field.type) for field in rest))
        """Whether the address is where its fields usually stand; a body is taken as well."""
        self.takes_body = bool(rest) and not self.by_query
        self.takes_list = any(field.encode_name == "items" for field in rest)
        """Whether an array as body stands for `{"items": […]}`."""
        self._rest = rest

    def documented_query(self) -> list[msgspec.structs.FieldInfo]:
        """The field of each query parameter, for the documents."""
        return self._rest if self.by_query else []

    def from_address(self, path_params: dict[str, str], query: bytes) -> bytes:
        """The values of path and query as one JSON object. Raises Problem 422 naming every wrong one."""
        if not path_params and not query:
            return b"{}"
        errors: list[FieldError] = []
        values: dict[str, Any] = {}
        for name, text in path_params.items():
            self._take(self.path_names[name], [text], values, errors)
        for name, texts in parse_query(query).items():
            if name not in self.fields or name in self.path_names.values():
                errors.append(unknown_field(name, [field.encode_name for field in self._rest]))
            else:
                self._take(name, texts, values, errors)
        if errors:
            detail = "; ".join(f"{error.field} {error.message}" for error in errors)
            raise Problem(422, "invalid_field", detail, errors=errors)
        return msgspec.json.encode(values)

    def _take(self, name: str, texts: list[str], values: dict[str, Any], errors: list[FieldError]) -> None:
        kind = self.fields[name].type
        if not all(check_string(text) for text in texts):
            errors.append(FieldError(name, "holds a character that can't be stored"))
        elif _is_list(kind):
            parts = [part for text in texts for part in text.split(",") if part]
            _convert(parts, kind, name, values, errors)
        elif len(texts) > 1:
            errors.append(FieldError(name, "is given more than once"))
        else:
            _convert(_number_if_mixed(texts[0], kind), kind, name, values, errors)


def parse_query(query: bytes) -> dict[str, list[str]]:
    """A query string's parameters. Raises Problem 422 where it isn't UTF-8 or holds too many."""
    if not query:
        return {}
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST)
    except ValueError:
        detail = f"the query is not at most {_MOST} parameters in percent-encoded UTF-8"
        raise Problem(422, "bad_query", detail, errors=[FieldError("query", detail)]) from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _convert(value: Any, kind: Any, name: str, values: dict[str, Any], errors: list[FieldError]) -> None:
    try:
        converted = msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        errors.append(wrong_field(error, prefix=name))
        return
    except (ValueError, OverflowError) as error:
        errors.append(FieldError(name, str(error)))
        return
    for number in converted if isinstance(converted, list | tuple | set | frozenset) else (converted,):
        if isinstance(number, float) and not math.isfinite(number):
            errors.append(FieldError(name, "is not a finite number"))
            return
        if isinstance(number, int) and abs(number) > _LARGEST:
            errors.append(FieldError(name, "is beyond ±2^53"))
            return
    values[name] = converted


def _number_if_mixed(text: str, kind: Any) -> Any:
    """A field that takes numbers and text gets a number where the text is one."""
    members = set(_members(kind))
    if str in members and int in members and _INTEGER.fullmatch(text):
        return int(text)
    if str in members and float in members and _DECIMAL.fullmatch(text):
        return float(text)
    return text


def _members(kind: Any) -> list[Any]:
    """The plain types of a union, without annotations and None."""
    if typing.get_origin(kind) is typing.Annotated:
        return _members(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        return [member for part in typing.get_args(kind) for member in _members(part)]
    return [] if kind in (type(None), None) else [kind]


def _is_list(kind: Any) -> bool:
    return any((typing.get_origin(member) or member) in (list, tuple, set, frozenset) for member in _members(kind))


def _is_scalar(kind: Any) -> bool:
    plain = (str, int, float, bool)
    return all(member in plain or typing.get_origin(member) is typing.Literal for member in _members(kind))
