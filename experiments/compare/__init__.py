"""Compare methods: the plan, the runs, the tables."""
