"""A simulated Azure Resource Manager, with managed identity and Event Grid.

transports    HTTP and HTTPS servers, and a transport inside one process
simulator     one request in, one response out; `control` is its own API, `scenario` the world it begins with
front         what Azure Resource Manager does for every resource type: routes, rights, lists, tags, limits
events        Event Grid: events and their delivery
reachability  whether a client reaches a name: DNS, peerings, security rules
providers     the resource types, one module or package for each service
kernel        what providers are written with: ids, stored resources, time, long operations, locks
"""
