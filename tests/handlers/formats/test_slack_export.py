"""Slack exports: what stands in them, and what happens with those that are broken or mean no good."""

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.handlers.formats import archive, payload, slack_text
from needlework.handlers.formats.items import Item, Problem
from needlework.handlers.formats.read import read
from needlework.handlers.formats.slack_message import Known, mention, person, read_message
from needlework.handlers.tasks.owners import owner_in

PEOPLE = [
    {"id": "U1", "name": "ann", "real_name": "Ann Lee", "profile": {"display_name": "Ann", "email": "Ann@a.example"}},
    {"id": "U2", "name": "bob", "real_name": "Bob Ray", "profile": {"display_name": ""}},
]
CHANNELS = [{"id": "C1", "name": "general"}, {"id": "C2", "name": "export"}]
THREAD = "1700000002.000300"
DAY_1 = [
    {"type": "message", "subtype": "channel_join", "user": "U2", "text": "<@U2> has joined the channel",
     "ts": "1700000000.000100"},
    {"type": "message", "user": "U1", "text": "Hello <@U2>, see <https://a.example/x?a=1&amp;b=2|the page> in <#C2>",
     "ts": "1700000001.000200"},
    {"type": "message", "user": "U1", "text": "A question?", "ts": THREAD, "thread_ts": THREAD, "reply_count": 2},
    {"type": "message", "user": "U2", "text": "An answer.", "ts": "1700000003.000400", "thread_ts": THREAD,
     "edited": {"user": "U2", "ts": "1700000009.000000"}, "reactions": [{"name": "tada", "users": ["U1"], "count": 1}]},
    {"type": "message", "subtype": "bot_message", "bot_id": "B1", "username": "Deploy", "text": "",
     "ts": "1700000004.000500", "attachments": [{"fallback": "Built 1.2", "text": "Built 1.2 &amp; shipped"}]},
    {"type": "message", "user": "U1", "text": "", "ts": "1700000005.000600",
     "files": [{"id": "F1", "name": "plan.pdf", "mimetype": "application/pdf", "size": 12}]},
]  # fmt: skip
FIELDS = sorted({name for row in DAY_1 for name in row})
DAY_2 = [
    {"type": "message", "user": "U1", "text": "More.", "ts": "1700090000.000100", "thread_ts": "1700000002.000300"},
    {"type": "message", "user": "U9", "text": "Older.", "ts": "1700090001.000100", "thread_ts": "1600000000.000100"},
]
FILES: dict[str, Any] = {
    "channels.json": CHANNELS,
    "users.json": PEOPLE,
    "general/2023-11-14.json": DAY_1,
    "general/2023-11-15.json": DAY_2,
}
Found = list[Item | Problem]


def packed(path: Path, files: dict[str, Any], prefix: str = "") -> Path:
    """A zip of these files; what is no bytes is written as JSON."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, value in files.items():
            made.writestr(prefix + name, value if isinstance(value, bytes) else json.dumps(value))
    return path


def unpacked(path: Path, files: dict[str, Any]) -> Path:
    for name, value in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(json.dumps(value))
    return path


def conversations(found: Found) -> dict[str, dict[str, Any]]:
    return {each.data["external_id"]: each.data for each in found if isinstance(each, Item)}


def problems(found: Found) -> list[tuple[str, str, bool]]:
    """(file within the export, reason, skipped) of each."""
    return [
        (each.source.partition(".zip/")[2], each.reason, each.skipped) for each in found if isinstance(each, Problem)
    ]


@pytest.mark.parametrize("form", ["zip", "zip of a folder", "folder", "without a suffix"])
def test_each_message_stands_in_its_day_or_in_its_thread(tmp_path: Path, form: str) -> None:
    path = {
        "zip": lambda: packed(tmp_path / "export.zip", FILES),
        "zip of a folder": lambda: packed(tmp_path / "export.zip", FILES, "Our Slack export/"),
        "folder": lambda: unpacked(tmp_path / "export", FILES),
        "without a suffix": lambda: packed(tmp_path / "export", FILES),
    }[form]()
    found = list(read(path))
    assert problems(found) == []
    assert {each.kind for each in found if isinstance(each, Item)} == {"conversation"}
    by_day = [(each.data["external_id"], len(each.data["messages"])) for each in found if isinstance(each, Item)]
    assert by_day == [
        ("slack:C1:2023-11-14", 4),
        ("slack:C1:1700000002.000300", 2),
        ("slack:C1:1700000002.000300", 1),
        ("slack:C1:1600000000.000100", 1),
    ]
    assert {(each["channel"], each["channel_id"]) for each in conversations(found).values()} == {("slack", "C1")}
    subjects = [each.data.get("subject") for each in found if isinstance(each, Item)]
    assert subjects == ["#general", "#general: A question?", None, "#general: a thread"]


def test_a_message_keeps_who_when_and_what_slack_says_of_it(tmp_path: Path) -> None:
    found = conversations(list(read(packed(tmp_path / "export.zip", FILES))))
    joined, hello, bot, file = found["slack:C1:2023-11-14"]["messages"]
    assert joined["facts"] == {"subtype": "channel_join"}
    assert (joined["text"], joined["sender"]) == ("@Bob.Ray has joined the channel", {"name": "Bob Ray", "id": "U2"})
    assert hello["text"] == "Hello @Bob.Ray, see the page (https://a.example/x?a=1&b=2) in #export"
    assert hello["sender"] == {"name": "Ann Lee", "email": "ann@a.example", "id": "U1"}
    assert (hello["external_id"], hello["sent_at"]) == ("1700000001.000200", "2023-11-14T22:13:21.000200Z")
    assert (bot["text"], bot["sender"]) == ("Built 1.2 & shipped", {"name": "Deploy", "id": "B1"})
    assert bot["facts"] == {"subtype": "bot_message", "bot": True}
    assert file["attachments"] == [{"name": "plan.pdf", "type": "application/pdf", "size": 12}]
    (stranger,) = found["slack:C1:1600000000.000100"]["messages"]
    assert stranger["sender"] == {"id": "U9"}
    first, answer = (read_message(row, Known({}, {}, {})).data for row in DAY_1[2:4])
    assert (first.get("reply_to"), answer["reply_to"]) == (None, "1700000002.000300")
    assert first["facts"] == {"thread_ts": "1700000002.000300"}
    assert answer["facts"]["edited_at"] == "2023-11-14T22:13:29Z"
    assert answer["facts"]["reactions"] == {"tada": 1}


def test_the_real_export_is_read_whole(collection: Path) -> None:
    if not (collection / "slack").is_dir():
        return
    found = list(read(collection / "slack" / "export"))
    assert problems(found) == []
    messages = [each for item in found if isinstance(item, Item) for each in item.data["messages"]]
    assert len(messages) == 102
    assert sum(bool(each.get("facts", {}).get("bot")) for each in messages) == 68
    assert not any("<@" in each["text"] or "&amp;" in each["text"] for each in messages)


def test_what_is_wrong_is_named_with_its_file_and_place_and_spoils_nothing_else(tmp_path: Path) -> None:
    files = FILES | {
        "general/2023-11-16.json": [
            {"type": "message", "user": "U1", "text": "no time"},
            {"type": "message", "user": "U1", "text": 5, "ts": "1700180000.000100"},
            {"type": "file", "ts": "1700180000.000100"},
            7,
            {"type": "message", "user": "U1", "text": "fine", "ts": "1700180001.000100"},
        ],
        "general/2023-11-17.json": b"[{]",
        "general/canvas.json": {},
        "lost/2023-11-14.json": DAY_1,
        "D1/2023-11-14.json": DAY_1,
        "dms.json": [{"id": "D1"}],
        "readme.txt": b"hello",
    }
    found = list(read(packed(tmp_path / "export.zip", files)))
    told = problems(found)
    day = "general/2023-11-16.json"
    assert [each for each in told if each[0] == day] == [
        (day, "element 1: ts is not a time of Slack, such as 1452845865.000008", False),
        (day, "element 2: text must be a text", False),
        (day, "element 3: no message: its type is not 'message'", False),
        (day, "element 4: not an object", False),
    ]
    assert [each["text"] for each in conversations(found)["slack:C1:2023-11-16"]["messages"]] == ["fine"]
    others = {name: (reason, skipped) for name, reason, skipped in told if name != day}
    assert others["general/2023-11-17.json"][0].startswith("not JSON")
    assert others["lost"] == ("a folder of no channel that channels.json names", False)
    assert {name for name, (_, skipped) in others.items() if skipped} == {"readme.txt", "general/canvas.json", "D1"}
    assert len(conversations(found)) == 4


def test_a_day_of_many_messages_comes_in_pieces(tmp_path: Path) -> None:
    many = [{"type": "message", "user": "U1", "text": str(n), "ts": f"17000{n:05d}.000100"} for n in range(1201)]
    found = list(read(packed(tmp_path / "export.zip", FILES | {"general/2023-11-14.json": many})))
    day = [item for item in found if isinstance(item, Item) and item.data["external_id"] == "slack:C1:2023-11-14"]
    assert [len(each.data["messages"]) for each in day] == [500, 500, 201]
    assert {each.place for each in day} == {f"{tmp_path}/export.zip/general/2023-11-14.json"}


def test_names_in_an_archive_are_words_and_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("[]")
    names = ["../secret.json", "/etc/passwd", "general/../../secret.json", "general/\x1b[31m.json", "C:\\x.json"]
    found = list(read(packed(tmp_path / "export.zip", FILES | dict.fromkeys(names, b"[]"))))
    assert len(conversations(found)) == 3
    assert all(skipped for _, _, skipped in problems(found))
    assert not any("\x1b" in source for source, _, _ in problems(found))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["export.zip", "secret.json"]


def test_links_in_an_unpacked_export_are_not_followed(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "export", FILES)
    (tmp_path / "elsewhere.json").write_text(json.dumps(DAY_1))
    (folder / "general" / "2023-11-20.json").symlink_to(tmp_path / "elsewhere.json")
    (folder / "export").symlink_to(folder / "general")
    os.mkfifo(folder / "general" / "2023-11-21.json")
    found = list(read(folder))
    refused = [each for each in found if isinstance(each, Problem) and "not a file" in each.reason]
    assert [Path(each.source).name for each in refused] == ["2023-11-20.json", "2023-11-21.json"]
    assert len(conversations(found)) == 3


def test_a_bomb_is_read_until_it_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_FILE", 2 * 1024 * 1024)
    files = FILES | {"general/2023-11-16.json": b" " * 50_000_000}
    found = list(read(packed(tmp_path / "export.zip", files)))
    assert problems(found) == [("general/2023-11-16.json", "larger than 2 MiB", False)]
    assert len(conversations(found)) == 3
    with (tmp_path / "export.zip").open("rb") as file:
        opened = archive.Archive(file, most=1_000_000)
        with pytest.raises(ValueError, match="unpacks to more"):
            opened.read("general/2023-11-16.json")


@pytest.mark.parametrize("wide", [False, True])
def test_the_end_of_an_archive_hides_no_long_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wide: bool) -> None:
    """An offset that reads like the beginning of another end kept the size from being seen; zipfile saw it."""
    data = bytearray(packed(tmp_path / "export.zip", FILES).read_bytes())
    end, size = len(data) - 22, struct.unpack_from("<L", data, len(data) - 10)[0]
    struct.pack_into("<L", data, end + 16, 0x06064B50 if wide else 0x06054B50)
    if wide:
        struct.pack_into("<L", data, end + 12, 1)
        more = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, len(FILES), len(FILES), size, end - size)
        data[end:end] = more + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    (tmp_path / "export.zip").write_bytes(data)
    monkeypatch.setattr(archive, "LARGEST_LIST", 100)
    (found,) = read(tmp_path / "export.zip")
    assert isinstance(found, Problem)
    assert found.reason == "its list of files is larger than 0 MiB"


def test_an_archive_with_too_long_a_list_is_not_looked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "export.zip", FILES)
    monkeypatch.setattr(archive, "LARGEST_LIST", 100)
    assert [each.reason for each in read(path)] == ["its list of files is larger than 0 MiB"]  # type: ignore[union-attr]


def test_an_encrypted_file_says_what_to_do(tmp_path: Path) -> None:
    path = packed(tmp_path / "export.zip", FILES)
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        flags = struct.unpack_from("<H", data, at + 8)[0]
        struct.pack_into("<H", data, at + 8, flags | 1)
        at = data.find(b"PK\x01\x02", at + 1)
    path.write_bytes(bytes(data))
    reasons = {reason for _, reason, _ in problems(list(read(path)))}
    assert reasons == {"encrypted: unpack it with its password, and import the folder"} | {
        "a folder of no channel that channels.json names"
    }


def test_another_archive_is_none_and_no_failure_inside_a_folder(tmp_path: Path) -> None:
    path = packed(tmp_path / "photos.zip", {"a.jpg": b"x"})
    (found,) = read(path)
    assert isinstance(found, Problem)
    assert found.reason.startswith("not a Slack export: no channels.json in it")
    (tmp_path / "empty.zip").write_bytes(b"")
    assert [each.skipped for each in read(tmp_path) if isinstance(each, Problem)] == [True, True]


@given(st.binary(max_size=300), st.integers(0, 2_000), st.integers(0, 255))
def test_a_damaged_archive_is_a_problem_and_never_an_exception(data: bytes, at: int, value: int) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in FILES.items():
            opened.writestr(name, json.dumps(content))
    whole = bytearray(made.getvalue())
    whole[at % len(whole)] = value
    for content in (data, b"PK\x03\x04" + data, bytes(whole)):
        tried(look_through, content)


def look_through(content: bytes) -> None:
    """Open an archive, and read each file of it that can be read."""
    files = archive.Archive(io.BytesIO(content))
    for name in files.names:
        tried(files.read, name)


def tried(work: Callable[[Any], Any], given_: Any) -> Any:
    """What comes of it; None where it is refused with a reason. Any other exception is a failure."""
    try:
        return work(given_)
    except ValueError as error:
        if not str(error):
            raise
        return None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(THREAD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(FIELDS), anything))
def test_a_message_of_any_shape_is_read_or_refused(fields: dict[str, Any]) -> None:
    said = tried(lambda row: read_message(row, Known({}, {}, {})), {**DAY_1[3], **fields})
    if said is not None:
        assert isinstance(said.data["text"], str)
        json.dumps(said.data)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<@U1|ann> and <@U7>", "@Ann and @U7"),
        ("<#C7|random> <#C1>", "#random #general"),
        ("<!here> <!channel|channel> <!subteam^S1|@team> <!date^1^{date}|10 May>", "@here channel @team 10 May"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<https://a.example>", "https://a.example"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("&amp;lt;", "&lt;"),
        ("a < b > c <>", "a < b > c <>"),
    ],
)
def test_slack_s_marks_become_words(written: str, shown: str) -> None:
    assert slack_text.plain(written, {"U1": "Ann"}, {"C1": "general"}) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (":fire: it burns :our-logo: :white_check_mark:", "🔥 it burns :our-logo: ✅"),
        ("done:tada::+1::skin-tone-3: :woman-shrugging: :flag-de:", "done🎉👍🏼 🤷\u200d♀️ 🇩🇪"),
        ("at 10:30:45, 12:100:30, :100: :x", "at 10:30:45, 12:100:30, 💯 :x"),
        ("`:fire:` ```\n:fire:\n``` :fire:", "`:fire:` ```\n:fire:\n``` 🔥"),
    ],
)
def test_names_of_emoji_become_emoji_where_they_are_known(written: str, shown: str) -> None:
    assert slack_text.with_emoji(written) == shown


def test_a_text_cut_amid_a_character_spoils_nothing_beside_it(tmp_path: Path) -> None:
    """JSON can hold half of a pair, and decoders refuse it: a whole day of the channel was lost."""
    said = ["first", "cut \ud83d here", "a \U0001f600, a \\ud83d as text", "cut at the end \udc00"]
    rows = [{"type": "message", "ts": f"170000000{at}.000100", "text": text} for at, text in enumerate(said)]
    files = FILES | {"general/2023-11-14.json": json.dumps(rows).encode()}
    first, *_ = [each for each in read(packed(tmp_path / "export.zip", files)) if isinstance(each, Item)]
    texts = [each["text"] for each in first.data["messages"]]
    assert texts == [said[0], "cut \ufffd here", said[2], "cut at the end \ufffd"]


@pytest.mark.parametrize("number", [1 << 60, 1 << 70, -1, True, "12"])
def test_a_number_that_the_server_refuses_does_not_cost_the_day(number: Any) -> None:
    row = {"type": "message", "ts": "1700000000.000100", "text": "Hi", "files": [{"name": "a", "size": number}]}
    said = read_message(row | {"reactions": [{"name": "tada", "count": number}]}, Known({}, {}, {})).data
    assert said["attachments"] == [{"name": "a"}]
    assert "facts" not in said


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"real_name": "Ann Lee", "display_name": "annie", "name": "ann"}, "Ann Lee"),
        ({"real_name": " ", "display_name": "annie", "name": "ann"}, "annie"),
        ({"display_name": "", "name": "ann"}, "ann"),
        ({"login": "ann-gh"}, "ann-gh"),
    ],
)
def test_one_person_has_one_name_wherever_a_program_tells_it(said: dict[str, Any], name: str) -> None:
    """The index of an export took one, a message of somebody it does not list another, a list of people a third."""
    row = {"type": "message", "ts": "1700000000.000100", "text": "<@U1> says hello"}
    profile = {"display_name": said.get("display_name"), "real_name": said.get("real_name")}
    listed = person({"id": "U1", "name": said.get("name") or said.get("login"), "profile": profile})
    stranger = read_message({**row, "user": "U1", "user_profile": said}, Known({}, {}, {})).data["sender"]
    assert (listed["name"], stranger["name"], payload.who(said)["name"]) == (name, name, name)
    told = read_message({**row, "user": "U1"}, Known({"U1": listed}, {"U1": mention(listed)}, {})).data["text"]
    words, owner = owner_in(told.replace(" says hello", " please check the export"), [name])
    assert (words, owner) == ("check the export", name)
