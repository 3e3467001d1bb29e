"""Azure DNS Private Resolver: resolvers with endpoints, forwarding rulesets with rules and links."""
