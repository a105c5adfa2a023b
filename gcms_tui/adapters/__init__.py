"""The outside: each module speaks to one foreign thing and answers in the terms of `core`."""
