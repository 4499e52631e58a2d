"""From the call of `minimize` or `train` to its result, by the same plan as `solving`."""
