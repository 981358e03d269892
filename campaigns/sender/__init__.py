"""The campaign sender: a process that drains channels, each at its own pace. ``manage.py sender`` runs it.

Claim before send (:mod:`claims`), judge (:mod:`outcomes`), settle in batches (:mod:`settling`); a :class:`drain.Drain` drives
one channel, the :class:`engine.Engine` finds the channels that are due. Any number of processes may run.
"""
