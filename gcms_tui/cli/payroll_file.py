"""`gcms-tui payroll export`, `sign`, `reject` and `release`: the file, and the three who sign it."""

from __future__ import annotations

import click

from gcms_tui.cli.invocation import Invocation, headless
from gcms_tui.cli.output import print_json, tell, tell_error, tell_step
from gcms_tui.cli.payroll_desk import REASON, RUN, acting, open_bench, tell_run
from gcms_tui.cli.undisturbed import undisturbed
from gcms_tui.core.payroll.roles import Role
from gcms_tui.core.text import printable
from gcms_tui.operations.payroll.exporting import FORMATS

_ROLE = click.option(
    "--role", type=click.Choice([role.value for role in Role]), required=True, help="In which of the three."
)


@click.command()
@RUN
@click.option("--format", "further", type=click.Choice(FORMATS), multiple=True, help="Beside the CSV.")
@acting
@headless
def export(invocation: Invocation, run_id: str, further: tuple[str, ...], acting_as: str) -> None:
    """Write the prepared file, which is exactly what was tested and looked at, for its owner alone."""
    with open_bench(invocation, acting_as) as (desk, bench):
        run_id = desk.book.get(run_id).run_id
        run = undisturbed(lambda _: bench.exporting.export(run_id, further=further, on_step=tell_step))
        tell_run(desk, run, invocation)
        if run.exported is not None:
            tell(f"  prepared in {printable(run.exported.directory)}")
        tell(f"  -> Signed by each as themselves: gcms-tui payroll sign {run.run_id} --role …")


@click.command()
@RUN
@_ROLE
@click.option("--show", "only_show", is_flag=True, help="Show what would be signed, and sign nothing.")
@acting
@headless
def sign(invocation: Invocation, run_id: str, role: str, only_show: bool, acting_as: str) -> int:
    """Sign the file's hash and totals in a role, as the person who is logged in. The third signature releases it.

    Where keys are configured (allowed_signers) the signature is one by the person's own key. Where it was signed and
    could not be released, it ends as `release` does that fails so.
    """
    with open_bench(invocation, acting_as) as (desk, bench):
        shown = bench.sign_off.to_sign(desk.book.get(run_id).run_id, Role(role))
        if only_show:
            if invocation.json:
                print_json({"statement": shown.statement, "refusal": shown.refusal or None})
                return 0
            click.echo(shown.statement)
            if shown.refusal:
                tell(f"  ! {printable(shown.refusal)}")
            return 0
        for line in shown.statement.splitlines():
            tell(f"  {printable(line)}")
        signed = undisturbed(lambda _: bench.sign_off.sign(shown.run.run_id, Role(role), statement=shown.statement))
        tell_run(desk, signed.run, invocation)
        if signed.release_error is not None:
            tell_error(signed.release_error)
            tell(f"  -> It is signed; when that is mended: gcms-tui payroll release {signed.run.run_id}")
            return signed.release_error.exit_code
        return 0


@click.command()
@RUN
@_ROLE
@REASON
@acting
@headless
def reject(invocation: Invocation, run_id: str, role: str, reason: str, acting_as: str) -> None:
    """Say no: the file and every signature on it no longer count, and the export is open again."""
    with open_bench(invocation, acting_as) as (desk, bench):
        run = bench.sign_off.reject(desk.book.get(run_id).run_id, Role(role), reason)
        tell_run(desk, run, invocation)


@click.command()
@RUN
@acting
@headless
def release(invocation: Invocation, run_id: str, acting_as: str) -> None:
    """Move the file that three have signed to the outbox, on the host where it lies: data, file, hash and signatures
    are looked at once more. The third signature does this by itself where it can."""
    with open_bench(invocation, acting_as) as (desk, bench):
        run_id = desk.book.get(run_id).run_id
        run = undisturbed(lambda _: bench.sign_off.release(run_id))
        tell_run(desk, run, invocation)
