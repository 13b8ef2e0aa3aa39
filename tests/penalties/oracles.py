"""Each penalty in NumPy: layers are ``[T, ...]``, one copy of a weight per task."""

import itertools

import numpy as np


def l2(W):
    """Duong et al. (ACL 2015), without their 1/2: sum over pairs of |W_s - W_t|^2."""
    return sum(np.sum((a - b) ** 2) for a, b in itertools.combinations(W, 2))


def frobenius(W):
    """The same without the square."""
    return sum(np.sqrt(np.sum((a - b) ** 2)) for a, b in itertools.combinations(W, 2))


def trace_norm(W, form):
    """Yang & Hospedales (2017): the task axis goes last, then the nuclear norms of unfoldings."""
    tensor = np.moveaxis(W, 0, -1)
    if form == 'tucker':
        matrices = [
            np.moveaxis(tensor, k, 0).reshape(tensor.shape[k], -1) for k in range(tensor.ndim)
        ]
    elif form == 'tensor_train':
        cuts = range(1, tensor.ndim)
        matrices = [tensor.reshape(int(np.prod(tensor.shape[:k])), -1) for k in cuts]
    else:
        matrices = [tensor.reshape(-1, tensor.shape[-1])]
    return sum(np.linalg.norm(matrix, 'nuc') for matrix in matrices)


def orthogonality(W, subspaces):
    """Ruder et al. (AAAI 2019): |G_a^T G_b|^2 over pairs of groups of columns of each copy."""
    total = 0.0
    for copy in W:
        groups = np.split(copy.reshape(-1, copy.shape[-1]), subspaces, axis=1)
        total += sum(np.sum((a.T @ b) ** 2) for a, b in itertools.combinations(groups, 2))
    return total


def regular(covariances, ridge, floor):
    """Each shrunk towards its mean variance, and the last with a least variance on top."""
    eyes = [np.eye(len(matrix)) for matrix in covariances]
    shrunk = [
        (m + ridge * np.mean(np.diag(m)) * eye) / (1 + ridge)
        for m, eye in zip(covariances, eyes, strict=True)
    ]
    return [*shrunk[:-1], shrunk[-1] + floor * eyes[-1]]


def tensor_normal(W, features, classes, tasks, ridge, floor):
    """Long et al. (NeurIPS 2017), eq. 7: the full Kronecker covariance, formed and inverted."""
    features, classes, tasks = regular([features, classes, tasks], ridge, floor)
    tensor = np.moveaxis(W.reshape(len(W), -1, W.shape[-1]), 0, -1)
    covariance = np.kron(features, np.kron(classes, tasks))
    flat = tensor.reshape(-1)
    return (flat @ np.linalg.inv(covariance) @ flat + np.linalg.slogdet(covariance)[1]) / 2


def flip_flop(W, features, classes, tasks, ridge):
    """One pass over the closed forms; features and classes get a mean diagonal of 1."""
    tensor = np.moveaxis(W.reshape(len(W), -1, W.shape[-1]), 0, -1)
    found = [features, classes, tasks]
    for axis in range(3):
        others = regular([found[k] for k in range(3) if k != axis], ridge, 0)
        first, second = map(np.linalg.inv, others)
        rows = np.moveaxis(tensor, axis, 0).reshape(tensor.shape[axis], -1)
        moment = rows @ np.kron(first, second) @ rows.T / rows.shape[1]
        found[axis] = moment if axis == 2 else moment / np.mean(np.diag(moment))
    return found
