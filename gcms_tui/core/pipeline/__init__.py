"""How data gets from Supabase into the warehouse, and where it stopped."""
