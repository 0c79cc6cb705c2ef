-- Where several nodes work on one database, an export is run by the node that it
-- was started on: rows and files are there.
ALTER TABLE exports ADD COLUMN node TEXT NOT NULL DEFAULT '';
