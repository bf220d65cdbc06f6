"""The registry joins code and policy at start: types from Python, settings from `topics.toml`, every mistake named."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from needlework.bus.durations import parse_duration
from needlework.bus.errors import ConfigError, UnknownTopic
from needlework.bus.messages import Message, reply_type
from needlework.bus.policies import LimitPolicy, Policies, RunnerPolicy, TopicPolicy
from needlework.bus.subscriptions import Subscription
from needlework.bus.topicfile import nearest, parse_policies, read_policies


class Topic:
    """One operation: its message type, its policy, who takes it. Values used per message are worked out once."""

    def __init__(self, name: str, type: type[Message[Any]], policy: TopicPolicy, origin: str) -> None:
        self.name, self.type, self.policy, self.origin = name, type, policy, origin
        self.reply = reply_type(type)
        self.key_fields = type.__key__
        self.subscriptions: list[Subscription] = []
        self.timeout = parse_duration(policy.timeout)
        self.retention = parse_duration(policy.retention)
        self.dead_retention = parse_duration(policy.dead_retention)
        self.ordered = policy.order == "key" and bool(self.key_fields)
        self.decode = msgspec.json.Decoder(type).decode

    @property
    def runners(self) -> tuple[str, ...]:
        """The runners that take it, in order of declaration."""
        return tuple(subscription.runner for subscription in self.subscriptions)

    @property
    def replier(self) -> str | None:
        """The runner whose result answers a caller."""
        return self.policy.replies or (self.runners[0] if len(self.runners) == 1 else None)

    def key_of(self, message: Message[Any]) -> str | None:
        """The message's key as canonical JSON, or None for a topic without key."""
        if not self.key_fields:
            return None
        return msgspec.json.encode([getattr(message, field) for field in self.key_fields], order="sorted").decode()


class Runner:
    """A named consumer and its policy."""

    def __init__(self, name: str, policy: RunnerPolicy, origin: str) -> None:
        self.name, self.policy, self.origin = name, policy, origin
        self.topics: dict[str, Subscription] = {}


class Registry:
    """All topics, runners and limits of this process. Build it with `load` or `of`; it never changes afterwards."""

    def __init__(self, topics: dict[str, Topic], runners: dict[str, Runner], limits: dict[str, LimitPolicy]) -> None:
        self.topics, self.runners, self.limits = topics, runners, limits
        self.by_type = {topic.type: topic for topic in topics.values()}

    def topic(self, name: str) -> Topic:
        """Topic `name`. Raises UnknownTopic with the nearest name."""
        try:
            return self.topics[name]
        except KeyError:
            raise UnknownTopic(f"no topic {name[:100]!r}{nearest(name, self.topics)}") from None

    def topic_of(self, message: Message[Any]) -> Topic:
        """The topic of a message object. Raises UnknownTopic where its class is not registered here."""
        try:
            return self.by_type[type(message)]
        except KeyError:
            raise UnknownTopic(f"{type(message).__name__} belongs to no topic that is registered here") from None

    @classmethod
    def load(
        cls, packages: Iterable[str], policy_files: Iterable[Path], extra: Iterable[ModuleType] = ()
    ) -> "Registry":
        """Import every module below `packages` and join what they (and `extra` modules) declare with the policies."""
        modules = [module for package in packages for module in _modules(package)] + list(extra)
        files = [(str(path), *read_policies(path)) for path in policy_files]
        return cls._join(modules, files)

    @classmethod
    def of(cls, *declared: object, policies: Mapping[str, Any], source: str = "topics") -> "Registry":
        """A registry of single functions and message types, for tests and small programs."""
        module = ModuleType(source)
        for number, thing in enumerate(declared):
            setattr(module, f"thing{number}", thing)
            for mark in getattr(thing, "__subscriptions__", ()):
                setattr(module, f"type_{mark.message.__name__}", mark.message)
        return cls._join([module], [(source, *parse_policies(dict(policies), source))], local_only=False)

    @classmethod
    def _join(
        cls,
        modules: list[ModuleType],
        files: list[tuple[str, Policies, list[str]]],
        *,
        local_only: bool = True,
    ) -> "Registry":
        problems = [problem for _, _, found in files for problem in found]
        types: dict[str, tuple[type[Message[Any]], str]] = {}
        subscriptions: list[tuple[Subscription, str]] = []
        for module in modules:
            for kind in _message_types(module, local_only):
                _add_type(types, kind, module, problems)
            subscriptions += [(mark, module.__name__) for mark in _marks(module, local_only)]
        broken = {problem.split("[topics.")[1].split("]")[0] for problem in problems if "[topics." in problem}
        topics = _join_topics(types, files, problems, broken)
        runners = {
            name: Runner(name, policy, source)
            for source, policies, _ in files
            for name, policy in policies.runners.items()
        }
        limits = {name: policy for _, policies, _ in files for name, policy in policies.limits.items()}
        _attach(subscriptions, topics, runners, problems)
        _check(topics, runners, limits, problems)
        if problems:
            raise ConfigError(problems)
        return cls(topics, runners, limits)


def _modules(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    yield root
    for info in pkgutil.walk_packages(getattr(root, "__path__", ()), prefix=f"{package}."):
        yield importlib.import_module(info.name)


def _message_types(module: ModuleType, local_only: bool) -> Iterator[type[Message[Any]]]:
    for thing in list(vars(module).values()):
        declared = isinstance(thing, type) and issubclass(thing, Message) and thing.__topic__ is not None
        if declared and (not local_only or thing.__module__ == module.__name__):
            yield thing


def _marks(module: ModuleType, local_only: bool) -> Iterator[Subscription]:
    for thing in list(vars(module).values()):
        if inspect.isfunction(thing) and (not local_only or thing.__module__ == module.__name__):
            yield from getattr(thing, "__subscriptions__", ())


def _add_type(
    types: dict[str, tuple[type[Message[Any]], str]],
    kind: type[Message[Any]],
    module: ModuleType,
    problems: list[str],
) -> None:
    topic = kind.__topic__
    assert topic is not None  # _message_types yields only those
    if topic in types:
        problems.append(
            f"{module.__name__}: {kind.__name__} takes topic {topic!r}, which {types[topic][1]} has already"
        )
    else:
        types[topic] = (kind, module.__name__)


def _join_topics(
    types: dict[str, tuple[type[Message[Any]], str]],
    files: list[tuple[str, Policies, list[str]]],
    problems: list[str],
    broken: set[str],
) -> dict[str, Topic]:
    topics: dict[str, Topic] = {}
    for source, policies, _ in files:
        for name, policy in policies.topics.items():
            if name in topics:
                problems.append(f"{source}: [topics.{name}] stands in {topics[name].origin} already")
            elif name not in types:
                problems.append(f"{source}: [topics.{name}] has no message type in Python{nearest(name, types)}")
            else:
                topics[name] = Topic(name, types[name][0], policy, source)
    for name, (kind, module_name) in types.items():
        if name not in topics and name not in broken:
            known = [policy for _, policies, _ in files for policy in policies.topics]
            problems.append(f'{module_name}: {kind.__name__} has no [topics."{name}"] table{nearest(name, known)}')
    return topics


def _attach(
    subscriptions: list[tuple[Subscription, str]],
    topics: dict[str, Topic],
    runners: dict[str, Runner],
    problems: list[str],
) -> None:
    for subscription, module_name in subscriptions:
        where = f"{module_name}.{subscription.function.__name__}"
        topic, runner = topics.get(subscription.topic), runners.get(subscription.runner)
        if runner is None:
            problems.append(f"{where}: no [runners.{subscription.runner}]{nearest(subscription.runner, runners)}")
        if topic is None or runner is None:
            continue
        if topic.name in runner.topics:
            problems.append(f"{where}: runner {runner.name!r} takes topic {topic.name!r} already")
            continue
        runner.topics[topic.name] = subscription
        topic.subscriptions.append(subscription)


def _check(
    topics: dict[str, Topic], runners: dict[str, Runner], limits: dict[str, LimitPolicy], problems: list[str]
) -> None:
    for topic in topics.values():
        where = f"{topic.origin}: [topics.{topic.name}]"
        policy = topic.policy
        if not topic.subscriptions:
            problems.append(f"{where}: no handler subscribes to it")
        if policy.replies is not None and policy.replies not in topic.runners:
            problems.append(f"{where}: replies = {policy.replies!r} is not one of its runners {list(topic.runners)}")
        if policy.reply == "result" and topic.replier is None and topic.subscriptions:
            problems.append(f'{where}: several runners take it; say which one answers with replies = "…"')
        if policy.query and len(topic.subscriptions) > 1:
            problems.append(f"{where}: a query has exactly one handler")
        problems.extend(
            f"{where}: process = true needs a plain `def` at the top of a module, not {each.function.__qualname__}"
            for each in topic.subscriptions
            if policy.process and (each.is_async or "<" in each.function.__qualname__)
        )
        if policy.order == "key" and not topic.key_fields:
            problems.append(f'{where}: order = "key" needs key=(…) on {topic.type.__name__}')
        problems.extend(
            f"{where}: unknown limit {name!r}{nearest(name, limits)}" for name in policy.limits if name not in limits
        )
        problems.extend(f"{where}: instead: {problem}" for problem in _instead(topic, topics))
        for field in _path_fields(policy.path):
            if field not in topic.type.__struct_fields__:
                problems.append(f"{where}: route names {{{field}}}, which is not a field of {topic.type.__name__}")


def _instead(topic: Topic, topics: dict[str, Topic]) -> Iterator[str]:
    """What is wrong with the topics that take over where a field is true."""
    for field, name in topic.policy.instead.items():
        other = topics.get(name)
        if field not in topic.type.__struct_fields__:
            yield f"{field!r} is not a field of {topic.type.__name__}"
        if other is None:
            yield f"unknown topic {name!r}{nearest(name, topics)}"
        elif other.policy.route is not None or other.policy.permission != topic.policy.permission:
            yield f"{name!r} must have the same permission, and no route of its own"
        elif set(other.type.__struct_fields__) != set(topic.type.__struct_fields__):
            yield f"{other.type.__name__} must have the fields of {topic.type.__name__}"


def _path_fields(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{") and part.endswith("}")]
