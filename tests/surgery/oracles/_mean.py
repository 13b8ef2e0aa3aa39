from tests.surgery.oracles._sum import sum


def mean(J):
    """d = 1/T sum_t g_t, for the rows g_t of J."""
    return sum(J) / len(J)
