"""The triggers: names, queues, schedules, routes, auth levels. Nothing else.

The platform imports this module to list the functions, so it loads no Azure SDK but azure.functions. The
flow behind the functions is built when the first of them runs.
"""

import azure.functions as func

from handlers import events, http, poison, queued, timer, work
from shared.running import flow
from shared.wiring import put_back

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

STORAGE = "AzureWebJobsStorage"


@app.event_grid_trigger(arg_name="event")
async def on_event(event: func.EventGridEvent) -> None:
    await events.on_event(await flow(), event)


@app.queue_trigger(arg_name="message", queue_name="work", connection=STORAGE)
async def reconcile(message: func.QueueMessage) -> None:
    await queued.handle(flow, put_back, "work", work.handle, message)


@app.queue_trigger(arg_name="message", queue_name="work-poison", connection=STORAGE)
async def work_poison(message: func.QueueMessage) -> None:
    await queued.handle(flow, put_back, "work-poison", poison.record, message)


@app.timer_trigger(arg_name="tick", schedule="%CAUSEWAY_SWEEP_SCHEDULE%")
async def sweep(tick: func.TimerRequest) -> None:
    await timer.sweep(await flow(), tick)


@app.route(route="reconcile", methods=["POST"])
async def request_reconcile(req: func.HttpRequest) -> func.HttpResponse:
    return await http.serve(flow, http.reconcile, req)


@app.route(route="health", methods=["GET"])
async def get_health(req: func.HttpRequest) -> func.HttpResponse:
    return await http.serve(flow, http.health, req)


@app.route(route="deletes/confirm", methods=["POST"])
async def confirm_deletes(req: func.HttpRequest) -> func.HttpResponse:
    return await http.serve(flow, http.confirm_deletes, req)


@app.route(route="connections", methods=["GET"])
async def list_connections(req: func.HttpRequest) -> func.HttpResponse:
    return await http.serve(flow, http.connections, req)


@app.route(route="connections/{key}", methods=["GET"])
async def get_connection(req: func.HttpRequest) -> func.HttpResponse:
    return await http.serve(flow, http.connection, req)
