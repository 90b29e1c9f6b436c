-- What somebody asked of the compute of an endpoint and is not done yet; null as a rule. Done at the next start where a kill came first.
ALTER TABLE endpoints ADD COLUMN asked_move TEXT CHECK (asked_move IN ('SUSPEND', 'RESTART'));
