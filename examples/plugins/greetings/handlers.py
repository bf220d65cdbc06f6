"""Greet people, slowly, and remember whom."""

import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe


class Greeting(msgspec.Struct):
    """What greeting somebody comes to."""

    text: str
    letters: int


class Greet(Message[Greeting], topic="greetings.greet", key=("name",)):
    """Greet somebody by name."""

    name: str
    shout: bool = False


class Greeted(Message[None], topic="greetings.greeted", key=("name",)):
    """Somebody was greeted. A fact: named by a past participle."""

    name: str


@subscribe(Greet, runner="greetings")
async def greet(message: Greet, ctx: Context) -> Greeting:
    """Spell the name, letter by letter, then greet."""
    if not message.name.strip():
        raise Refuse(422, "no_name", "nobody can be greeted without a name")
    for done, letter in enumerate(message.name, 1):
        await ctx.progress(done, of=len(message.name), note=letter)
    ctx.publish(Greeted(name=message.name))
    text = f"Hello, {message.name}!"
    return Greeting(text.upper() if message.shout else text, len(message.name))


@subscribe(Greeted, runner="greetings")
async def greeted(message: Greeted, ctx: Context) -> None:
    """Note it down."""
    await ctx.log("greeted", name=message.name, cause=ctx.message_id)
