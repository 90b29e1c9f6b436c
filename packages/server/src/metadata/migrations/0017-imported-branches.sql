-- The full name that a branch had where the file was exported that it was made of; null for one that was made of nothing but this workspace has.
ALTER TABLE branches ADD COLUMN imported_from TEXT;
