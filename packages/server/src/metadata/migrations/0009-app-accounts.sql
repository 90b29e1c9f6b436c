-- The user id of the operating system that an app's processes run under when root starts the workspace. Chosen once, since files belong to it.
ALTER TABLE apps ADD COLUMN os_uid INTEGER;
