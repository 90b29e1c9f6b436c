-- Settings of an app that have no effect in a local workspace; kept, so that a client finds what it sent.
ALTER TABLE apps ADD COLUMN other_settings TEXT NOT NULL DEFAULT '{}';
