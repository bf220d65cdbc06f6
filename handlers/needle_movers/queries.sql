-- Queries of needle movers. Of other groups' tables they only read whose an entity is and what counts in a workspace.

-- name: list_movers
-- A page of needle movers, the greatest impact first, after a place; filters are put in by name.
-- A sentence that carries several labels is counted once.
SELECT m.*, (
    SELECT count(DISTINCT s.content_id || ' ' || s.message_id || ' ' || s.span_start) FROM needle_mover_evidence AS e
    JOIN needle_mover_spans AS s ON s.id = e.span_id AND s.workspace_id = e.workspace_id
    WHERE e.workspace_id = :workspace AND e.needle_mover_id = m.id AND e.state = 'linked'
) AS linked, (
    SELECT count(DISTINCT s.content_id || ' ' || s.message_id || ' ' || s.span_start) FROM needle_mover_evidence AS e
    JOIN needle_mover_spans AS s ON s.id = e.span_id AND s.workspace_id = e.workspace_id
    WHERE e.workspace_id = :workspace AND e.needle_mover_id = m.id AND e.state = 'suggested'
) AS suggested, (
    SELECT count(DISTINCT s.content_id || ' ' || s.message_id || ' ' || s.span_start) FROM needle_mover_evidence AS e
    JOIN needle_mover_spans AS s ON s.id = e.span_id AND s.workspace_id = e.workspace_id
    WHERE e.workspace_id = :workspace AND e.needle_mover_id = m.id AND e.state = 'rejected'
) AS rejected, (
    SELECT count(DISTINCT s.account_id) FROM needle_mover_evidence AS e
    JOIN needle_mover_spans AS s ON s.id = e.span_id AND s.workspace_id = e.workspace_id
    WHERE e.workspace_id = :workspace AND e.needle_mover_id = m.id AND e.state = 'linked'
) AS accounts
FROM needle_movers AS m
WHERE m.workspace_id = :workspace AND m.purge_id IS NULL AND (m.rank, m.seq) < (:rank, :seq) /* filters */
ORDER BY m.rank DESC, m.seq DESC LIMIT :limit;

-- name: count_movers
-- How many there are, by status.
SELECT status, count(*) AS movers FROM needle_movers WHERE workspace_id = :workspace AND purge_id IS NULL GROUP BY status;

-- name: filter_id
-- Only this one.
m.workspace_id = :workspace AND m.id = :id

-- name: filter_status
-- Only those of one status.
m.workspace_id = :workspace AND m.status = :status

-- name: filter_unmerged
-- Only those that stand for themselves.
m.workspace_id = :workspace AND m.merged_into IS NULL

-- name: filter_kind
-- Only those of one kind.
m.workspace_id = :workspace AND m.kind = :kind

-- name: filter_owner
-- Only those of one owner.
m.workspace_id = :workspace AND m.owner_id = :owner

-- name: filter_account
-- Only those for which an account has said something. CROSS JOIN begins with what it has said.
m.workspace_id = :workspace AND m.seq IN (
    SELECT p.seq FROM needle_mover_spans AS s
    CROSS JOIN needle_mover_evidence AS e ON e.workspace_id = s.workspace_id AND e.span_id = s.id
    CROSS JOIN needle_movers AS p ON p.workspace_id = e.workspace_id AND p.id = e.needle_mover_id
    WHERE s.workspace_id = :workspace AND s.account_id = :account AND e.state = 'linked'
)

-- name: filter_search
-- Only those that match, or what was said of which does. CROSS JOIN keeps the search first: else it runs per row.
m.workspace_id = :workspace AND m.seq IN (
    SELECT rowid FROM needle_mover_search WHERE needle_mover_search MATCH :match
    UNION
    SELECT p.seq FROM needle_mover_span_search
    CROSS JOIN needle_mover_spans AS s ON s.seq = needle_mover_span_search.rowid
    CROSS JOIN needle_mover_evidence AS e ON e.workspace_id = s.workspace_id AND e.span_id = s.id
    CROSS JOIN needle_movers AS p ON p.workspace_id = e.workspace_id AND p.id = e.needle_mover_id
    WHERE needle_mover_span_search MATCH :match AND s.workspace_id = :workspace AND e.state <> 'rejected'
)

-- name: insert_mover
-- A new needle mover; the guard sees where another message has made it meanwhile.
INSERT INTO needle_movers (
    id, workspace_id, title, title_provenance, title_hash, description, kind, status, provenance, model, owner_id, rules,
    impact_override, rank, summary_user, vector, encoder, first_seen_at, last_seen_at, created_at, updated_at
) VALUES (
    :id, :workspace, :title, :provenance, :title_hash, :description, :kind, :status, :provenance, :model, :owner_id, :rules,
    :impact_override, coalesce(:impact_override, 0), :summary_user, :vector, :encoder, :first_seen_at, :last_seen_at, :now,
    :now
) ON CONFLICT DO NOTHING;

-- name: update_mover
-- What a person changed; the guard sees where another message has changed it meanwhile.
UPDATE needle_movers SET
    title = :title, title_provenance = :title_provenance, description = :description, kind = :kind, status = :status,
    owner_id = :owner_id, rules = :rules, impact_override = :impact_override, rank = coalesce(:impact_override, impact), summary_user = :summary_user,
    vector = :vector, encoder = :encoder, revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND revision = :seen AND purge_id IS NULL AND merged_into IS NULL;

-- name: list_evidence
-- A page of one mover's evidence in order, after a place; filters are put in by name.
SELECT e.*, s.content_label_id, s.label_key, s.content_type, s.content_id, s.message_id, s.span_start, s.span_end,
    s.quote, s.account_id, s.contact, s.severity AS said_severity, s.said_at
FROM needle_mover_evidence AS e
JOIN needle_mover_spans AS s ON s.id = e.span_id AND s.workspace_id = e.workspace_id
WHERE e.workspace_id = :workspace AND e.needle_mover_id = :id AND e.seq > :seq /* filters */
ORDER BY e.seq LIMIT :limit;

-- name: filter_evidence_account
-- Only what one account has said: of this mover's evidence, so that another index is not begun with.
s.workspace_id = :workspace AND +s.account_id = :account

-- name: filter_evidence_state
-- Only evidence in one state.
e.workspace_id = :workspace AND e.state = :state

-- name: find_evidence
-- One piece of evidence of one mover.
SELECT e.*, s.content_label_id, s.label_key, s.content_type, s.content_id, s.message_id, s.span_start, s.span_end,
    s.quote, s.account_id, s.contact, s.severity AS said_severity, s.said_at, s.mover_id AS span_mover
FROM needle_mover_evidence AS e
JOIN needle_mover_spans AS s ON s.id = e.span_id AND s.workspace_id = e.workspace_id
WHERE e.workspace_id = :workspace AND e.needle_mover_id = :id AND e.id = :evidence;

-- name: decide_evidence
-- What a person says of evidence.
UPDATE needle_mover_evidence SET
    state = :state, severity = :severity, decided_by = coalesce(:by, decided_by),
    decided_at = coalesce(:at, decided_at), updated_at = :now
WHERE workspace_id = :workspace AND id = :evidence;

-- name: unlink_elsewhere
-- A span that a person linked to one mover is no evidence of the others it stood at.
DELETE FROM needle_mover_evidence
WHERE workspace_id = :workspace AND span_id = :span AND needle_mover_id <> :id AND state <> 'rejected';

-- name: assign_span
-- The mover that a span is evidence of now, and under which definitions that was found.
UPDATE needle_mover_spans SET mover_id = :mover, considered = :considered, updated_at = :now
WHERE workspace_id = :workspace AND id = :span;

-- name: touch_mover
-- Its evidence changed.
UPDATE needle_movers SET revision = revision + 1, updated_at = :now WHERE workspace_id = :workspace AND id = :id;

-- name: touch_standing
-- The same where people say what belongs to it; the guard sees where it was purged or merged meanwhile.
UPDATE needle_movers SET revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND purge_id IS NULL AND merged_into IS NULL;

-- name: read_state
-- How far matching is.
SELECT * FROM needle_mover_states WHERE workspace_id = :workspace;

-- name: make_state
-- The row of a workspace that has none.
INSERT INTO needle_mover_states (id, workspace_id, link_at, suggest_at, created_at, updated_at)
VALUES (:id, :workspace, :link_at, :suggest_at, :now, :now) ON CONFLICT DO NOTHING;

-- name: redefine
-- People changed what spans are matched with: who matches now matches again.
UPDATE needle_mover_states SET
    revision = revision + 1, definitions = definitions + 1, decisions = decisions + :decisions, updated_at = :now
WHERE workspace_id = :workspace;

-- name: put_thresholds
-- Thresholds learned from decisions.
UPDATE needle_mover_states SET link_at = :link_at, suggest_at = :suggest_at, updated_at = :now
WHERE workspace_id = :workspace;

-- name: decided_scores
-- The latest decisions of people: the score they were about, and what they said.
SELECT score, state FROM needle_mover_evidence
WHERE workspace_id = :workspace AND decided_at IS NOT NULL AND components <> '{}'
ORDER BY decided_at DESC LIMIT 1000;

-- name: pool_entities
-- What spans without a mover stand in, since a time.
SELECT DISTINCT content_type, content_id FROM needle_mover_spans
WHERE workspace_id = :workspace AND mover_id IS NULL AND said_at >= :since LIMIT :limit;

-- name: move_evidence
-- Evidence of one mover becomes that of another, where the other has none of the same span.
UPDATE needle_mover_evidence SET needle_mover_id = :into, updated_at = :now
WHERE workspace_id = :workspace AND needle_mover_id = :id AND NOT EXISTS (
    SELECT 1 FROM needle_mover_evidence AS o
    WHERE o.workspace_id = :workspace AND o.needle_mover_id = :into AND o.span_id = needle_mover_evidence.span_id
);

-- name: drop_evidence
-- What is left of a merged mover's evidence.
DELETE FROM needle_mover_evidence WHERE workspace_id = :workspace AND needle_mover_id = :id;

-- name: move_spans
-- Spans of one mover are another's now.
UPDATE needle_mover_spans SET mover_id = :into, updated_at = :now WHERE workspace_id = :workspace AND mover_id = :id;

-- name: free_rejected
-- Spans that the mover they moved to had rejected have no mover.
UPDATE needle_mover_spans SET mover_id = NULL, updated_at = :now
WHERE workspace_id = :workspace AND mover_id = :into AND id IN (
    SELECT span_id FROM needle_mover_evidence
    WHERE workspace_id = :workspace AND needle_mover_id = :into AND state = 'rejected'
);

-- name: mark_merged
-- A mover is a part of another.
UPDATE needle_movers SET
    status = 'merged', merged_into = :into, revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND revision = :seen AND merged_into IS NULL AND purge_id IS NULL;

-- name: to_purge
-- The movers that a purge deletes.
SELECT id FROM needle_movers
WHERE workspace_id = :workspace AND purge_id IS NULL AND created_at >= :start AND created_at < :end
  AND (:users = 1 OR provenance <> 'user');

-- name: purge_movers
-- Movers created in a range are gone, for now.
UPDATE needle_movers SET purge_id = :purge, purged_at = :now, revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND purge_id IS NULL AND created_at >= :start AND created_at < :end
  AND (:users = 1 OR provenance <> 'user');

-- name: keep_purge
-- A purge, for its restore.
INSERT INTO needle_mover_purges (id, workspace_id, deleted, created_at, updated_at)
SELECT :purge, :workspace, count(*), :now, :now FROM needle_movers
WHERE workspace_id = :workspace AND purge_id = :purge;

-- name: forget_cursors
-- Entities whose evidence a purge freed are handed over again.
DELETE FROM needle_mover_cursors WHERE workspace_id = :workspace AND (entity_type, entity_id) IN (
    SELECT s.content_type, s.content_id FROM needle_movers AS m
    CROSS JOIN needle_mover_evidence AS e ON e.workspace_id = m.workspace_id AND e.needle_mover_id = m.id
    JOIN needle_mover_spans AS s ON s.workspace_id = e.workspace_id AND s.id = e.span_id
    WHERE m.workspace_id = :workspace AND m.purge_id = :purge
);

-- name: rescan
-- The next look at all labels begins at the first one.
UPDATE needle_mover_states SET scanned_seq = 0, updated_at = :now WHERE workspace_id = :workspace;

-- name: free_spans
-- Spans of purged movers have no mover, and were not considered yet.
UPDATE needle_mover_spans SET mover_id = NULL, considered = 0, updated_at = :now
WHERE +workspace_id = :workspace AND id IN (
    SELECT e.span_id FROM needle_movers AS m
    CROSS JOIN needle_mover_evidence AS e ON e.workspace_id = m.workspace_id AND e.needle_mover_id = m.id
    WHERE m.workspace_id = :workspace AND m.purge_id = :purge
);

-- name: drop_proposed
-- Actions of purged movers that nobody has approved, and those whose suggested tasks go too: a restore makes them anew.
DELETE FROM needle_mover_actions
WHERE workspace_id = :workspace AND (status = 'proposed' OR type = 'create_task') AND needle_mover_id IN (
    SELECT id FROM needle_movers WHERE workspace_id = :workspace AND purge_id = :purge
);

-- name: find_purge
-- One purge.
SELECT * FROM needle_mover_purges WHERE workspace_id = :workspace AND id = :purge;

-- name: purged_movers
-- What one purge deleted.
SELECT id FROM needle_movers WHERE workspace_id = :workspace AND purge_id = :purge;

-- name: drop_taken
-- Evidence of movers about to be restored whose span belongs to another mover by now.
DELETE FROM needle_mover_evidence WHERE workspace_id = :workspace AND state <> 'rejected'
  AND needle_mover_id IN (SELECT id FROM needle_movers WHERE workspace_id = :workspace AND purge_id = :purge)
  AND EXISTS (
    SELECT 1 FROM needle_mover_evidence AS e
    JOIN needle_movers AS m ON m.workspace_id = e.workspace_id AND m.id = e.needle_mover_id
    WHERE e.workspace_id = :workspace AND e.span_id = needle_mover_evidence.span_id
      AND m.purge_id IS NULL AND e.state <> 'rejected'
  );

-- name: give_back_spans
-- Spans linked to movers about to be restored are theirs again.
UPDATE needle_mover_spans SET updated_at = :now, mover_id = (
    SELECT e.needle_mover_id FROM needle_mover_evidence AS e
    JOIN needle_movers AS m ON m.workspace_id = e.workspace_id AND m.id = e.needle_mover_id
    WHERE e.workspace_id = :workspace AND e.span_id = needle_mover_spans.id AND m.purge_id = :purge
      AND e.state = 'linked'
)
WHERE +workspace_id = :workspace AND +mover_id IS NULL AND id IN (
    SELECT e.span_id FROM needle_movers AS m
    CROSS JOIN needle_mover_evidence AS e ON e.workspace_id = m.workspace_id AND e.needle_mover_id = m.id
    WHERE m.workspace_id = :workspace AND m.purge_id = :purge AND e.state = 'linked'
);

-- name: restore_movers
-- Movers of a purge are back.
UPDATE needle_movers SET purge_id = NULL, purged_at = NULL, revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND purge_id = :purge;

-- name: mark_restored
-- A purge was undone; the guard sees where another message did that meanwhile.
UPDATE needle_mover_purges SET restored_at = :now, updated_at = :now
WHERE workspace_id = :workspace AND id = :purge AND restored_at IS NULL;

-- name: find_id
-- Whether a needle mover has this id, purged or not.
SELECT id FROM needle_movers WHERE workspace_id = :workspace AND id = :id;

-- name: active_accounts
-- How many accounts said something in a time: from account to account, without a look at each conversation.
WITH RECURSIVE named (id) AS (
    SELECT min(account_id) FROM conversations WHERE workspace_id = :workspace AND account_id IS NOT NULL
    UNION ALL
    SELECT (
        SELECT min(c.account_id) FROM conversations AS c WHERE c.workspace_id = :workspace AND c.account_id > named.id
    ) FROM named WHERE named.id IS NOT NULL
)
SELECT count(*) FROM named WHERE EXISTS (
    SELECT 1 FROM conversations AS c
    WHERE c.workspace_id = :workspace AND c.account_id = named.id
      AND c.last_message_at >= :since AND c.last_message_at < :until
);

-- name: total_revenue
-- The monthly revenue of all accounts that are still there.
SELECT coalesce(sum(mrr), 0) FROM accounts WHERE workspace_id = :workspace AND churned_at IS NULL;

-- name: linked
-- What is linked to a mover, with the revenue of who said it.
SELECT s.account_id, s.contact, s.content_id, s.message_id, s.span_start, s.said_at, e.score,
    coalesce(e.severity, s.severity) AS severity, a.mrr
FROM needle_mover_evidence AS e
JOIN needle_mover_spans AS s ON s.workspace_id = e.workspace_id AND s.id = e.span_id
LEFT JOIN accounts AS a ON a.workspace_id = e.workspace_id AND a.id = s.account_id
WHERE e.workspace_id = :workspace AND e.needle_mover_id = :id AND e.state = 'linked';

-- name: more_linked
-- Whether more than so much is linked to a mover.
SELECT 1 FROM needle_mover_evidence
WHERE workspace_id = :workspace AND needle_mover_id = :id AND state = 'linked' LIMIT 1 OFFSET :most;

-- name: put_impact
-- What a mover was measured to be; the guard sees where its evidence has changed meanwhile.
UPDATE needle_movers SET
    impact = :impact, rank = coalesce(impact_override, :impact), impact_breakdown = :breakdown, impact_at = :now,
    acted_impact = :acted, first_seen_at = coalesce(:first, first_seen_at), last_seen_at = coalesce(:last, last_seen_at),
    updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND revision = :seen;

-- name: entity_spans
-- The spans of one conversation or note, and whether a person decided on evidence of it.
SELECT s.*, EXISTS (
    SELECT 1 FROM needle_mover_evidence AS e
    WHERE e.workspace_id = :workspace AND e.span_id = s.id AND e.decided_by IS NOT NULL
) AS decided
FROM needle_mover_spans AS s
WHERE s.workspace_id = :workspace AND s.content_type = :type AND s.content_id = :content;

-- name: insert_span
-- A span that is new; the guard sees where another message has put it there, or given its conversation away, meanwhile.
INSERT INTO needle_mover_spans (
    id, workspace_id, content_label_id, label_key, content_type, content_id, message_id, span_start, span_end, quote,
    account_id, contact, severity, said_at, vector, encoder, created_at, updated_at
) SELECT
    :id, :workspace, :content_label_id, :label, :type, :content, :message, :start, :end, :quote,
    :account_id, :contact, :severity, :said_at, :vector, :encoder, :now, :now
WHERE :type <> 'conversation' OR EXISTS (
    SELECT 1 FROM conversations WHERE workspace_id = :workspace AND id = :content AND account_id IS :account_id
) ON CONFLICT DO NOTHING;

-- name: update_span
-- A span's label has another id, or it is known better who said it.
UPDATE needle_mover_spans SET
    content_label_id = :content_label_id, account_id = :account_id, contact = :contact, severity = :severity,
    said_at = :said_at, updated_at = :now
WHERE workspace_id = :workspace AND id = :id;

-- name: drop_span
-- A span whose label is gone.
DELETE FROM needle_mover_spans WHERE workspace_id = :workspace AND id = :span;

-- name: drop_span_evidence
-- The evidence of a span that is gone.
DELETE FROM needle_mover_evidence WHERE workspace_id = :workspace AND span_id = :span;

-- name: index_movers
-- The movers that changed since, in order, and whether they still stand for themselves.
SELECT id, title, description, kind, rules, summary_user, summary_short, vector, encoder, changed,
    purge_id IS NULL AND merged_into IS NULL AS stands
FROM needle_movers WHERE workspace_id = :workspace AND changed > :changed ORDER BY seq;

-- name: index_evidence
-- Their latest evidence, and what people rejected.
SELECT e.needle_mover_id, e.span_id, e.state, e.decided_by, s.content_id, s.account_id, s.quote, s.vector
FROM needle_movers AS m
CROSS JOIN needle_mover_evidence AS e
    ON e.workspace_id = m.workspace_id AND e.needle_mover_id = m.id AND e.state IN ('linked', 'rejected')
JOIN needle_mover_spans AS s ON s.workspace_id = e.workspace_id AND s.id = e.span_id
WHERE m.workspace_id = :workspace AND m.changed > :changed AND s.encoder = :encoder
  AND m.purge_id IS NULL AND m.merged_into IS NULL AND e.seq > CASE e.state WHEN 'rejected' THEN 0 ELSE coalesce((
    SELECT o.seq FROM needle_mover_evidence AS o
    WHERE o.workspace_id = :workspace AND o.needle_mover_id = m.id AND o.state = 'linked'
    ORDER BY o.seq DESC LIMIT 1 OFFSET :most
  ), 0) END;

-- name: unconsidered
-- The first span of an entity that was not matched under the definitions of now; what a person linked stays.
SELECT s.*, c.external_id, l.score AS label_score, (
    SELECT e.needle_mover_id FROM needle_mover_evidence AS e
    JOIN needle_movers AS m ON m.workspace_id = e.workspace_id AND m.id = e.needle_mover_id AND m.purge_id IS NULL
    WHERE e.workspace_id = :workspace AND e.span_id = s.id AND e.state = 'suggested' LIMIT 1
) AS suggested_id
FROM needle_mover_spans AS s
JOIN needle_mover_states AS t ON t.workspace_id = s.workspace_id
LEFT JOIN content_labels AS l ON l.workspace_id = s.workspace_id AND l.id = s.content_label_id
LEFT JOIN conversations AS c
    ON c.workspace_id = s.workspace_id AND c.id = s.content_id AND s.content_type = 'conversation'
WHERE s.workspace_id = :workspace AND s.content_type = :type AND s.content_id = :content
  AND s.considered < t.definitions AND NOT EXISTS (
    SELECT 1 FROM needle_mover_evidence AS e
    JOIN needle_movers AS m ON m.workspace_id = e.workspace_id AND m.id = e.needle_mover_id AND m.purge_id IS NULL
    WHERE e.workspace_id = :workspace AND e.span_id = s.id AND e.state = 'linked' AND e.decided_by IS NOT NULL
  )
ORDER BY s.said_at, s.seq LIMIT 1;

-- name: pool
-- Spans of a time that no mover has, the latest first; what is only suggested to one waits too.
SELECT s.id FROM needle_mover_spans AS s
WHERE s.workspace_id = :workspace AND s.mover_id IS NULL AND s.said_at >= :since AND s.said_at <= :until
  AND s.encoder = :encoder AND (:any = 1 OR s.label_key IN (SELECT value FROM json_each(:labels)))
ORDER BY s.said_at DESC LIMIT :limit;

-- name: pool_spans
-- These spans, those that no mover has, the latest first.
SELECT s.*, c.external_id, NULL AS suggested_id FROM needle_mover_spans AS s
LEFT JOIN conversations AS c
    ON c.workspace_id = s.workspace_id AND c.id = s.content_id AND s.content_type = 'conversation'
WHERE +s.workspace_id = :workspace AND +s.mover_id IS NULL AND s.id IN (SELECT value FROM json_each(:ids))
ORDER BY s.said_at DESC;

-- name: span_vectors
-- The vectors of these spans.
SELECT id, vector FROM needle_mover_spans
WHERE +workspace_id = :workspace AND id IN (SELECT value FROM json_each(:ids));

-- name: advance
-- Matching goes on from the revision that it was read at; the guard sees where another has gone on meanwhile.
UPDATE needle_mover_states SET revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND revision = :seen;

-- name: clear_evidence
-- A span is evidence of no mover any more, but for what people said.
DELETE FROM needle_mover_evidence
WHERE workspace_id = :workspace AND span_id = :span AND state <> 'rejected' AND decided_by IS NULL;

-- name: insert_evidence
-- A span is, or may be, evidence of a mover.
INSERT INTO needle_mover_evidence (
    id, workspace_id, needle_mover_id, span_id, score, components, state, provenance, model, created_at, updated_at
) VALUES (:id, :workspace, :mover, :span, :score, :components, :state, :provenance, :model, :now, :now);

-- name: newest_label
-- Up to where there are labels.
SELECT coalesce(max(seq), 0) FROM content_labels WHERE workspace_id = :workspace;

-- name: new_labels
-- Labels that are new since the last look, but those of entities that were looked at since for their own sake.
SELECT l.seq, l.content_type, l.content_id FROM content_labels AS l
WHERE l.workspace_id = :workspace AND l.seq > :seq AND NOT EXISTS (
    SELECT 1 FROM needle_mover_cursors AS c
    WHERE c.workspace_id = l.workspace_id AND c.entity_type = l.content_type AND c.entity_id = l.content_id
      AND c.label_seq >= l.seq
)
ORDER BY l.seq LIMIT :limit;

-- name: scanned
-- Up to where the labels were looked at.
UPDATE needle_mover_states SET scanned_seq = :seq, updated_at = :now WHERE workspace_id = :workspace;

-- name: cursor_of
-- Which labels of an entity were handed over last, up to where they were looked at, and up to where there are some.
SELECT
    coalesce(max(seq), 0) AS newest,
    (SELECT version FROM needle_mover_cursors
     WHERE workspace_id = :workspace AND entity_type = :type AND entity_id = :id) AS version,
    (SELECT label_seq FROM needle_mover_cursors
     WHERE workspace_id = :workspace AND entity_type = :type AND entity_id = :id) AS label_seq
FROM content_labels WHERE workspace_id = :workspace AND content_id = :id;

-- name: put_cursor
-- The labels of an entity are handed over, or are none.
INSERT INTO needle_mover_cursors (id, workspace_id, entity_type, entity_id, version, label_seq, created_at, updated_at)
VALUES (:cursor, :workspace, :type, :id, :version, :newest, :now, :now)
ON CONFLICT (workspace_id, entity_type, entity_id) DO UPDATE SET
    version = excluded.version, label_seq = excluded.label_seq, updated_at = excluded.updated_at;

-- name: forget_evidence
-- Evidence of movers purged long ago.
DELETE FROM needle_mover_evidence WHERE workspace_id = :workspace AND needle_mover_id IN (
    SELECT id FROM needle_movers WHERE workspace_id = :workspace AND purge_id IS NOT NULL AND purged_at < :before
);

-- name: forget_movers
-- Movers purged long ago, but for the one that changed last: the next change must not get its number once more.
DELETE FROM needle_movers WHERE workspace_id = :workspace AND purge_id IS NOT NULL AND purged_at < :before
  AND changed < (SELECT max(changed) FROM needle_movers WHERE workspace_id = :workspace);

-- name: label_content
-- What a label is of.
SELECT content_type, content_id FROM content_labels WHERE workspace_id = :workspace AND id = :id;

-- name: conversation_owner
-- Whose a conversation is, and its key outside.
SELECT account_id, external_id FROM conversations WHERE workspace_id = :workspace AND id = :id;

-- name: content_evidence
-- What one conversation or note is evidence of, the surest first.
SELECT e.*, m.title, s.content_label_id, s.message_id, s.span_start, s.span_end, s.quote
FROM needle_mover_spans AS s
CROSS JOIN needle_mover_evidence AS e
    ON e.workspace_id = s.workspace_id AND e.span_id = s.id AND e.state <> 'rejected'
JOIN needle_movers AS m ON m.workspace_id = e.workspace_id AND m.id = e.needle_mover_id AND m.purge_id IS NULL
WHERE s.workspace_id = :workspace AND s.content_type = :type AND s.content_id = :content
ORDER BY e.state, e.score DESC, e.seq;

-- name: put_summaries
-- Summaries of the evidence as it is now; the guard sees where it has changed meanwhile.
UPDATE needle_movers SET
    summary_short = :short, summary_long = :long, summary_delta = :delta, citations = :citations,
    evidence_hash = :hash, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND revision = :seen;

-- name: put_title
-- A title of the evidence as it is now; the guard sees where a person has changed the mover meanwhile.
UPDATE needle_movers SET
    title = :title, title_hash = :hash, vector = :vector, encoder = :encoder, revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND revision = :seen AND title_provenance <> 'user';

-- name: quotes
-- The latest linked evidence of a mover with the names of who said it.
SELECT e.id, e.score, coalesce(e.severity, s.severity) AS severity, s.quote, s.said_at, s.content_id, s.message_id, s.span_start,
    coalesce(nullif(a.name, ''), s.account_id, s.contact) AS who
FROM needle_mover_evidence AS e
JOIN needle_mover_spans AS s ON s.workspace_id = e.workspace_id AND s.id = e.span_id
LEFT JOIN accounts AS a ON a.workspace_id = e.workspace_id AND a.id = s.account_id
WHERE e.workspace_id = :workspace AND e.needle_mover_id = :id AND e.state = 'linked'
ORDER BY s.said_at DESC, e.seq DESC LIMIT 500;

-- name: reconsidered
-- A label's span, where people changed something since it was matched and none of them linked it.
SELECT s.*, c.external_id, l.score AS label_score, (
    SELECT e.needle_mover_id FROM needle_mover_evidence AS e
    JOIN needle_movers AS m ON m.workspace_id = e.workspace_id AND m.id = e.needle_mover_id AND m.purge_id IS NULL
    WHERE e.workspace_id = :workspace AND e.span_id = s.id AND e.state = 'suggested' LIMIT 1
) AS suggested_id
FROM needle_mover_spans AS s
JOIN needle_mover_states AS t ON t.workspace_id = s.workspace_id
LEFT JOIN content_labels AS l ON l.workspace_id = s.workspace_id AND l.id = s.content_label_id
LEFT JOIN conversations AS c
    ON c.workspace_id = s.workspace_id AND c.id = s.content_id AND s.content_type = 'conversation'
WHERE s.workspace_id = :workspace AND s.content_label_id = :label AND s.considered < t.definitions
  AND (:rematch = 1 OR s.mover_id IS NULL) AND NOT EXISTS (
    SELECT 1 FROM needle_mover_evidence AS e
    JOIN needle_movers AS m ON m.workspace_id = e.workspace_id AND m.id = e.needle_mover_id AND m.purge_id IS NULL
    WHERE e.workspace_id = :workspace AND e.span_id = s.id AND e.state = 'linked' AND e.decided_by IS NOT NULL
  );

-- name: begin_job
-- A job has the workspace; the guard sees where another has begun meanwhile.
UPDATE needle_mover_states SET job = :job, updated_at = :now
WHERE workspace_id = :workspace AND job IS NOT DISTINCT FROM :seen;

-- name: end_job
-- The job is over.
UPDATE needle_mover_states SET job = NULL, updated_at = :now WHERE workspace_id = :workspace;

-- name: action_places
-- Where the evidence of a mover stands.
SELECT e.id, s.content_label_id, s.account_id,
    CASE WHEN s.content_type = 'conversation' THEN s.content_id END AS conversation_id,
    EXISTS (
        SELECT 1 FROM conversations AS c
        WHERE c.workspace_id = s.workspace_id AND c.id = s.content_id AND c.channel = 'github'
    ) AS on_github
FROM needle_mover_evidence AS e
JOIN needle_mover_spans AS s ON s.workspace_id = e.workspace_id AND s.id = e.span_id
WHERE e.workspace_id = :workspace AND e.needle_mover_id = :id AND e.state = 'linked';

-- name: find_fingerprint
-- An action that is there already.
SELECT id, status FROM needle_mover_actions WHERE workspace_id = :workspace AND fingerprint = :fingerprint;

-- name: insert_action
-- A new action; the guard sees where another message has made it meanwhile.
INSERT INTO needle_mover_actions (
    id, workspace_id, needle_mover_id, type, target, params, reversible, status, fingerprint, reason, provenance,
    result, executed_at, created_at, updated_at
) VALUES (
    :id, :workspace, :mover, :type, :target, :params, :reversible, :status, :fingerprint, :reason, 'rule',
    :result, :at, :now, :now
) ON CONFLICT DO NOTHING;

-- name: list_actions
-- A page of one mover's actions in order, after a place; filters are put in by name.
SELECT a.* FROM needle_mover_actions AS a
WHERE a.workspace_id = :workspace AND a.needle_mover_id = :id AND a.seq > :seq /* filters */
ORDER BY a.seq LIMIT :limit;

-- name: filter_action_status
-- Only actions in one state.
a.workspace_id = :workspace AND a.status = :status

-- name: find_action
-- One action.
SELECT * FROM needle_mover_actions WHERE workspace_id = :workspace AND id = :id;

-- name: settle_action
-- What became of an action; the guard sees where another message has settled it meanwhile.
UPDATE needle_mover_actions SET
    status = :status, result = :result, decided_by = :decided_by, executed_at = :executed_at, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status = :seen;

-- name: note_kind
-- What kind of note one is.
SELECT kind FROM notes WHERE workspace_id = :workspace AND id = :id;

-- name: stale_impacts
-- Needle movers whose impact was measured before a time, or never.
SELECT id FROM needle_movers
WHERE workspace_id = :workspace AND purge_id IS NULL AND merged_into IS NULL AND coalesce(impact_at, 0) < :before
ORDER BY seq LIMIT :limit;

-- name: standing
-- A page of needle movers that stand for themselves, after a place.
SELECT id FROM needle_movers
WHERE workspace_id = :workspace AND id > :after AND purge_id IS NULL AND merged_into IS NULL ORDER BY id LIMIT :limit;

-- name: kept_of
-- Of these conversations and notes those of which there are spans.
SELECT DISTINCT s.content_type, s.content_id FROM json_each(:contents) AS said
CROSS JOIN needle_mover_spans AS s ON s.workspace_id = :workspace
    AND s.content_type IN ('conversation', 'note') AND s.content_id = said.value;

-- name: move_conversation
-- The spans of a conversation are those of another, but for those that it has.
UPDATE needle_mover_spans SET content_id = :into, updated_at = :now
WHERE workspace_id = :workspace AND content_type = 'conversation' AND content_id = :id AND NOT EXISTS (
    SELECT 1 FROM needle_mover_spans AS o
    WHERE o.workspace_id = :workspace AND o.content_type = 'conversation' AND o.content_id = :into
      AND o.label_key = needle_mover_spans.label_key AND o.message_id = needle_mover_spans.message_id
      AND o.span_start = needle_mover_spans.span_start AND o.quote = needle_mover_spans.quote
);

-- name: drop_evidence_of
-- What is left of a conversation's evidence.
DELETE FROM needle_mover_evidence WHERE workspace_id = :workspace AND span_id IN (
    SELECT id FROM needle_mover_spans
    WHERE workspace_id = :workspace AND content_type = 'conversation' AND content_id = :id
);

-- name: drop_spans_of
-- What is left of a conversation's spans.
DELETE FROM needle_mover_spans WHERE workspace_id = :workspace AND content_type = 'conversation' AND content_id = :id;

-- name: drop_cursor
-- Nothing of a conversation will be handed over any more.
DELETE FROM needle_mover_cursors WHERE workspace_id = :workspace AND entity_type = 'conversation' AND entity_id = :id;
