"""A local functions host: the app runs in Microsoft's own Python worker library, as in Azure.

What is Microsoft's: loading and checking the app, converting bindings, running functions. What is ours, and
follows the behaviour of Microsoft's host: HTTP, the Event Grid webhook, queue listeners, timers, keys.
The way of a trigger: `http_trigger`, `event_grid`, `listener` or `timers` → `invoker` → `worker` → the app.
"""
