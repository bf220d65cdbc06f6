"""What a database holds after `scale.py`: how much, what is there twice or not at all, what is equal in any run."""

import hashlib
import sqlite3
from pathlib import Path
from typing import NamedTuple

COUNTS = {
    "conversations": "SELECT count(*) FROM conversations",
    "messages": "SELECT count(*) FROM conversation_messages",
    "labels": "SELECT count(*) FROM content_labels WHERE state = 'machine' AND content_type = 'conversation'",
    "needle movers": "SELECT count(*) FROM needle_movers WHERE merged_into IS NULL AND purge_id IS NULL",
    "links": "SELECT count(*) FROM needle_mover_evidence WHERE state = 'linked'",
    "suggested links": "SELECT count(*) FROM needle_mover_evidence WHERE state = 'suggested'",
    "tasks": "SELECT count(*) FROM tasks WHERE status = 'suggested'",
    "pieces of evidence of tasks": "SELECT count(*) FROM task_evidence WHERE task_id IS NOT NULL",
}
WRONG = {
    "conversations not analysed as they stand": "SELECT count(*) FROM conversations"
    " WHERE analyzed_revision <> revision",
    "labels twice at one place": "SELECT count(*) FROM (SELECT 1 FROM content_labels WHERE state <> 'superseded'"
    " GROUP BY content_type, content_id, label_key, message_id, span_start HAVING count(*) > 1)",
    "labels that were replaced": "SELECT count(*) FROM content_labels WHERE state = 'superseded'",
    "sentences linked twice": "SELECT count(*) FROM (SELECT 1 FROM needle_mover_evidence WHERE state = 'linked'"
    " GROUP BY span_id HAVING count(*) > 1)",
    "links without a needle mover or a span": "SELECT count(*) FROM needle_mover_evidence AS e WHERE NOT EXISTS"
    " (SELECT 1 FROM needle_movers WHERE id = needle_mover_id)"
    " OR NOT EXISTS (SELECT 1 FROM needle_mover_spans WHERE id = span_id)",
    "spans whose needle mover has no link to them": "SELECT count(*) FROM needle_mover_spans AS s WHERE mover_id IS NOT"
    " NULL AND NOT EXISTS (SELECT 1 FROM needle_mover_evidence AS e WHERE e.span_id = s.id AND e.state = 'linked'"
    " AND e.needle_mover_id = s.mover_id)",
    "spans that were not matched": "SELECT count(*) FROM needle_mover_spans WHERE considered = 0",
    "suggested tasks twice": "SELECT count(*) FROM (SELECT 1 FROM tasks WHERE status = 'suggested'"
    " GROUP BY fingerprint HAVING count(*) > 1)",
    "dead letters": "SELECT count(*) FROM dead",
}
_LABELS = (
    "SELECT c.external_id, coalesce(m.external_id, ''), l.label_key, l.span_start, l.span_end, l.quote,"
    " round(l.score, 4), l.provenance"
    " FROM content_labels AS l JOIN conversations AS c ON c.id = l.content_id"
    " LEFT JOIN conversation_messages AS m ON m.id = l.message_id"
    " WHERE l.state = 'machine' ORDER BY 1, 2, 3, 4, 5"
)
_PROOF = (
    "SELECT c.external_id, e.message_id <> '', e.span_start, e.quote, e.label_key"
    " FROM task_evidence AS e JOIN conversations AS c ON c.id = e.content_id ORDER BY 1, 3, 4, 5"
)
_SPANS = (
    "SELECT c.external_id, s.label_key, s.span_start, s.quote"
    " FROM needle_mover_spans AS s JOIN conversations AS c ON c.id = s.content_id ORDER BY 1, 2, 3, 4"
)


class Outcome(NamedTuple):
    """`same` are digests of what does not depend on the order in which things happened."""

    counts: dict[str, int]
    wrong: dict[str, int]
    same: dict[str, str]
    size: float
    """MiB on disk."""


def look(data: Path) -> Outcome:
    """Read a data directory whose server rests, or is dead."""
    connection = sqlite3.connect(f"file:{data / 'needlework.db'}?mode=ro", uri=True)
    try:
        counts = {name: int(connection.execute(sql).fetchone()[0]) for name, sql in COUNTS.items()}
        wrong = {name: int(connection.execute(sql).fetchone()[0]) for name, sql in WRONG.items()}
        digests = {"labels": _LABELS, "what tasks are made from": _PROOF, "what is matched": _SPANS}
        same = {name: _digest(connection, sql) for name, sql in digests.items()}
    finally:
        connection.close()
    size = sum(path.stat().st_size for path in data.glob("needlework.db*")) / 2**20
    return Outcome(counts, {name: count for name, count in wrong.items() if count}, same, size)


def _digest(connection: sqlite3.Connection, sql: str) -> str:
    found = hashlib.sha256()
    for row in connection.execute(sql):
        found.update(repr(row).encode())
    return found.hexdigest()[:16]
