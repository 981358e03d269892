"""Webhooks from the wire to the row: taken by the fast door or the view, checked, committed in groups, understood elsewhere."""
