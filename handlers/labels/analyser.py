"""What a conversation or note holds: every label with the sentences that prove it.

Sentence by sentence, each with a little of its neighbours: strong patterns first, then the models. A
label's score is that of its best sentence; without a sentence to quote there is no label. Blocking and
pure: call it in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from needlework.handlers.labels.definitions import LabelDefinition

if TYPE_CHECKING:
    from needlework.handlers.labels.reading import Reading
    from needlework.handlers.text.encoder import Encoder

ANALYSER_VERSION = "labels-8/minilm-l6-v2-int8-1"
"""Names rules, models and encoder: a result is cached under it, and a change of any of them changes it."""
MAX_EVIDENCE = 10
"""Sentences quoted for one label, the best ones."""


class Segment(msgspec.Struct, frozen=True):
    """One message of a conversation, or a whole note."""

    id: str | None
    text: str
    sender: str | None = None


class Evidence(msgspec.Struct, frozen=True):
    """A sentence that carries the label: `text[start:end] == quote` of the segment with that id, always."""

    message_id: str | None
    start: int
    end: int
    quote: str
    score: float


class LabelResult(msgspec.Struct, frozen=True):
    """One label over all segments.

    `score` is that of its best sentence; present means evidence is not empty.
    """

    label: str
    present: bool
    score: float
    evidence: list[Evidence]
    provenance: str
    model: str
    definition_version: int


def analyse(
    segments: Sequence[Segment], definitions: Sequence[LabelDefinition], encoder: Encoder | None = None
) -> list[LabelResult]:
    """One result for each enabled definition, in their order, whether present or not."""
    # numpy and the models are loaded by the first analysis, not by the start of the service
    from needlework.handlers.labels.reading import read
    from needlework.handlers.text.encoder import shared_encoder

    enabled = [definition for definition in definitions if definition.enabled]
    reader = encoder or shared_encoder()
    reading = read(segments, reader) if enabled else None
    if reading is None:
        return [_absent(definition) for definition in enabled]
    return [_result(reading, definition, reader) for definition in enabled]


def _result(reading: Reading, definition: LabelDefinition, encoder: Encoder) -> LabelResult:
    from needlework.handlers.labels.reading import judge

    judgement = judge(reading, definition, encoder)
    evidence = [_evidence(reading, at, score) for at, score in judgement.carriers]
    return LabelResult(
        label=definition.key,
        present=bool(evidence),
        score=round(judgement.score, 4),
        evidence=evidence,
        provenance=judgement.provenance,
        model=ANALYSER_VERSION,
        definition_version=definition.version,
    )


def _evidence(reading: Reading, at: int, score: float) -> Evidence:
    segment, span = reading.segments[reading.found.segments[at]], reading.found.spans[at]
    return Evidence(segment.id, span.start, span.end, segment.text[span.start : span.end], round(score, 4))


def _absent(definition: LabelDefinition) -> LabelResult:
    return LabelResult(definition.key, False, 0.0, [], "model", ANALYSER_VERSION, definition.version)
