-- Who holds needle movers in memory knows in which conversation evidence stands: it reads them anew where that is another.
DROP TRIGGER needle_mover_spans_known;

CREATE TRIGGER needle_mover_spans_known AFTER UPDATE OF account_id, content_id ON needle_mover_spans
    WHEN new.account_id IS NOT old.account_id OR new.content_id <> old.content_id
BEGIN
    UPDATE needle_movers SET changed = (
        SELECT max(changed) + 1 FROM needle_movers WHERE workspace_id = new.workspace_id
    ) WHERE workspace_id = new.workspace_id AND id IN (
        SELECT needle_mover_id FROM needle_mover_evidence
        WHERE workspace_id = new.workspace_id AND span_id = new.id AND state <> 'suggested'
    );
END;
