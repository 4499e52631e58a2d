"""What has a dy/dt: a user's right-hand side as a pointer, gradients and their kin, flows."""
