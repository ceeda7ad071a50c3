"""The server: everything between the browser and the chain, and the stack that runs it on one machine."""
