\set subject random(1, 10000)
select subject_version, status, changed_at, state from bench.user_state where subject = :subject;
