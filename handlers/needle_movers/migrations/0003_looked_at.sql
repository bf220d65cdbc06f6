-- Up to which label an entity was looked at when it was handed over (or had nothing to hand over), so that the look at
-- all new labels need not ask for it again.
ALTER TABLE needle_mover_cursors ADD COLUMN label_seq INTEGER NOT NULL DEFAULT 0;
