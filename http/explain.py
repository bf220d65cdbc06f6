"""Why `key` and `data` don't make a message of their topic: every wrong field, each with its path."""

import msgspec
from needlework.bus.errors import FieldError
from needlework.bus.registry import Topic
from needlework.http.fields import join, unknown_fields, with_choices, wrong_field
from needlework.http.merge import is_object, members, merge


def explain(topic: Topic, key: bytes, data: bytes) -> list[FieldError]:
    """The mistakes in `key` and `data`; at least one, since they could not be decoded."""
    errors: list[FieldError] = []
    found: dict[str, dict[str, msgspec.Raw]] = {}
    for name, text in (("key", key), ("data", data)):
        if not is_object(text):
            errors.append(FieldError(name, "must be an object"))
            continue
        try:
            found[name] = members(text)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            errors.append(FieldError(name, f"can't be read: {error}"))
    if errors:
        return errors
    errors = _check_names(topic, found["key"], found["data"]) + _check_values(topic, found)
    return errors or [_check_whole(topic, merge(key, data), "key" if topic.key_fields else "data")]


def explain_members(topic: Topic, text: bytes) -> list[FieldError]:
    """As `explain`, for one object that holds all fields."""
    try:
        found = members(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return [FieldError("body", f"can't be read: {error}")]
    fields = {field.encode_name: field for field in msgspec.structs.fields(topic.type)}
    errors = unknown_fields(found, fields)
    errors += [
        FieldError(name, "is required") for name, field in fields.items() if field.required and name not in found
    ]
    errors += _check_values(topic, {"": found})
    return errors or [_check_whole(topic, text, "")]


def _check_names(topic: Topic, key: dict[str, msgspec.Raw], data: dict[str, msgspec.Raw]) -> list[FieldError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(topic.type)}
    errors = unknown_fields(key, fields, "key") + unknown_fields(data, fields, "data")
    errors += [FieldError(f"data.{name}", "is given in key as well") for name in fields if name in key and name in data]
    for name, field in fields.items():
        if field.required and name not in key and name not in data:
            where = "key" if field.name in topic.key_fields else "data"
            errors.append(FieldError(f"{where}.{name}", "is required"))
    return errors


def _check_values(topic: Topic, found: dict[str, dict[str, msgspec.Raw]]) -> list[FieldError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(topic.type)}
    errors = []
    for where, values in found.items():
        for name, raw in values.items():
            if name not in fields:
                continue
            prefix = f"{where}.{name}" if where else name
            try:
                msgspec.json.decode(raw, type=fields[name].type)
            except msgspec.ValidationError as error:
                errors.append(with_choices(wrong_field(error, prefix=prefix), fields[name].type))
            except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError) as error:
                errors.append(FieldError(prefix, f"can't be read: {error}"))
    return errors


def _check_whole(topic: Topic, text: bytes, where: str) -> FieldError:
    """What only shows when all fields are together: a rule of the record, or of the field that it begins with.

    `where` is the object of a publish, empty where there is only one.
    """
    whole = where or "body"
    try:
        topic.decode(text)
    except msgspec.ValidationError as error:
        problem = str(error).partition(" - at `")[0].replace("`", "")
        name, _, rest = problem.partition(" ")
        fields = {field.encode_name: field.name for field in msgspec.structs.fields(topic.type)}
        if (name := name.rstrip(":")) not in fields or not rest:
            return FieldError(whole, problem)
        place = ("key" if fields[name] in topic.key_fields else "data") if where else ""
        return FieldError(join(place, name), rest)
    except (msgspec.MsgspecError, ValueError, RecursionError, OverflowError) as error:
        return FieldError(whole, f"can't be read: {error}")
    return FieldError(whole, "does not fit its topic")
