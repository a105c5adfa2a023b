"""The way from Supabase into the warehouse: how far the data has come, and having Airbyte bring it."""
