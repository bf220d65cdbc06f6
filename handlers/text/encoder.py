"""The embedded sentence encoder: English text to 384 numbers, no network, no other server.

The model reads one text a call: with dynamic 8-bit arithmetic a vector would depend on its batch mates, and
scores would flip between runs. The memory arena is off for the same price in speed and half the memory.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from needlework.handlers.text.wordpiece import WordPiece
    from numpy.typing import NDArray

FOLDER = Path(__file__).parent / "minilm"
MAX_CHARACTERS = 8_000
"""What follows is not read: callers split long text into sentences and keep the vectors apart."""
MAX_TOKENS = 254
"""Of the 256 that the model sees; two are the special tokens. About 190 words."""
CACHED_TEXTS = 8_192
"""48 MiB of float32 at most. Greetings, thanks and templates come back all the time."""
CACHED_CHARACTERS = 400


VIEWS = 4
"""Of a text in `Encoder.wide`."""
INNER = b"LayerNormalization_146"
"""What leaves the fourth of six layers."""


class Encoder(Protocol):
    """Anything that gives texts their places in one space.

    Vectors of two `id`s must never meet in one index.
    """

    @property
    def id(self) -> str:
        """Names the weights and the arithmetic; stored beside each vector."""
        ...

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        ...

    def __hash__(self) -> int:
        """Encoders key caches."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """[n, dim], each row of unit norm, or zero for a text without a readable token."""
        ...

    def wide(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """[n, 4 dim]: the vector of `encode`, then mean, maximum and first word of an inner layer.

        What a sentence does (asks, orders, reports) shows there, where it is about fewer things than its meaning.
        """
        ...


class MiniLM:
    """all-MiniLM-L6-v2, int8. Safe to share between threads; loads on the first text, once."""

    id = "minilm-l6-v2-int8-1"
    dim = 384

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._loaded: tuple[Any, WordPiece] | None = None
        self._cache: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def load(self) -> None:
        """Read the model now, for whoever would rather not wait at the first text (about half a second)."""
        self._session()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder`. Long texts are cut into chunks of 254 tokens whose mean is taken."""
        return self._rows(texts, self.dim)

    def wide(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder`. The inner layer of a blank text is that of the two special tokens."""
        return self._rows(texts, VIEWS * self.dim)

    def _rows(self, texts: Sequence[str], width: int) -> NDArray[np.float32]:
        import numpy as np

        rows = np.zeros((len(texts), width), dtype=np.float32)
        for row, text in enumerate(texts):
            rows[row] = self._remembered(readable(text))[:width]
        return rows

    def _remembered(self, text: str) -> NDArray[np.float32]:
        with self._lock:
            known = self._cache.get(text)
            if known is not None:
                self._cache.move_to_end(text)
                return known
        found = self._read(text)
        if len(text) <= CACHED_CHARACTERS:
            with self._lock:
                self._cache[text] = found
                if len(self._cache) > CACHED_TEXTS:
                    self._cache.popitem(last=False)
        return found

    def _read(self, text: str) -> NDArray[np.float32]:
        import numpy as np

        session, tokenizer = self._session()
        ids = tokenizer.encode(text)
        found: list[NDArray[np.float32]] = []
        for start in range(0, len(ids) or 1, MAX_TOKENS):
            chunk = [tokenizer.first, *ids[start : start + MAX_TOKENS], tokenizer.last]
            tokens = np.array([chunk], dtype=np.int64)
            vectors, (states,) = session.run(None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})
            found.append(np.concatenate((vectors[0], states.mean(axis=0), states.max(axis=0), states[1])))
        whole: NDArray[np.float32] = np.stack(found).mean(axis=0)
        norm = float(np.linalg.norm(whole[: self.dim])) if ids else 0.0
        whole[: self.dim] = whole[: self.dim] / np.float32(norm) if norm > 0 else 0.0
        return whole

    def _session(self) -> tuple[Any, WordPiece]:
        if self._loaded is None:
            with self._lock:
                if self._loaded is None:
                    self._loaded = _load(self.folder)
        return self._loaded


def readable(text: str) -> str:
    """`text` as the model may see it: no NUL, no lone surrogate, no margin, at most `MAX_CHARACTERS`."""
    cut = text[:MAX_CHARACTERS].replace("\x00", "")
    if not cut.isascii():
        cut = cut.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return cut.strip()


def _load(folder: Path) -> tuple[Any, WordPiece]:
    # newer builds report to their maker by default; the switch is read when the library is imported
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # type: ignore[import-untyped]
    from needlework.handlers.text.wordpiece import WordPiece

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    model = (folder / "model.onnx").read_bytes() + _second_output(INNER)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session, WordPiece(folder / "vocab.txt")


def _second_output(name: bytes) -> bytes:
    """What makes a node of the graph an output when it is appended to the model's file.

    ONNX is protobuf: a message goes on where it ended, so these are the fields graph (7), output (12) and name (1).
    """
    field = name
    for number in (1, 12, 7):
        field = bytes((number << 3 | 2, len(field))) + field
    return field


_shared = MiniLM()


def shared_encoder() -> MiniLM:
    """The one encoder of this process. Costs nothing until its first text."""
    return _shared
