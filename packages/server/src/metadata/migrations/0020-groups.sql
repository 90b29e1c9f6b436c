-- High availability: how many computes stand behind an endpoint, and whether clients may read from all but the first.
ALTER TABLE endpoints ADD COLUMN group_size INTEGER NOT NULL DEFAULT 1 CHECK (group_size BETWEEN 1 AND 4);
ALTER TABLE endpoints ADD COLUMN reads_secondaries INTEGER NOT NULL DEFAULT 0 CHECK (reads_secondaries IN (0, 1));
