-- What changed of that which spans are matched with: `changed` rises with it, so that whoever holds the needle movers in
-- memory reads anew only those that are others now, in whichever process they were changed.
ALTER TABLE needle_movers ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;

CREATE INDEX needle_movers_changed ON needle_movers (workspace_id, changed);

-- By state and age: the latest evidence of a mover, and what people rejected of it.
CREATE INDEX needle_mover_evidence_state ON needle_mover_evidence (workspace_id, needle_mover_id, state, seq);

-- All that the search for founders asks of a span without a mover, so that thousands are passed over without their vectors.
DROP INDEX needle_mover_spans_pool;
CREATE INDEX needle_mover_spans_pool ON needle_mover_spans (workspace_id, said_at, label_key, encoder, id)
    WHERE mover_id IS NULL;

CREATE TRIGGER needle_movers_made AFTER INSERT ON needle_movers BEGIN
    UPDATE needle_movers SET changed = (
        SELECT max(changed) + 1 FROM needle_movers WHERE workspace_id = new.workspace_id
    ) WHERE seq = new.seq;
END;

CREATE TRIGGER needle_movers_renamed AFTER UPDATE OF
    title, description, kind, rules, summary_user, summary_short, vector, encoder, merged_into, purge_id ON needle_movers
BEGIN
    UPDATE needle_movers SET changed = (
        SELECT max(changed) + 1 FROM needle_movers WHERE workspace_id = new.workspace_id
    ) WHERE seq = new.seq;
END;

-- What is only suggested is not matched with.
CREATE TRIGGER needle_mover_evidence_made AFTER INSERT ON needle_mover_evidence WHEN new.state <> 'suggested' BEGIN
    UPDATE needle_movers SET changed = (
        SELECT max(changed) + 1 FROM needle_movers WHERE workspace_id = new.workspace_id
    ) WHERE workspace_id = new.workspace_id AND id = new.needle_mover_id;
END;

CREATE TRIGGER needle_mover_evidence_gone AFTER DELETE ON needle_mover_evidence WHEN old.state <> 'suggested' BEGIN
    UPDATE needle_movers SET changed = (
        SELECT max(changed) + 1 FROM needle_movers WHERE workspace_id = old.workspace_id
    ) WHERE workspace_id = old.workspace_id AND id = old.needle_mover_id;
END;

CREATE TRIGGER needle_mover_evidence_moved AFTER UPDATE OF needle_mover_id, span_id, state, decided_by
    ON needle_mover_evidence WHEN old.state <> 'suggested' OR new.state <> 'suggested'
BEGIN
    UPDATE needle_movers SET changed = (
        SELECT max(changed) + 1 FROM needle_movers WHERE workspace_id = new.workspace_id
    ) WHERE workspace_id = new.workspace_id AND id IN (old.needle_mover_id, new.needle_mover_id);
END;

CREATE TRIGGER needle_mover_spans_known AFTER UPDATE OF account_id ON needle_mover_spans
    WHEN new.account_id IS NOT old.account_id
BEGIN
    UPDATE needle_movers SET changed = (
        SELECT max(changed) + 1 FROM needle_movers WHERE workspace_id = new.workspace_id
    ) WHERE workspace_id = new.workspace_id AND id IN (
        SELECT needle_mover_id FROM needle_mover_evidence
        WHERE workspace_id = new.workspace_id AND span_id = new.id AND state <> 'suggested'
    );
END;
