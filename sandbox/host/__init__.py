"""A local functions host: the app runs in Microsoft's own Python worker library, as in Azure.

Microsoft's library loads and checks the app, converts bindings and runs functions. This package follows the
behaviour of Microsoft's host for HTTP, the Event Grid webhook, queue listeners, timers and keys.
The path of a trigger: `http_trigger`, `event_grid`, `listener` or `timers` → `invoker` → `worker` → the app.
"""
