select
    id as instrument_id,
    name as instrument,
    section
from {{ ref('br_supabase_instrument') }}
