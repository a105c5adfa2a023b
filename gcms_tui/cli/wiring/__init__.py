"""The one place where adapters meet operations. Everything heavy is imported in the function that needs it."""

from gcms_tui.cli.wiring.anchoring import open_anchors as open_anchors
from gcms_tui.cli.wiring.backups import open_backup_desk as open_backup_desk
from gcms_tui.cli.wiring.base import UNKNOWN_TARGET as UNKNOWN_TARGET
from gcms_tui.cli.wiring.base import Configured as Configured
from gcms_tui.cli.wiring.base import dbt_files as dbt_files
from gcms_tui.cli.wiring.base import dbt_output as dbt_output
from gcms_tui.cli.wiring.base import dbt_project as dbt_project
from gcms_tui.cli.wiring.base import load_settings as load_settings
from gcms_tui.cli.wiring.base import open_store as open_store
from gcms_tui.cli.wiring.base import open_warehouse as open_warehouse
from gcms_tui.cli.wiring.base import query_library as query_library
from gcms_tui.cli.wiring.base import read_only as read_only
from gcms_tui.cli.wiring.base import snowflake_credentials as snowflake_credentials
from gcms_tui.cli.wiring.base import target_name as target_name
from gcms_tui.cli.wiring.console import console_services as console_services
from gcms_tui.cli.wiring.console import open_console as open_console
from gcms_tui.cli.wiring.console import open_log as open_log
from gcms_tui.cli.wiring.desks import open_health as open_health
from gcms_tui.cli.wiring.desks import open_run_desk as open_run_desk
from gcms_tui.cli.wiring.incidents import open_incidents as open_incidents
from gcms_tui.cli.wiring.payroll import open_payroll_desk as open_payroll_desk
from gcms_tui.cli.wiring.pipeline import open_airbyte as open_airbyte
from gcms_tui.cli.wiring.pipeline import open_pipeline as open_pipeline
from gcms_tui.cli.wiring.procedures import open_procedure_desk as open_procedure_desk
from gcms_tui.cli.wiring.procedures import open_procedures as open_procedures
from gcms_tui.cli.wiring.scd2 import open_scd2_desk as open_scd2_desk
