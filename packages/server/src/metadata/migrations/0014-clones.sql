-- How much the clone that a branch was made by holds, and how long it took.
ALTER TABLE branches ADD COLUMN clone_bytes INTEGER;
ALTER TABLE branches ADD COLUMN clone_ms INTEGER;
