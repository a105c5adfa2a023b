"""The models that a step's command names only when it is done: the project's SCD2 tables, what payroll is paid from."""

from __future__ import annotations

from typing import Protocol

from gcms_tui.core.dbt_results import ArtifactError
from gcms_tui.core.errors import Refused
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll.sources import builds
from gcms_tui.core.procedures.step import Selection
from gcms_tui.core.run_retry import selectors
from gcms_tui.operations.ports import DbtProject
from gcms_tui.operations.scd2.tables import Scd2Tables


class Models(Protocol):
    def __call__(self, wanted: Selection) -> tuple[str, ...]:
        """As dbt's selectors know them. Raises `GcmsError` where none is known."""
        ...


class ProjectModels:
    """Those of the dbt project and the configuration. Reads files: blocking."""

    def __init__(self, project: DbtProject, tables: Scd2Tables, fact: Relation) -> None:
        self._project = project
        self._tables = tables
        self._fact = fact

    def __call__(self, wanted: Selection) -> tuple[str, ...]:
        """Raises `Refused`: as `Scd2Tables.listed`, and guard `models` where no model builds the fact."""
        if wanted is Selection.SCD2:
            return tuple(item.name.rpartition(".")[2] for item in self._tables.listed())
        try:
            manifest = self._project.manifest()
        except ArtifactError:
            return (self._fact.name.lower(),)  # dbt itself says whether it has a model of the runbook's name
        nodes = builds(manifest, self._fact)
        names, unnamed = selectors((node.unique_id for node in nodes), manifest.nodes)
        if not names or unnamed:
            raise Refused(
                "dbt does not know it",
                f"{'Its name means several models' if unnamed else 'No model builds it'}: {self._fact}.",
                "Correct fact under [payroll] in gcms.toml, or run dbt parse.",
                guard="models",
            )
        return names
