"""The campaign sender: a process that drains channels, each at its own pace. ``manage.py sender`` runs it.

The :class:`engine.Engine` finds the channels that are due, a :class:`drain.Drain` drives one. Claim before send
(:mod:`claims`, asked for by :mod:`claiming` as the :mod:`tempo` wants), start within half the lease (:mod:`launching`), hand
over (:mod:`posting`), judge (:mod:`outcomes`), keep (:mod:`endings`) and settle in batches (:mod:`settling`); what happens in
the database is behind the :mod:`ledger`. Any number of processes may run.
"""
