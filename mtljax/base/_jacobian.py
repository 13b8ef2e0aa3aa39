"""The gradients of all task losses."""

from typing import Protocol, runtime_checkable

from jax.typing import ArrayLike

from mtljax.base._arrays import Array, Params


@runtime_checkable
class Jacobian(Protocol):
    """The gradients of the T task losses: row t of the Jacobian J is the gradient of loss t.

    A surgery method, such as PCGrad, combines the gradients of the tasks. It reads them only
    through the methods of this class. The rows need not exist in memory: an engine, which is a way
    to compute gradients, may compute them when they are needed.

    A Jacobian is not a pytree: JAX treats it as one opaque leaf. It should therefore not be passed
    into or out of a function under `jax.jit`.
    """

    @property
    def num_tasks(self) -> int:
        """The number of tasks, T."""
        ...

    def scale(self, weights: ArrayLike) -> 'Jacobian':
        """Multiply row t by ``weights[t]``, and return the new Jacobian, ``diag(weights) J``."""
        ...

    def realise(self) -> 'Jacobian':
        """Compute the rows now, if the engine stores rows. If not, return the same Jacobian."""
        ...

    def gramian(self) -> Array:
        """The inner products of all rows, ``J J^T``, as an array ``[T, T]``, float32 or wider."""
        ...

    def normalised(self, active: Array | None = None) -> tuple[Array, Array]:
        """The norm of every row, ``[T]``, and the cosine of every two rows, ``[T, T]``.

        Both results are float32 or wider. They are accurate even if a squared norm overflows or
        underflows. The norm and the cosines of a zero row are 0. ``active`` says which tasks have a
        label in the batch. The values for the other tasks have no meaning.
        """
        ...

    def combine(self, weights: ArrayLike | None = None) -> Params:
        """The weighted sum of the rows, ``J^T weights``, as a tree like the parameters.

        By default, the weight of every task is 1.
        """
        ...

    def stacked(self) -> Params:
        """The rows, as a tree whose leaves have a leading task axis, ``[T, ...]``."""
        ...
