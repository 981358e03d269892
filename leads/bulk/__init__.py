"""One thing done to everything that matches a filter: frozen when it is asked for, done by a job, undone within a day."""
