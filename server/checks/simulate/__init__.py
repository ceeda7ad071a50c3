"""`proofmate simulate`: a whole game through the public API, on a stack of its own, with every number checked.

The steps, each in a module of its own:

    plan       who stakes what and votes for which move, by the seed alone (pure)
    play       funds, stakes, votes and claims through the API and its JSON-RPC, as a page would
    course     what the documents of the game say of its course, one pure step a document
    report     compares what was paid, and the audit, with what the rules owe (pure)
    command    the stack, the game on it, and the result

`vault` is `proofmate simulate vault`: a vault on a simulated market, on a chain of its own.
"""
