"""All recurring work of the product, in one list."""

from accounts.idempotency import forget_old_answers
from billing.jobs import (
    expire_charges,
    handle_waiting_events,
    look_at_open_pages,
    purge_stripe_events,
    resume_refunds,
)
from bookings.charges.receipts import sweep_receipts
from bookings.services.booking import expire_holds
from bookings.services.google.mirroring import sweep_calendars
from bookings.services.google.pulling import pull_calendars
from bookings.services.google.watching import renew_watches
from bookings.services.notices import send_due_notices
from campaigns.drill import play_drills
from campaigns.jobs import (
    advance_sequences,
    build_missing_audiences,
    fold_counts,
    leave_out_forgotten,
    resume_renewed_campaigns,
    start_due_campaigns,
    sweep_campaigns,
    watch_campaigns,
    watch_demand,
)
from campaigns.services.shares import shift_shares
from conversations.services.hidden import resolve_all_hidden
from conversations.services.media import fetch_waiting
from conversations.services.send import sweep_outgoing
from core.schedule import Recurring
from gateways.jobs import purge_receipts, run_simulated_contacts
from gateways.official.jobs import refresh_pending_templates
from gateways.pool.backfill import compare_histories, look_back
from gateways.pool.guard import watch_pools
from gateways.pool.rotation import rotate_pools
from gateways.pool.shape import shape_hours
from gateways.pool.silence import watch_silences
from gateways.services.alerts import warn_near_caps
from gateways.services.drain import drain_missed
from gateways.services.health import check_channels
from leads.bulk.running import resume_stalled_bulks
from leads.jobs import forget_old_uploads, resume_stalled_imports
from sagas.outbox import deliver_events
from sagas.sweep import sweep_sagas
from sdr.services.abandoning import mark_abandoned
from sdr.services.following import follow_up_silent
from sdr.services.knowledge import read_waiting
from sdr.services.learning import recalibrate_monthly, rescore_waiting
from sdr.services.spending import watch_spending
from sdr.services.turns import wake_turns

RECURRING: list[Recurring] = [
    Recurring(deliver_events, 2, "Deliver events whose bell was lost or whose retry is due."),
    Recurring(sweep_sagas, 2, "Go on with sagas whose moment has come or whose driver died."),
    Recurring(run_simulated_contacts, 1, "Let the Simulator's virtual contacts act."),
    Recurring(wake_turns, 1, "Answer the bursts whose quiet moment has come."),
    Recurring(drain_missed, 3, "Understand webhooks whose bell was lost."),
    Recurring(sweep_outgoing, 3, "Send messages whose bell was lost; lapsed claims become unknown."),
    Recurring(fetch_waiting, 10, "Fetch customers' files whose bell was lost or whose server was away."),
    Recurring(advance_sequences, 5, "Begin the next step of sequences for those whose wait is over."),
    Recurring(start_due_campaigns, 5, "Start scheduled campaigns."),
    Recurring(sweep_campaigns, 5, "Lapsed claims become unknown, finished campaigns end, standbys take over."),
    Recurring(resume_renewed_campaigns, 30, "Let campaigns go on whose plan's limit has renewed."),
    Recurring(watch_campaigns, 15, "Note why a running campaign waits."),
    Recurring(watch_demand, 20, "Notice when there is more to send than fits, and when it fits again."),
    Recurring(fold_counts, 30, "Sum up the counts of recipients."),
    Recurring(shift_shares, 300, "Let more people get the wording that is answered more."),
    Recurring(leave_out_forgotten, 60, "Leave out who still waits in a cancelled campaign."),
    Recurring(build_missing_audiences, 20, "Freeze audiences whose job was lost."),
    Recurring(resume_stalled_imports, 15, "Go on with imports whose bell or worker was lost."),
    Recurring(resume_stalled_bulks, 15, "Go on with bulk actions whose bell or worker was lost."),
    Recurring(forget_old_uploads, 3600, "Drop uploads that nobody needs any more."),
    Recurring(purge_receipts, 6 * 3600, "Forget raw webhooks a month old."),
    Recurring(play_drills, 2, "Look on at rehearsals of a ban."),
    Recurring(watch_silences, 60, "Notice when what people write may not reach us."),
    Recurring(look_back, 60, "Fetch what was written during a silence from the provider's history."),
    Recurring(compare_histories, 600, "Fetch single messages that were lost on their way to us."),
    Recurring(rotate_pools, 3600, "Let numbers that have worked for two weeks and rested ones change places."),
    Recurring(shape_hours, 24 * 3600, "Learn in which hours people answer."),
    Recurring(watch_pools, 3, "Let numbers in reserve take the place of those that went down."),
    Recurring(check_channels, 3, "Ask the gateway of every number whose check is due how it is."),
    Recurring(warn_near_caps, 60, "Warn of numbers that have almost sent all of their day."),
    Recurring(resolve_all_hidden, 600, "Ask for the phones behind hidden WhatsApp ids."),
    Recurring(refresh_pending_templates, 30, "Ask Meta about the official templates in review."),
    Recurring(send_due_notices, 15, "Write the reminders of bookings whose time has come."),
    Recurring(expire_holds, 30, "Give back the slots that nobody confirmed in time."),
    Recurring(sweep_receipts, 30, "E-mail receipts whose job was lost or whose retry is due."),
    Recurring(pull_calendars, 60, "Read linked calendars whose last look lies back too far."),
    Recurring(sweep_calendars, 120, "Write to linked calendars what they do not show yet."),
    Recurring(renew_watches, 3600, "Open and renew the channels on which Google tells of changes."),
    Recurring(forget_old_answers, 3600, "Drop stored API answers a day old."),
    Recurring(follow_up_silent, 300, "Write to leads who vanished in the middle of a talk."),
    Recurring(mark_abandoned, 3600, "Record leads who stopped answering."),
    Recurring(read_waiting, 300, "Read documents whose job was lost."),
    Recurring(recalibrate_monthly, 6 * 3600, "Compare the weights of the score with what sellers said, once a month."),
    Recurring(rescore_waiting, 60, "Go on scoring leads by new weights where the job was lost."),
    Recurring(watch_spending, 3600, "Warn owners whose AI has cost more than the limit this month."),
    Recurring(handle_waiting_events, 5, "Understand Stripe's webhooks whose bell was lost or whose retry is due."),
    Recurring(expire_charges, 60, "Close charges whose day has passed."),
    Recurring(resume_refunds, 60, "Send refunds whose job was lost."),
    Recurring(look_at_open_pages, 120, "Look at payment pages whose webhook was lost."),
    Recurring(purge_stripe_events, 6 * 3600, "Forget Stripe's webhooks five weeks old."),
]
