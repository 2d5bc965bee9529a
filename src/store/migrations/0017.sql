-- Finds what people said of their access, and when they were asked, without reading every request.
CREATE INDEX requests_feedback ON requests (subject, json_extract(talk, '$.feedback.asked_at'))
WHERE json_extract(talk, '$.feedback') IS NOT NULL;
