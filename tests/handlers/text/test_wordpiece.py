"""The tokenizer gives the ids of the reference implementation."""

import json
from pathlib import Path

import pytest
from needlework.handlers.text.encoder import FOLDER
from needlework.handlers.text.wordpiece import WordPiece

# Ids by the reference tokenizer (`tokenizers`, BertWordPieceTokenizer, lower case, accents stripped).
TRICKY = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data" / "labels" / "wordpiece.jsonl").read_text().splitlines()
]


@pytest.fixture(scope="module")
def tokenizer() -> WordPiece:
    return WordPiece(FOLDER / "vocab.txt")


@pytest.mark.parametrize("case", TRICKY, ids=lambda case: ascii(case["text"])[:30])
def test_tricky_texts_give_the_reference_ids(tokenizer: WordPiece, case: dict[str, object]) -> None:
    assert tokenizer.encode(str(case["text"])) == case["ids"]


def test_special_tokens_cannot_be_smuggled_in(tokenizer: WordPiece) -> None:
    ids = tokenizer.encode("[CLS] hello [SEP] [MASK]")
    assert tokenizer.first not in ids
    assert tokenizer.last not in ids
    assert tokenizer.ids["[MASK]"] not in ids
