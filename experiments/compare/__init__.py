"""Compare methods: the plan, the runs and the tables."""
