-- Queries of reports and their runs.

-- name: report
-- One report.
SELECT * FROM reports WHERE workspace_id = :workspace AND id = :id;

-- name: list_reports
-- A page of reports, newest first, before a place.
SELECT * FROM reports WHERE workspace_id = :workspace AND seq < :seq ORDER BY seq DESC LIMIT :limit;

-- name: scheduled_reports
-- A page of the reports that run by themselves, behind a place.
SELECT * FROM reports WHERE workspace_id = :workspace AND seq > :seq AND schedule <> 'manual' ORDER BY seq LIMIT :limit;

-- name: insert_report
-- A new report; the guard sees where its id is taken.
INSERT INTO reports (id, workspace_id, name, query, schedule, format, created_at, updated_at)
VALUES (:id, :workspace, :name, :query, :schedule, :format, :now, :now) ON CONFLICT DO NOTHING;

-- name: update_report
-- What is different from now on; the guard sees where another message has changed it meanwhile.
UPDATE reports SET name = :name, schedule = :schedule, format = :format, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND updated_at = :seen;

-- name: delete_report
-- A report goes; its runs stay. The guard sees where another message has deleted it meanwhile.
DELETE FROM reports WHERE workspace_id = :workspace AND id = :id;

-- name: run
-- One run.
SELECT * FROM report_runs WHERE workspace_id = :workspace AND id = :id;

-- name: run_of_period
-- The run of a report for just this period.
SELECT * FROM report_runs
WHERE workspace_id = :workspace AND report_id = :report AND period_start = :start AND period_end = :end;

-- name: run_of_slot
-- The run that a report's schedule made for a period.
SELECT id FROM report_runs
WHERE workspace_id = :workspace AND report_id = :report AND period_start = :start AND scheduled = 1;

-- name: list_runs
-- A page of runs, newest first, before a place; filters are put in by name.
SELECT * FROM report_runs AS r
WHERE r.workspace_id = :workspace AND r.seq < :seq /* filters */
ORDER BY r.seq DESC LIMIT :limit;

-- name: filter_report
-- Only those of one report.
r.workspace_id = :workspace AND r.report_id = :report

-- name: insert_run
-- A new run; the guard sees where another message has made it meanwhile.
INSERT INTO report_runs (
    id, workspace_id, report_id, name, query, format, zone, scheduled, period_start, period_end, status, queued_at,
    created_at, updated_at
) VALUES (
    :id, :workspace, :report, :name, :query, :format, :zone, :scheduled, :start, :end, 'queued', :now, :now, :now
) ON CONFLICT DO NOTHING;

-- name: finish_run
-- What a run came to; the guard sees where it has ended already.
UPDATE report_runs SET status = 'done', artifact = :artifact, error = NULL, finished_at = :now, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status = 'queued';

-- name: stuck_runs
-- A page of runs that were queued long ago.
SELECT * FROM report_runs
WHERE workspace_id = :workspace AND status = 'queued' AND queued_at < :before ORDER BY queued_at LIMIT :limit;

-- name: requeue_run
-- A stuck run is queued once more; the guard sees where it has ended meanwhile.
UPDATE report_runs SET requeued = 1, queued_at = :now, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status = 'queued' AND requeued = 0;

-- name: fail_run
-- A run that was stuck twice; the guard sees where it has ended meanwhile.
UPDATE report_runs SET status = 'failed', error = :error, finished_at = :now, updated_at = :now
WHERE workspace_id = :workspace AND id = :id AND status = 'queued';
