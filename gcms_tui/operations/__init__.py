"""What an operator does, over the ports declared in `ports`."""
