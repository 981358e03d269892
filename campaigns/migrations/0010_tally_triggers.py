from django.db import migrations

PLACE = "organization_id, campaign_id, variant_id, channel_id, state, reason, hour"
ROWS = """
SELECT {sign} AS people, {sign} * (replied_at IS NOT NULL)::int AS replied, organization_id, campaign_id, variant_id, channel_id, state,
       CASE WHEN state = 'skipped' THEN skip_reason WHEN state IN ('failed', 'invalid') THEN error_code ELSE '' END AS reason,
       date_trunc('hour', sent_at, 'UTC') AS hour
FROM {table}
"""
ADD = f"""
INSERT INTO campaigns_tally
  (id, organization_id, campaign_id, variant_ref, channel_ref, state, reason, hour, people, replied)
SELECT gen_random_uuid(), {PLACE}, sum(people), sum(replied) FROM ({{rows}}) AS changed
GROUP BY {PLACE} HAVING sum(people) <> 0 OR sum(replied) <> 0
"""
CAME, WENT = ROWS.format(sign="1", table="came"), ROWS.format(sign="-1", table="went")

# Three triggers, since what came and what went are known to a statement only where there is such a thing.
FUNCTION = f"""
CREATE FUNCTION campaigns_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    {ADD.format(rows=CAME)};
  ELSIF TG_OP = 'DELETE' THEN
    {ADD.format(rows=WENT)};
  ELSE
    {ADD.format(rows=f"{CAME} UNION ALL {WENT}")};
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER tally_insert AFTER INSERT ON campaigns_recipient REFERENCING NEW TABLE AS came
  FOR EACH STATEMENT EXECUTE FUNCTION campaigns_tally();
CREATE TRIGGER tally_update AFTER UPDATE ON campaigns_recipient REFERENCING NEW TABLE AS came OLD TABLE AS went
  FOR EACH STATEMENT EXECUTE FUNCTION campaigns_tally();
CREATE TRIGGER tally_delete AFTER DELETE ON campaigns_recipient REFERENCING OLD TABLE AS went
  FOR EACH STATEMENT EXECUTE FUNCTION campaigns_tally();
"""
NO_FUNCTION = """
DROP TRIGGER tally_insert ON campaigns_recipient;
DROP TRIGGER tally_update ON campaigns_recipient;
DROP TRIGGER tally_delete ON campaigns_recipient;
DROP FUNCTION campaigns_tally();
"""
# A row changes four times in its life: with a million of them the usual fifth would be dead before somebody cleaned up.
CLEANED = """
ALTER TABLE campaigns_recipient SET
  (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE campaigns_tally SET (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 500)
"""
USUAL = """
ALTER TABLE campaigns_recipient RESET
  (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor, autovacuum_vacuum_insert_scale_factor)
"""


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0009_tally")]

    operations = [
        # In this order: the triggers hold off whoever writes until the count is there, so that nothing falls between.
        migrations.RunSQL(FUNCTION, NO_FUNCTION),
        migrations.RunSQL(ADD.format(rows=ROWS.format(sign="1", table="campaigns_recipient")), "DELETE FROM campaigns_tally"),
        migrations.RunSQL(CLEANED, USUAL),
    ]
