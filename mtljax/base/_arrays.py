"""Names for arrays and trees of arrays."""

from typing import Any

import jax

Array = jax.Array
Key = jax.Array
PyTree = Any
Params = PyTree
State = PyTree
