-- How often the policy alone let somebody in lately.
CREATE INDEX requests_uses ON requests (subject, asked_at) WHERE mode = 'auto';
