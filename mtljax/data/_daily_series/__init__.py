"""Daily series: one row of days and several columns."""
