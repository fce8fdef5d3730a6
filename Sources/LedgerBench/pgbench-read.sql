\set subject random(1, 10000)
select subject_version, status, changed_at, state from bench.current_token where subject = :subject;
