// Loaded before Azurite: ends it when its standard input closes, that is, when whoever started it is gone.
process.stdin.on("end", () => process.exit(0)).resume();
