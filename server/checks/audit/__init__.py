"""`proofmate audit`: replays a whole game from the chain alone.

It does not trust the server and, given a block hash, not the node either.

The steps, each in a module of its own:

    fetch      asks nodes for everything that an audit reads, and makes one record of it (JSON, can be kept in a file)
    evidence   checks the record: headers by hash, transactions and receipts against their roots, state by proofs
    replay     plays the game again, one pure step an event, and compares every announced value with its own
    state      compares the contract's final storage and balance with what the replay ends in
    report     says what was checked, what could not be, and what is false
    command    the options and the exit code

`encoding`, `tries`, `layout` and `node` are what those steps are made of; `verifying` judges the network's proofs on
this machine. docs/audit.md says what is checked against what.
"""
