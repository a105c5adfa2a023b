"""A server that speaks Airbyte's public API, and really copies Supabase's tables into RAW when it is told to sync."""
