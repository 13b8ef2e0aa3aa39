import numpy as np

FLOOR = 1e-8


def bargain(U, price, power):
    """b > 0 with (C' b)_t = price_t b_t^-power, for unit rows U.

    C' is U U^T with its eigenvalues raised to max(1e-8, 8 T eps). b minimises the convex function
    1/2 b^T C' b - sum_t price_t phi(b_t), phi'(b) = b^-power: damped Newton steps in b_t's own
    scale, in extended precision, on y = V^T b for the eigenvectors V, because entries of b near 1e5
    may cancel.

    Returns (b, U^T b).
    """
    V, s, Wt = np.linalg.svd(U)
    values = np.zeros(len(U))
    values[: len(s)] = s**2
    values = np.maximum(values, max(FLOOR, 8 * len(U) * np.finfo(np.float64).eps))
    C, V = V @ np.diag(values) @ V.T, _orthogonal(V)
    y = V.T @ np.asarray(price, np.longdouble) ** (1 / (1 + power))
    for _ in range(1000):
        b = V @ y
        offered = price * b ** (1 - power)
        gradient = b * (V @ (values * y)) - offered
        if np.max(abs(gradient) / offered) < 1e-13:
            return b.astype(np.float64), Wt[: len(s)].T @ (s * y[: len(s)].astype(np.float64))
        change = _newton(b, C, gradient, power * offered)
        length, goal = min(1, 0.9 / np.max(abs(change))), 1e-4 * gradient @ change
        if np.max(abs(change)) > 0.1:
            while _rise(y, b, length * change, values, V, price, power) > length * goal:
                length = length / 2
        y = y + length * (V.T @ (b * change))
    raise ArithmeticError(f'{len(U)} tasks: no balance, {np.max(abs(gradient / offered))}')


def _orthogonal(V):
    """V in extended precision, as orthogonal as that allows."""
    V = V.astype(np.longdouble)
    for _ in range(2):
        V = V @ (3 * np.eye(len(V)) - V.T @ V) / 2
    return V


def _newton(b, C, gradient, diagonal):
    """The change of log b."""
    b, diagonal = b.astype(np.float64), diagonal.astype(np.float64)
    return -np.linalg.solve(b[:, None] * C * b + np.diag(diagonal), gradient.astype(np.float64))


def _rise(y, b, change, values, V, price, power):
    """What the function gains when b becomes b (1 + change)."""
    step = V.T @ (b * change)
    growth = np.log1p(change)
    if power != 1:
        growth = b ** (1 - power) * np.expm1((1 - power) * growth) / (1 - power)
    return (values * step) @ (y + step / 2) - price @ growth
