"""What was spoken about: phrases that name it, in parts that follow each other."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from needlework.handlers.formats.items import Item
from needlework.handlers.formats.read import read
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.summarise import Turn, split
from needlework.handlers.text.topics import Part, parts

FILES = sorted((Path(__file__).parents[1] / "meetings" / "transcripts").iterdir())
_POOR = "going yeah thank good because can't everybody monday hundred five eighty month last next since send"
POOR = frozenset(_POOR.split())


def topics(path: Path) -> tuple[list[Part], list[Turn]]:
    """The parts of a transcript."""
    (found,) = read(path)
    assert isinstance(found, Item)
    turns = [Turn(each["sender"].get("name", ""), each["text"]) for each in found.data["messages"]]
    said = split(turns)
    names = [turn.speaker for turn in turns]
    return parts(said, shared_encoder().encode([each.text for each in said]), names, found.data["subject"]), turns


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_topics_are_things_and_no_names_numbers_or_small_words(path: Path) -> None:
    """Story: the topics of a meeting were "thank", "can't", "hundred" and the people's own names."""
    found, turns = topics(path)
    people = {part for turn in turns for part in turn.speaker.lower().split()}
    words = {word for part in found for phrase in part.phrases for word in phrase.lower().split()}
    assert found
    assert not words & (POOR | people)
    assert not [word for word in words if "'" in word.removesuffix("'s")]
    assert all(before.last < after.first for before, after in pairwise(found))


def test_topics_name_what_it_was_about() -> None:
    named = {path.stem: {phrase for part in topics(path)[0] for phrase in part.phrases} for path in FILES}
    assert {"calendar view", "cancellation"} <= named["Sprint planning"]
    assert {"climbing wall", "insurance"} <= named["Summer fair committee"]
    assert {"audit log", "single sign-on"} <= named["acme renewal call"]
    assert "status page" in named["incident_20260217"]


def test_one_sentence_has_no_parts_to_tell_apart() -> None:
    said = split([Turn("Ann", "The export of large invoices fails.")])
    assert len(parts(said, np.ones((1, 384), dtype=np.float32))) <= 1
