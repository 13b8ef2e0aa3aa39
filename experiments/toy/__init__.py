"""Problems with two losses and a known Pareto front."""
