-- What a dead letter had committed in steps: redriven, it goes on from there and commits nothing twice.
ALTER TABLE dead ADD COLUMN cursor TEXT;
