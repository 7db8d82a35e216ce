"""Rules about threads, tasks and event loops."""
