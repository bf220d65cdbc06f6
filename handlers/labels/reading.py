"""The sentences of some text and how well each fits each label: the work behind `analyse`, on arrays."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from needlework.handlers.labels import assigned, margins, named, rules
from needlework.handlers.labels.analyser import MAX_EVIDENCE, Segment
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY, LabelDefinition
from needlework.handlers.labels.scoring import label_models, looks_like_issue
from needlework.handlers.labels.taught import taught_label
from needlework.handlers.text.cites import LAST
from needlework.handlers.text.cues import cue_flags
from needlework.handlers.text.encoder import Encoder
from needlework.handlers.text.hashing import Double, Float
from needlework.handlers.text.language import Language, language
from needlework.handlers.text.sentences import Span, sentences
from needlework.handlers.text.strip import authored
from numpy.typing import NDArray

MAX_SENTENCES = 20_000
"""Of one analysis; what follows is not read."""
MAX_ENCODED = 150_000
"""Characters of different sentences that the encoder reads in one analysis, about four seconds of it (a
meeting of two hours); the other sentences face the patterns only."""
NEIGHBOUR = 0.15
"""Weight of each neighbour's vector beside the sentence's own."""
WHOLE_ISSUE = frozenset({"task_issue_bug", "feature_request"})
"""In a filed issue these are told from the whole text alone."""

_SMALL_TALK = re.compile(
    r"\W*(?:(?:hi|hello|hey|hai|yes|yeah|yep|no|nope|ok|okay|k|sure|thanks?|thank you|thx|bye|goodbye|please|fine|"
    r"right|good (?:morning|afternoon|evening|day)|welcome|dear|sir|madam|so much|very much|a lot|there|again|and|all|"
    r"you too|have a (?:nice|great|good) (?:day|one|weekend|evening)|that's all|thats all|nothing else|uh|um|hmm|mm|"
    r"oh|well)\W*)+"
)
_HEADS = (
    "Actions?|Action Items?|To-?[Dd]os?|Next|Follow|Decisions?|Decided|Bugs?|Features?|Questions?|Tasks?|Notes?|"
    "Issues?|Actual|Expected|Problem|Owners?|Risks?|Blockers?"
)
_SPEAKER = re.compile(
    rf"\A(?:[-*•] )?\*\*(?!(?:{_HEADS})\b)[A-Z][\w.'’-]{{0,30}}(?: [A-Z][\w.'’-]{{0,30}}){{0,2}}(?::\*\*|\*\*:)\s*"
)
"""A name in bold before what somebody says, as chats and minutes in Markdown write it."""
_LETTERS = re.compile(r"[^\W\d_]{2}")


class _Found(msgspec.Struct):
    """The sentences of all segments: the segment's index, the span, and the row of its text among the
    different ones."""

    segments: list[int]
    spans: list[Span]
    rows: list[int]
    texts: list[str]


class Reading(NamedTuple):
    """All that one analysis knows of its sentences. `plain`, `languages` and `vectors` by row; `scores` and `filed` by
    place."""

    segments: Sequence[Segment]
    found: _Found
    plain: list[str]
    languages: list[Language]
    vectors: Float
    scores: dict[str, Double]
    filed: NDArray[np.bool_]


class Judgement(NamedTuple):
    """One label over all sentences: the best score, what gave it, and (place, score) of those that carry
    it."""

    score: float
    provenance: str
    carriers: list[tuple[int, float]]


def read(segments: Sequence[Segment], encoder: Encoder) -> Reading | None:
    """Everything that does not depend on a definition; nothing when there is no sentence."""
    found = _sentences(segments)
    if not found.spans:
        return None
    plain = [rules.plain(text) for text in found.texts]
    languages: list[Language] = [language(text) for text in plain]
    encoded = _worth_encoding(plain)
    vectors = np.zeros((len(plain), encoder.dim), dtype=np.float32)
    wide = encoder.wide([found.texts[row] for row in encoded])
    vectors[encoded] = wide[:, : encoder.dim]
    whole = [not margins.is_fragment(plain[row]) and languages[row] == "en" for row in encoded]
    judged = [row for row, is_whole in zip(encoded, whole, strict=True) if is_whole]
    scores = _model_scores(found, plain, vectors, judged, wide[whole])
    filed = _read_issues(segments, found, scores, encoder)
    return Reading(segments, found, plain, languages, vectors, scores, filed)


def judge(reading: Reading, definition: LabelDefinition, encoder: Encoder) -> Judgement:
    """How well each sentence fits one label."""
    key, found = definition.key, reading.found
    by_model = reading.scores.get(key, np.zeros(len(found.rows)))
    taught = taught_label(definition, encoder)
    if taught is not None:
        vectors = reading.vectors[found.rows]
        by_model = taught.corrected(by_model, vectors) if key in reading.scores else taught.scores(vectors)
    final, ruled = _with_patterns(reading, definition, by_model)
    if taught is not None:  # a person's rejection counts for more than a pattern
        silenced = taught.silenced(reading.vectors[found.rows])
        final[silenced], ruled[silenced] = 0.0, False
    best = int(np.argmax(final))
    ranked = [int(at) for at in np.argsort(-final, kind="stable")[:MAX_EVIDENCE]]
    kept = sorted(at for at in ranked if final[at] > 0 and final[at] >= definition.threshold)
    agreed = bool(by_model[best] >= definition.threshold)
    provenance = ("hybrid" if agreed else "rule") if ruled[best] else "model"
    return Judgement(float(final[best]), provenance, [(at, float(final[at])) for at in kept])


def _sentences(segments: Sequence[Segment]) -> _Found:
    found = _Found([], [], [], [])
    rows: dict[str, int] = {}
    for index, segment in enumerate(segments):
        for span in (part for written in authored(segment.text) for part in sentences(segment.text, *written)):
            if len(found.spans) == MAX_SENTENCES:
                return found
            text = LAST.sub("", segment.text[span.start : span.end])
            end = span.start + len(text)
            text = _SPEAKER.sub("", text)  # who speaks is no part of what is said
            if not text:
                continue
            row = rows.setdefault(text, len(rows))
            if row == len(found.texts):
                found.texts.append(text)
            found.segments.append(index)
            found.spans.append(Span(end - len(text), end))
            found.rows.append(row)
    return found


def _worth_encoding(plain: list[str]) -> list[int]:
    """Rows that may say something.

    Of too many, those with more words first: a model has nothing to hold on to in few.
    """
    rows = [row for row, text in enumerate(plain) if _LETTERS.search(text) and not _SMALL_TALK.fullmatch(text[:80])]
    if sum(len(plain[row]) for row in rows) <= MAX_ENCODED:
        return rows
    kept: list[int] = []
    budget = MAX_ENCODED
    for row in sorted(rows, key=lambda row: (-min(plain[row].count(" "), 12), row)):
        budget -= len(plain[row])
        if budget < 0:
            break
        kept.append(row)
    return sorted(kept)


def _model_scores(found: _Found, plain: list[str], vectors: Float, judged: list[int], wide: Float) -> dict[str, Double]:
    """Per label a score for each sentence, in order; 0 for those not to be judged.

    `wide` [judged, ...] of the rows that are.
    """
    among = {row: number for number, row in enumerate(judged)}
    places = [at for at, row in enumerate(found.rows) if row in among]
    scores = {key: np.zeros(len(found.rows)) for key in DEFAULTS_BY_KEY}
    if not places:
        return scores
    texts = [found.texts[row] for row in judged]
    cues = cue_flags(texts)
    numbers = [among[found.rows[at]] for at in places]
    columns = label_models().scores(cues[numbers], _context(vectors[found.rows])[places])
    columns["action_items"] = label_models().requests(texts, wide, cues)[numbers]
    said = [plain[found.rows[at]] for at in places]
    for key, column in columns.items():
        scores[key][places] = margins.with_margin(key, said, column)
    return scores


def _context(ordered: Float) -> Float:
    """[n, dim]: each vector with a little of its neighbours."""
    context = ordered.copy()
    context[1:] += NEIGHBOUR * ordered[:-1]
    context[:-1] += NEIGHBOUR * ordered[1:]
    return np.asarray(context / np.maximum(np.linalg.norm(context, axis=1, keepdims=True), 1e-9))


def _read_issues(
    segments: Sequence[Segment], found: _Found, scores: dict[str, Double], encoder: Encoder
) -> NDArray[np.bool_]:
    """In a filed issue the whole text says which kind it is; its best sentence is quoted for it, the
    others are not.

    Returns which sentences belong to filed issues.
    """
    owner = np.array(found.segments)
    filed = np.zeros(len(owner), dtype=bool)
    for index, segment in enumerate(segments):
        places = np.flatnonzero(owner == index)
        if not len(places) or not looks_like_issue(segment.text):
            continue
        filed[places] = True
        title, body = _title(segments, index)
        for key, probability in label_models().issue_scores(title, body, encoder).items():
            best = places[int(np.argmax(scores[key][places]))]
            if key in WHOLE_ISSUE:
                scores[key][places] = 0.0
            scores[key][best] = max(scores[key][best], _issue_score(probability))
    return filed


def _issue_score(probability: float) -> float:
    """0.5 of a probability becomes 0.6 of a score."""
    return probability * 1.2 if probability < 0.5 else 0.6 + (probability - 0.5) * 0.8


def _title(segments: Sequence[Segment], index: int) -> tuple[str, str]:
    """An issue's title is the short segment before it, or its own first line."""
    text = segments[index].text
    before = segments[index - 1].text.strip() if index == 1 else ""
    if before and len(before) <= 256 and "\n" not in before:
        return before, text
    title, _, body = text.lstrip().partition("\n")
    return title[:256], body


def _with_patterns(reading: Reading, definition: LabelDefinition, scores: Double) -> tuple[Double, NDArray[np.bool_]]:
    """The scores after what patterns say, and where a pattern said yes."""
    final, ruled = scores.copy(), np.zeros(len(scores), dtype=bool)
    verdicts = [
        _verdict(definition, *said) for said in zip(reading.plain, reading.found.texts, reading.languages, strict=True)
    ]
    whole = definition.key in WHOLE_ISSUE
    for at, row in enumerate(reading.found.rows):
        if verdicts[row] is False:
            final[at] = 0.0
        elif verdicts[row] and not (whole and reading.filed[at]):
            final[at] = max(float(final[at]), rules.RULE_SCORE)
            ruled[at] = True
    return final, ruled


def _verdict(definition: LabelDefinition, plain: str, text: str, spoken: Language) -> bool | None:
    """What patterns say of a sentence: the workspace's own come first, then ours."""
    taught = rules.taught(definition.rules, plain)
    if taught is not None:
        return taught
    if spoken == "de":
        return rules.german_verdict(definition.key, plain)
    if rules.forbidden(definition.key, plain):
        return False
    if definition.key in named.LABELS and named.leaving_for_a_name(text):
        return True
    if definition.key in assigned.LABELS and assigned.assigned(text):
        return True
    return True if rules.strong(definition.key, plain) else None
