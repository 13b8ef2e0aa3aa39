from tests.oracles._mean import mean
from tests.oracles._pcgrad import pcgrad
from tests.oracles._sum import sum

__all__ = ['mean', 'pcgrad', 'sum']
