-- Whether idle sessions of an endpoint outlive the sleep of its compute; null: as the workspace is configured.
ALTER TABLE endpoints ADD COLUMN parks_sessions INTEGER CHECK (parks_sessions IN (0, 1));
