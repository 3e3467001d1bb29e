"""What resource providers are written with: ids, stored resources, time, long operations, locks."""
