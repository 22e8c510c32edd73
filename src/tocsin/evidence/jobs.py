"""Background jobs of the evidence room, and the watch over them."""

from __future__ import annotations

from django_tasks import task
from django_tasks_db.models import DBTaskResult

from tocsin.core.ticker import every
from tocsin.evidence import store
from tocsin.evidence.analysis import run_analysis
from tocsin.evidence.models import AnalysisRun, RunState
from tocsin.evidence.progress import keep_progress, working_on


@task(queue_name="analysis")
def analyse(run_id: str) -> None:
    """Carry out one analysis run."""
    run = AnalysisRun.objects.select_related("incident").get(pk=run_id)
    with working_on(run_id) as mine:
        if mine:
            run_analysis(run, progress=keep_progress(run_id))


@every(30)
def take_up_again() -> None:
    """Enqueue each unfinished run that no process works on and no job waits for: its worker died."""
    open_runs = AnalysisRun.objects.filter(state__in=(RunState.QUEUED, RunState.RUNNING))
    waiting = {str(j.args_kwargs["kwargs"].get("run_id")) for j in DBTaskResult.objects.ready()}
    for run_id in map(str, open_runs.values_list("pk", flat=True)):
        with working_on(run_id) as idle:
            if idle and run_id not in waiting:
                analyse.enqueue(run_id=run_id)


@every(3600)
def sweep_store() -> None:
    """Remove what intakes left that were cut off."""
    store.sweep()
