"""L-BFGS: minimise a smooth function from its value and gradient (Nocedal and Wright, 2006, algorithms
7.4 and 3.5)."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Objective = Callable[[Vector], tuple[float, Vector]]

MEMORY = 10
ARMIJO = 1e-4
CURVATURE = 0.9
MAX_TRIALS = 25


def minimise(objective: Objective, start: Vector, iterations: int = 300, tolerance: float = 1e-4) -> Vector:
    """The point reached when the largest entry of the gradient is below `tolerance`, or after
    `iterations`."""
    point = start.copy()
    value, gradient = objective(point)
    steps: list[tuple[Vector, Vector]] = []
    for _ in range(iterations):
        if np.abs(gradient).max() < tolerance:
            break
        direction = _direction(gradient, steps)
        if direction @ gradient >= 0:
            steps.clear()
            direction = -gradient
        length = 1.0 if steps else min(1.0, 1.0 / float(np.abs(gradient).sum()))
        found = _search(objective, point, value, gradient, direction, length)
        if found is None:
            break
        following, value, fresh = found
        step, change = following - point, fresh - gradient
        if step @ change > 1e-12:
            steps = [*steps[-(MEMORY - 1) :], (step, change)]
        point, gradient = following, fresh
    return point


def _direction(gradient: Vector, steps: list[tuple[Vector, Vector]]) -> Vector:
    """Two loops over the remembered steps: minus the inverse Hessian, roughly, times the gradient."""
    if not steps:
        return -gradient
    q = gradient.copy()
    weights: list[float] = []
    for step, change in reversed(steps):
        weight = float(step @ q) / float(step @ change)
        weights.append(weight)
        q -= weight * change
    step, change = steps[-1]
    q *= float(step @ change) / float(change @ change)
    for (step, change), weight in zip(steps, reversed(weights), strict=True):
        q += step * (weight - float(change @ q) / float(step @ change))
    return -q


def _search(
    objective: Objective, point: Vector, value: float, gradient: Vector, direction: Vector, length: float
) -> tuple[Vector, float, Vector] | None:
    """A step that meets both Wolfe conditions, by bracketing; else the best that decreases enough."""
    slope = float(direction @ gradient)
    low, high = 0.0, np.inf
    best: tuple[Vector, float, Vector] | None = None
    for _ in range(MAX_TRIALS):
        candidate = point + length * direction
        reached, fresh = objective(candidate)
        if reached > value + ARMIJO * length * slope:
            high = length
        else:
            best = (candidate, reached, fresh)
            if float(direction @ fresh) >= CURVATURE * slope:
                return best
            low = length
        length = 2 * low if np.isinf(high) else (low + high) / 2
    return best
