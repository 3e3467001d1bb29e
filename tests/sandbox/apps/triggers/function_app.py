"""One function of each kind that the host knows. Queue names begin with the app setting PREFIX."""

import asyncio
import json
import logging
import os
import time
from typing import List  # noqa: UP035 - the worker library reads this spelling alone

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
STORAGE = "AzureWebJobsStorage"


@app.route(route="items/{id:int}/{kind?}", methods=["GET"])
async def item(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "params": dict(req.route_params),
        "query": dict(req.params),
        "header": req.headers.get("x-asked"),
        "method": req.method,
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json", headers={"x-answered": "yes"})


@app.route(route="items/special", methods=["GET"])
def special(req: func.HttpRequest) -> str:
    return "the literal route"


@app.route(route="items", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@app.queue_output(arg_name="messages", queue_name="%PREFIX%-made", connection=STORAGE)
def make(req: func.HttpRequest, messages: func.Out[List[str]]) -> func.HttpResponse:  # noqa: UP006
    messages.set([json.dumps(one) for one in req.get_json()])
    return func.HttpResponse(status_code=201)


@app.route(route="files/{*path}", auth_level=func.AuthLevel.ANONYMOUS)
async def files(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.route_params.get("path", "(none)"))


@app.route(route="settings/{name}", auth_level=func.AuthLevel.ADMIN)
async def settings(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(os.environ.get(req.route_params["name"], "(unset)"))


@app.route(route="fail", auth_level=func.AuthLevel.ANONYMOUS)
async def fail(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("asked to fail")


@app.route(route="cookie", auth_level=func.AuthLevel.ANONYMOUS)
async def cookie(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse(req.get_body(), status_code=202)
    response.headers.add("Set-Cookie", "sid=abc; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Strict")
    return response


@app.route(route="log", auth_level=func.AuthLevel.ANONYMOUS)
async def write_log(req: func.HttpRequest) -> func.HttpResponse:
    logging.getLogger("app").info("a line of the app")
    return func.HttpResponse("logged")


@app.route(route="sleep", auth_level=func.AuthLevel.ANONYMOUS)
async def sleep_for_ever(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.Event().wait()
    return func.HttpResponse("never")


@app.event_grid_trigger(arg_name="event")
@app.queue_output(arg_name="$return", queue_name="%PREFIX%-events", connection=STORAGE)
async def on_event(event: func.EventGridEvent) -> str:
    if event.get_json().get("fail"):
        raise ValueError("asked to fail")
    return f"{event.event_type} {event.subject}"


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-work", connection=STORAGE)
@app.queue_output(arg_name="$return", queue_name="%PREFIX%-done", connection=STORAGE)
def work(message: func.QueueMessage) -> str:
    text = message.get_body().decode()
    if text == "fail":
        raise ValueError("asked to fail")
    if text == "fail once" and message.dequeue_count == 1:
        raise ValueError("asked to fail once")
    if text == "metadata":
        known = [message.id, message.pop_receipt, message.insertion_time, message.expiration_time]
        return json.dumps({"count": message.dequeue_count, "known": all(known)})
    if text == "hang once" and message.dequeue_count == 1:
        time.sleep(600)
    if text.startswith("sleep "):
        time.sleep(float(text.removeprefix("sleep ")))
    return f"done {text}"


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-sour-poison", connection=STORAGE)
async def sour(message: func.QueueMessage) -> None:
    raise ValueError("poison is hard to swallow")


@app.timer_trigger(arg_name="tick", schedule="%SCHEDULE%")
@app.queue_output(arg_name="$return", queue_name="%PREFIX%-ticks", connection=STORAGE)
async def on_tick(tick: func.TimerRequest) -> str:
    return f"past due: {tick.past_due}"
