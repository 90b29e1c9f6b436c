-- What a deployment must answer before it serves; JSON, null for nothing but listening.
ALTER TABLE app_deployments ADD COLUMN health_check TEXT;

CREATE TABLE app_thumbnails (
  app TEXT PRIMARY KEY REFERENCES apps (name) ON DELETE CASCADE,
  -- PNG, JPEG, GIF or WebP, as it was sent.
  picture BLOB NOT NULL
) STRICT;
