import numpy as np


class Adam:
    """Algorithm 1 of Kingma and Ba 2015, on a vector."""

    def __init__(self, theta, alpha=0.025, beta1=0.9, beta2=0.999, epsilon=1e-8):
        self.theta = np.array(theta, np.float64)
        self.alpha, self.beta1, self.beta2, self.epsilon = alpha, beta1, beta2, epsilon
        self.m, self.v, self.t = np.zeros_like(self.theta), np.zeros_like(self.theta), 0

    def step(self, gradient):
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * gradient
        self.v = self.beta2 * self.v + (1 - self.beta2) * gradient**2
        m = self.m / (1 - self.beta1**self.t)
        v = self.v / (1 - self.beta2**self.t)
        self.theta = self.theta - self.alpha * m / (np.sqrt(v) + self.epsilon)
