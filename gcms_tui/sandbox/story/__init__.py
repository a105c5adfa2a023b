"""The sandbox's story: a season of concerts, the people who played them, and what went wrong last week."""
