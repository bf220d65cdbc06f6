-- Queries of tasks. Other groups' tables are only read: labels that no task was made from, issues that were closed.

-- name: find_task
-- One task.
SELECT * FROM tasks WHERE workspace_id = :workspace AND id = :id;

-- name: labels_of
-- The judgements of these tasks.
SELECT task_id, key, value, score, provenance FROM task_labels
WHERE workspace_id = :workspace AND task_id IN (SELECT value FROM json_each(:ids)) ORDER BY task_id, key;

-- name: evidence_of
-- What proves a task, oldest first.
SELECT * FROM task_evidence WHERE workspace_id = :workspace AND task_id = :id ORDER BY seq LIMIT 500;

-- name: list_tasks
-- A page of tasks, newest first, before a place; filters are put in by name.
SELECT t.* FROM tasks AS t
WHERE t.workspace_id = :workspace AND t.seq < :seq /* filters */ ORDER BY t.seq DESC LIMIT :limit;

-- name: count_tasks
-- How many there are, by status.
SELECT status, count(*) AS tasks FROM tasks WHERE workspace_id = :workspace GROUP BY status;

-- name: filter_status
-- Only those in one status.
t.workspace_id = :workspace AND t.status = :status

-- name: filter_assignee
-- Only those of one person.
t.workspace_id = :workspace AND t.assignee = :assignee

-- name: filter_source
-- Only those from one source.
t.workspace_id = :workspace AND t.source = :source

-- name: filter_account
-- Only those of one account.
t.workspace_id = :workspace AND t.account_id = :account

-- name: filter_mover
-- Only those of one needle mover.
t.workspace_id = :workspace AND t.needle_mover_id = :mover

-- name: filter_type
-- Only those of one type.
EXISTS (
    SELECT 1 FROM task_labels AS l
    WHERE l.workspace_id = :workspace AND l.task_id = t.id AND l.key = 'type' AND l.value = :type
)

-- name: filter_overdue
-- Only those that are, or are not, overdue.
t.workspace_id = :workspace AND :overdue = (
    t.due_on IS NOT NULL AND t.due_on < :today AND t.status IN ('suggested', 'open', 'in_progress')
)

-- name: count_owners
-- How many tasks each has, those with the most first.
SELECT assignee, count(*) AS tasks FROM tasks
WHERE workspace_id = :workspace AND assignee IS NOT NULL
GROUP BY assignee ORDER BY tasks DESC, assignee LIMIT 500;

-- name: filter_search
-- Only those that match, or the sentence behind which does. CROSS JOIN keeps the search first: else it runs per row.
t.workspace_id = :workspace AND t.seq IN (
    SELECT rowid FROM task_search WHERE task_search MATCH :match
    UNION
    SELECT p.seq FROM task_evidence_search
    CROSS JOIN task_evidence AS e ON e.seq = task_evidence_search.rowid
    CROSS JOIN tasks AS p ON p.workspace_id = e.workspace_id AND p.id = e.task_id
    WHERE task_evidence_search MATCH :match AND e.workspace_id = :workspace
)

-- name: insert_task
-- A new task; the guard sees where another message has made it, or given the conversation it was said in away, meanwhile.
INSERT INTO tasks (
    id, workspace_id, title, body, status, assignee, due_on, source, content_label_id, needle_mover_id, account_id,
    external_ref, fingerprint, confidence, provenance, model, vector, encoder, created_at, updated_at
) SELECT
    :id, :workspace, :title, :body, :status, :assignee, :due_on, :source, :content_label_id, :needle_mover_id,
    :account_id, :external_ref, :fingerprint, :confidence, :provenance, :model, :vector, :encoder, :now, :now
WHERE :said_in IS NULL OR EXISTS (
    SELECT 1 FROM conversations WHERE workspace_id = :workspace AND id = :said_in AND account_id IS :account_id
) ON CONFLICT DO NOTHING;

-- name: update_task
-- What was changed; the guard sees where another message has changed it meanwhile.
UPDATE tasks SET
    title = :title, body = :body, status = :status, closed_reason = :closed_reason, assignee = :assignee,
    due_on = :due_on, overdue_at = :overdue_at, account_id = :account_id, external_ref = :external_ref,
    fingerprint = :fingerprint, vector = :vector, encoder = :encoder, labelled_hash = :labelled_hash,
    revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND revision = :seen;

-- name: people_of
-- Those who take part in what a label stands in: a conversation, or what a note is about.
SELECT DISTINCT coalesce(nullif(p.name, ''), nullif(p.email, ''), p.address) AS name, lower(p.email) AS email, p.address
FROM conversation_participants AS p
WHERE p.workspace_id = :workspace AND p.conversation_id IN (
    SELECT c.id FROM conversations AS c
    WHERE c.workspace_id = :workspace AND c.id = :content AND :type = 'conversation'
    UNION ALL SELECT coalesce(n.conversation_id, e.conversation_id) FROM notes AS n
    LEFT JOIN meetings AS e ON e.workspace_id = n.workspace_id AND e.id = n.meeting_id
    WHERE n.workspace_id = :workspace AND n.id = :content AND :type = 'note'
)
LIMIT 200;

-- name: content_of_label
-- What a label stands in.
SELECT content_type, content_id FROM content_labels WHERE workspace_id = :workspace AND id = :id;

-- name: scene_of
-- What a conversation or note is about, and which messages a program sent to many: bounces, notices, newsletters.
SELECT c.subject, c.channel, c.started_at, (
    SELECT json_group_array(m.id) FROM conversation_messages AS m
    WHERE m.workspace_id = c.workspace_id AND m.conversation_id = c.id AND (
        json_extract(m.facts, '$.is_noreply') OR json_extract(m.facts, '$.is_bounce')
        OR json_extract(m.facts, '$.auto_submitted') <> '' OR json_extract(m.facts, '$.list_unsubscribe_one_click')
        OR json_extract(m.facts, '$.precedence') IN ('bulk', 'junk')
        OR (json_extract(m.facts, '$.list_unsubscribe') IS NOT NULL AND json_extract(m.facts, '$.list_id') IS NULL)
        OR m.text LIKE '%in your browser%' OR m.text LIKE '%unsubscribe from %' OR m.text LIKE '%mail preferences%'
    )
) AS automatic
FROM conversations AS c WHERE c.workspace_id = :workspace AND c.id = :content AND :type = 'conversation'
UNION ALL SELECT n.title, '', 0, '[]' FROM notes AS n
WHERE n.workspace_id = :workspace AND n.id = :content AND :type = 'note';

-- name: turns_of
-- What was said in a conversation, the newest first; the current text of a note.
SELECT m.id, coalesce(nullif(m.sender_email, ''), nullif(m.sender_name, ''), m.sender_id) AS sender,
    substr(m.text, 1, 20000) AS text, m.sent_at AS at, m.seq AS place
FROM conversation_messages AS m
WHERE m.workspace_id = :workspace AND m.conversation_id = :content AND :type = 'conversation'
UNION ALL SELECT '', '', v.body_md, 0, 0 FROM notes AS n
CROSS JOIN note_versions AS v ON v.workspace_id = n.workspace_id AND v.note_id = n.id AND v.version = n.current_version
WHERE n.workspace_id = :workspace AND n.id = :content AND :type = 'note'
ORDER BY at DESC, place DESC LIMIT 2000;

-- name: close_settled
-- A suggestion whose request was fulfilled where it was made, and is not made elsewhere.
UPDATE tasks SET status = 'dismissed', closed_reason = 'external', revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status = 'suggested' AND source = 'content_label' AND NOT EXISTS (
    SELECT 1 FROM task_evidence AS e
    WHERE e.workspace_id = :workspace AND e.task_id = tasks.id AND e.content_id <> :content
);

-- name: evidence_at
-- What the same sentence suggested before.
SELECT * FROM task_evidence
WHERE workspace_id = :workspace AND content_type = :type AND content_id = :content AND message_id = :message_id
  AND span_start = :start AND quote = :quote;

-- name: twin
-- The task with a fingerprint: a living one before one that was dismissed by a person.
SELECT * FROM tasks
WHERE workspace_id = :workspace AND fingerprint = :fingerprint
  AND (status IN ('suggested', 'open', 'in_progress') OR (status = 'dismissed' AND closed_reason = 'user'))
ORDER BY status = 'dismissed', seq DESC LIMIT 1;

-- name: blocked
-- Until when a deleted suggestion stays away.
SELECT until FROM task_fingerprints WHERE workspace_id = :workspace AND fingerprint = :fingerprint AND until > :now;

-- name: living
-- Living tasks of an account (or of none), the newest first, to compare a suggestion with.
SELECT id, title, assignee, due_on, status, confidence, vector, revision FROM tasks
WHERE workspace_id = :workspace AND account_id IS :account AND status IN ('suggested', 'open', 'in_progress')
  AND encoder = :encoder
ORDER BY seq DESC LIMIT 500;

-- name: put_evidence
-- A sentence and the task that it proves.
INSERT INTO task_evidence (
    id, workspace_id, task_id, again_at, content_label_id, label_key, content_type, content_id, message_id, span_start,
    span_end, quote, sender, said_at, score, created_at, updated_at
) VALUES (
    :id, :workspace, :task, :again_at, :label, :label_key, :content_type, :content_id, :message_id, :start,
    :end, :quote, :sender, :said_at, :score, :now, :now
) ON CONFLICT (workspace_id, content_type, content_id, message_id, span_start, quote) DO UPDATE SET
    task_id = excluded.task_id, again_at = excluded.again_at, content_label_id = excluded.content_label_id,
    label_key = excluded.label_key, score = excluded.score, updated_at = excluded.updated_at;

-- name: add_to_task
-- More proof for a living task: the greater confidence, a due date, an owner and a needle mover where it had none.
UPDATE tasks SET
    confidence = max(confidence, :confidence), due_on = coalesce(due_on, :due_on),
    assignee = CASE WHEN status = 'suggested' THEN coalesce(assignee, :assignee) ELSE assignee END,
    needle_mover_id = coalesce(needle_mover_id, :mover), revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status IN ('suggested', 'open', 'in_progress');

-- name: evidence_of_content
-- What of one content was looked at, with the tasks that it proves.
SELECT * FROM task_evidence WHERE workspace_id = :workspace AND content_type = :type AND content_id = :content;

-- name: drop_evidence
-- A sentence that proves nothing any more.
DELETE FROM task_evidence WHERE workspace_id = :workspace AND id = :id;

-- name: close_unproven
-- A suggestion from a label that nothing proves any more.
UPDATE tasks SET status = 'dismissed', closed_reason = 'evidence_gone', revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status = 'suggested' AND source = 'content_label' AND NOT EXISTS (
    SELECT 1 FROM task_evidence AS e WHERE e.workspace_id = :workspace AND e.task_id = tasks.id
);

-- name: put_label
-- A judgement of a task; a person's stays.
INSERT INTO task_labels (id, workspace_id, task_id, key, value, score, provenance, model, created_at, updated_at)
VALUES (:id, :workspace, :task, :key, :value, :score, :provenance, :model, :now, :now)
ON CONFLICT (workspace_id, task_id, key) DO UPDATE SET
    value = excluded.value, score = excluded.score, provenance = excluded.provenance, model = excluded.model,
    updated_at = excluded.updated_at
WHERE task_labels.provenance <> 'user';

-- name: drop_labels
-- Judgements of a task that do not hold any more.
DELETE FROM task_labels
WHERE workspace_id = :workspace AND task_id = :task AND provenance <> 'user'
  AND key NOT IN (SELECT value FROM json_each(:ids));

-- name: mark_labelled
-- A task is judged as it says now; the guard sees where it was changed meanwhile.
UPDATE tasks SET labelled_hash = :hash WHERE workspace_id = :workspace AND id = :id AND revision = :seen;

-- name: unlabelled
-- Tasks that were not judged as they are, longest unchanged first.
SELECT * FROM tasks WHERE workspace_id = :workspace AND labelled_hash = '' ORDER BY updated_at, id LIMIT :limit;

-- name: deletable
-- Suggestions; filters are put in by name.
SELECT t.id, t.fingerprint FROM tasks AS t
WHERE t.workspace_id = :workspace AND unlikely(t.status = 'suggested') /* filters */ ORDER BY t.seq LIMIT :limit;

-- name: filter_before
-- Only those created before a time.
t.workspace_id = :workspace AND t.created_at < :before

-- name: keep_fingerprints
-- The same suggestions stay away for a while.
INSERT INTO task_fingerprints (id, workspace_id, fingerprint, until, created_at, updated_at)
SELECT 'taskfp_' || lower(hex(randomblob(13))), :workspace, value, :until, :now, :now FROM json_each(:ids) WHERE true
ON CONFLICT (workspace_id, fingerprint) DO UPDATE SET until = excluded.until, updated_at = excluded.updated_at;

-- name: free_evidence
-- What proved deleted suggestions may suggest them again after a while.
UPDATE task_evidence SET task_id = NULL, again_at = :until, updated_at = :now
WHERE workspace_id = :workspace AND task_id IN (SELECT value FROM json_each(:ids));

-- name: delete_labels
-- The judgements of deleted suggestions.
DELETE FROM task_labels WHERE workspace_id = :workspace AND task_id IN (SELECT value FROM json_each(:ids));

-- name: delete_tasks
-- These suggestions; the guard sees where one was accepted meanwhile.
DELETE FROM tasks
WHERE workspace_id = :workspace AND +status = 'suggested' AND id IN (SELECT value FROM json_each(:ids));

-- name: unlink_mover
-- Tasks of a needle mover become another's, or nobody's.
UPDATE tasks SET needle_mover_id = :into, revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND needle_mover_id = :mover;

-- name: untried
-- Contents with labels in force that tasks are made from and that were not tried yet, or may be again.
SELECT DISTINCT l.content_type, l.content_id FROM content_labels AS l
WHERE l.workspace_id = :workspace AND l.label_key IN (SELECT value FROM json_each(:ids))
  AND l.state IN ('machine', 'confirmed') AND NOT EXISTS (
    SELECT 1 FROM task_evidence AS e
    WHERE e.workspace_id = l.workspace_id AND e.content_type = l.content_type AND e.content_id = l.content_id
      AND e.message_id = l.message_id AND e.span_start = l.span_start AND e.quote = l.quote
      AND (e.task_id IS NOT NULL OR e.again_at IS NULL OR e.again_at > :now)
)
LIMIT :limit;

-- name: expired
-- Suggestions that nobody has looked at for long.
SELECT id, title FROM tasks
WHERE workspace_id = :workspace AND status = 'suggested' AND created_at < :before ORDER BY created_at LIMIT :limit;

-- name: expire
-- They are dismissed, by nobody: the same may be suggested again.
UPDATE tasks SET status = 'dismissed', closed_reason = 'expired', revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND +status = 'suggested' AND id IN (SELECT value FROM json_each(:ids));

-- name: newly_overdue
-- Living tasks whose due date has passed, not marked yet.
SELECT id FROM tasks
WHERE workspace_id = :workspace AND due_on < :today AND due_on IS NOT NULL AND overdue_at IS NULL
  AND status IN ('suggested', 'open', 'in_progress')
ORDER BY due_on LIMIT :limit;

-- name: mark_overdue
-- They are overdue from now on.
UPDATE tasks SET overdue_at = :now, updated_at = :now
WHERE workspace_id = :workspace AND overdue_at IS NULL AND id IN (SELECT value FROM json_each(:ids));

-- name: closed_outside
-- Living tasks whose issue elsewhere says, in the newest message that tells its state, that it is closed.
SELECT t.id, t.external_ref FROM tasks AS t
WHERE t.workspace_id = :workspace AND t.external_ref IS NOT NULL AND t.status IN ('open', 'in_progress')
  AND 'closed' = (
    SELECT json_extract(m.facts, '$.state') FROM conversations AS c
    CROSS JOIN conversation_messages AS m ON m.workspace_id = c.workspace_id AND m.conversation_id = c.id
    WHERE c.workspace_id = t.workspace_id AND c.external_id = t.external_ref AND c.channel = 'github'
      AND json_extract(m.facts, '$.state') IS NOT NULL
    ORDER BY m.sent_at DESC, m.seq DESC LIMIT 1
)
LIMIT :limit;

-- name: finish
-- Their work was done elsewhere.
UPDATE tasks SET status = 'done', closed_reason = 'external', revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND +status IN ('open', 'in_progress') AND id IN (SELECT value FROM json_each(:ids));

-- name: suggestions
-- Suggestions, oldest first, to find those that say the same.
SELECT id, account_id, assignee, needle_mover_id, vector, encoder, confidence, due_on FROM tasks
WHERE workspace_id = :workspace AND unlikely(status = 'suggested') ORDER BY seq LIMIT 5000;

-- name: move_evidence
-- What proves one suggestion proves another.
UPDATE task_evidence SET task_id = :into, updated_at = :now WHERE workspace_id = :workspace AND task_id = :id;

-- name: close_merged
-- A suggestion that another one says already.
UPDATE tasks SET status = 'dismissed', closed_reason = 'merged', revision = revision + 1, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status = 'suggested';

-- name: forget_fingerprints
-- Those whose time is over.
DELETE FROM task_fingerprints WHERE workspace_id = :workspace AND until <= :now;

-- name: proven_by
-- Tasks that came from these conversations and notes (`own`), or are proved by them.
SELECT t.*, NOT EXISTS (
    SELECT 1 FROM content_labels AS l
    WHERE l.workspace_id = t.workspace_id AND l.id = t.content_label_id
      AND l.content_id NOT IN (SELECT value FROM json_each(:contents))
) AS own
FROM tasks AS t
WHERE t.workspace_id = :workspace AND t.id IN (
    SELECT e.task_id FROM json_each(:contents) AS said
    CROSS JOIN task_evidence AS e ON e.workspace_id = :workspace
        AND e.content_type IN ('conversation', 'note') AND e.content_id = said.value
    UNION
    SELECT f.id FROM json_each(:contents) AS said
    CROSS JOIN content_labels AS l ON l.workspace_id = :workspace AND l.content_id = said.value
    CROSS JOIN tasks AS f ON f.workspace_id = l.workspace_id AND f.content_label_id = l.id
);

-- name: split_evidence
-- What these conversations and notes say proves a task no more.
DELETE FROM task_evidence
WHERE workspace_id = :workspace AND task_id = :id AND content_id IN (SELECT value FROM json_each(:contents));

-- name: living_twin
-- Another living task with a fingerprint, but for those that people wrote.
SELECT id FROM tasks
WHERE workspace_id = :workspace AND fingerprint = :fingerprint AND id <> :id
  AND status IN ('suggested', 'open', 'in_progress') AND source <> 'user';

-- name: move_proof
-- What a conversation proves another one proves, but for what it does.
UPDATE task_evidence SET content_id = :into, updated_at = :now
WHERE workspace_id = :workspace AND content_type = 'conversation' AND content_id = :id AND NOT EXISTS (
    SELECT 1 FROM task_evidence AS o
    WHERE o.workspace_id = :workspace AND o.content_type = 'conversation' AND o.content_id = :into
      AND o.message_id = task_evidence.message_id AND o.span_start = task_evidence.span_start
      AND o.quote = task_evidence.quote
);

-- name: drop_proof
-- What is left of a conversation's proof.
DELETE FROM task_evidence WHERE workspace_id = :workspace AND content_type = 'conversation' AND content_id = :id;
