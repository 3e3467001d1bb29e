"""Virtual networks, subnets, peerings and network security groups."""
