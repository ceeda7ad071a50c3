// Generated from the server's OpenAPI schema; do not edit. Make it again with `npm --prefix frontend run types`.

export interface paths {
    "/api/v1/accounts/{address}/games": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Account Games
         * @description Games in which an account has a stake or unclaimed money, the newest first, of the 100 before a number.
         */
        get: operations["account_games_api_v1_accounts__address__games_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Config
         * @description What a page must know to talk to the chain, and whose receipts of ballots hold.
         */
        get: operations["config_api_v1_config_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/faucet": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Faucet
         * @description Funds a burner wallet of a local chain, once.
         */
        post: operations["faucet_api_v1_faucet_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/games": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Games
         * @description Games, the newest first. `next` (and the header Link) is where to go on; null: these were the last.
         *
         *     With a filter a page of the list may be short, or empty, and still have a `next`.
         */
        get: operations["games_api_v1_games_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/games/{number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Game
         * @description A game's document, with its version as ETag; as PGN with `Accept: application/x-chess-pgn`.
         */
        get: operations["game_api_v1_games__number__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/games/{number}/accounts/{address}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Account
         * @description What an account has in a game. `owed` is asked of the contract now.
         */
        get: operations["account_api_v1_games__number__accounts__address__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/games/{number}/ballots": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ballot
         * @description Takes a ballot: on disk when this answers, counted when it is on chain.
         *
         *     Sent again, the same ballot gets the same receipt. Codes of problems: game, seat (404); not-voting, wrong-ply,
         *     closed, voted, budget (409); illegal, signature (422); often, full (429); relay, disk, replicas (503). After budget,
         *     full and those of 503 cast it on chain (`castBallot`), or try again.
         */
        post: operations["ballot_api_v1_games__number__ballots_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/games/{number}/proofs/{ply}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Proof
         * @description The proof of a move of the network, read from its transaction.
         */
        get: operations["proof_api_v1_games__number__proofs__ply__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/games/{number}/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Stream
         * @description The document at once and after every change, as server-sent events `game` with its version as id.
         *
         *     With `Accept: application/x-ndjson` one document a line. A reader that is slow skips documents and gets the newest.
         *     With Last-Event-ID nothing is sent before there is a newer document. 307: this server leaves its events to a Mercure
         *     hub, which sends whole documents after every change, and none at once.
         */
        get: operations["stream_api_v1_games__number__stream_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/games/{number}/thoughts/{ply}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Thoughts
         * @description What the network thought at a ply; known if a worker of this server looked at the position.
         */
        get: operations["thoughts_api_v1_games__number__thoughts__ply__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/games/{number}/votes/{ply}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Vote
         * @description The candidates of a closed vote and their stakes, as the contract counted them.
         */
        get: operations["vote_api_v1_games__number__votes__ply__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/model": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Model
         * @description The passport of a network that plays.
         */
        get: operations["model_api_v1_model_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vault": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Vault
         * @description The vault as it stands: holdings, shares, the price and the network's view of each hour, the last decisions.
         */
        get: operations["vault_api_v1_vault_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vault/contract": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Contract
         * @description What a program must know to deposit, redeem, decide and check: addresses, tokens, terms, the ABI.
         */
        get: operations["contract_api_v1_vault_contract_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vault/decisions/{hour}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Decision
         * @description The proof of an hour's decision, read from its transaction, with the input and words that it is checked by.
         */
        get: operations["decision_api_v1_vault_decisions__hour__get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vault/network": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Network
         * @description The passport of the vault's network, with its course in the walk-forward backtest against holding.
         */
        get: operations["network_api_v1_vault_network_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AccountBallot: {
            move: string;
            ply: number;
            /** @enum {string} */
            status: "received" | "counted";
        };
        /** @description A game in which an account has a stake or unclaimed money. */
        AccountGame: {
            game: components["schemas"]["Card"];
            /** @description wei */
            owed: string;
            payout: string | null;
            side: ("world" | "leela") | null;
            /** @description wei */
            stake: string;
        };
        AccountGames: {
            before: number | null;
            games: components["schemas"]["AccountGame"][];
            next: string | null;
        };
        /** @description What an account has in a game, at least as new as the document of `version`. */
        AccountView: {
            ballot: components["schemas"]["AccountBallot"] | null;
            /** @description wei */
            owed: string;
            seat: number | null;
            side: ("world" | "leela") | null;
            /** @description wei */
            stake: string;
            /** @default 0 */
            version: number;
            votedPly: number | null;
            voteKey: `0x${string}` | null;
        };
        /**
         * @description A vote: the 64-byte signature (EIP-2098) is by the seat's vote key, of the contract's EIP-712 struct Ballot.
         * @example {
         *       "move": "e2e4",
         *       "ply": 12,
         *       "seat": 4,
         *       "signature": "0xabababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababababab"
         *     }
         */
        BallotBody: {
            move: string;
            ply: number;
            seat: number;
            signature: `0x${string}`;
        };
        /** @description A move that somebody voted for. */
        Candidate: {
            ballots: number;
            move: string;
            san: string;
            /** @description wei */
            weight: string;
        };
        /** @description A game in a list: small, however long the game. */
        Card: {
            deadline: number;
            fee: number;
            fen: string | null;
            id: number;
            lastMove: string | null;
            /** @description wei */
            leelaPool: string;
            maxOdds: number;
            outcome: ("world" | "leela" | "draw" | "void") | null;
            ply: number;
            /** @description wei */
            pot: string;
            seats: number;
            /** @enum {string} */
            state: "lobby" | "drawn" | "vote" | "prove" | "over";
            /** @enum {string} */
            world: "white" | "black";
            /** @description wei */
            worldPool: string;
        };
        Cards: {
            games: components["schemas"]["Card"][];
            next: string | null;
            series: ("open" | "waiting" | "full" | "spent") | null;
        };
        /** @description What stood in the ballot box when the vote of a ply closed. Candidates in the contract's order. */
        ClosedVote: {
            candidates: components["schemas"]["Candidate"][];
            /** @description wei */
            castWeight: string;
            move: string | null;
            ply: number;
            san: string | null;
            time: number;
            tx: `0x${string}`;
            /** @description wei */
            world: string;
        };
        /** @description What a page must know to talk to the chain. */
        Config: {
            abi: {
                [key: string]: unknown;
            }[];
            ballotMargin: number;
            chainId: number;
            contract: `0x${string}`;
            explorer: string | null;
            faucet: boolean;
            insecure: boolean;
            local: boolean;
            receiptAddresses: string[];
            relay: `0x${string}`;
            rpc: string;
            vault: string | null;
            walletConnect: string | null;
        };
        /** @description A decision that the contract obeyed. Amounts are the vault's, in the tokens' smallest units. */
        Decision: {
            /** @description smallest units, gained or given */
            base: string;
            block: number;
            bucket: number;
            gas: number;
            hour: number;
            payee: `0x${string}`;
            /** @description smallest units, gained or given */
            quote: string;
            /** @description wei */
            reward: string;
            time: number;
            tx: `0x${string}`;
        };
        /** @description The proof of a vault's decision under way. */
        DecisionProgress: {
            fraction: number;
            hour: number;
            step: string;
        };
        /** @description The proof of a decision as it stands on the chain, and what a check of it needs. */
        DecisionProof: {
            /** @description smallest units, gained or given */
            base: string;
            block: number;
            bucket: number;
            context: string;
            features: number[];
            gas: number;
            hour: number;
            payee: `0x${string}`;
            proof: string;
            /** @description smallest units, gained or given */
            quote: string;
            seconds: number | null;
            tx: `0x${string}`;
            verifier: string;
            words: string[];
        };
        /** @description A game as a page shows it: what the chain says, and what is under way. */
        Document: {
            ballotsUntil: number;
            block: number;
            chainId: number;
            /** @default false */
            check: boolean;
            contract: `0x${string}`;
            created: number;
            creator: `0x${string}`;
            /** @default 0 */
            deadline: number;
            /** @default 0 */
            decidableAt: number;
            fen: string | null;
            id: number;
            mover: ("world" | "leela" | "understudy") | null;
            /** @default [] */
            moves: components["schemas"]["Move"][];
            now: number;
            opening: components["schemas"]["Opening"] | null;
            openingFen: string | null;
            outcome: ("world" | "leela" | "draw" | "void") | null;
            /** @default 0 */
            ply: number;
            pools: components["schemas"]["Pools"];
            positionKey: `0x${string}` | null;
            proof: components["schemas"]["Progress"] | null;
            reason: ("checkmate" | "stalemate" | "repetition" | "fiftyMoves" | "insufficientMaterial" | "maxPly" | "stalled" | "empty") | null;
            /** @default 0 */
            seats: number;
            since: number;
            /**
             * @default lobby
             * @enum {string}
             */
            state: "lobby" | "drawn" | "vote" | "prove" | "over";
            terms: components["schemas"]["Terms"];
            thinking: components["schemas"]["Thinking"] | null;
            turn: ("white" | "black") | null;
            version: number;
            vote: components["schemas"]["Vote"] | null;
            /** @enum {string} */
            world: "white" | "black";
        };
        FaucetBody: {
            /** @example 0x1212121212121212121212121212121212121212 */
            address: string;
        };
        Funded: {
            address: string;
            /** @description wei */
            amount: string;
        };
        /** @description An hour as the network sees it at its begin, and its price. */
        HourView: {
            bucket: number | null;
            hour: number;
            tick: number | null;
        };
        Move: {
            /** @enum {string} */
            by: "world" | "leela" | "understudy";
            fen: string;
            move: string;
            ply: number;
            proof: components["schemas"]["MoveProof"] | null;
            san: string;
            time: number;
            tx: `0x${string}`;
        };
        MoveProof: {
            block: number;
            gas: number;
            payee: `0x${string}`;
            seconds: number;
        };
        /** @description What is known of a vault's network (more fields than are named here). It promises obedience, never profit. */
        NetworkPassport: {
            name: string;
            out_of_sample: {
                [key: string]: unknown;
            };
            parameters: number;
            promise: string;
            sha256: string;
        } & {
            [key: string]: unknown;
        };
        /** @description How the game stood before its first move. */
        Opening: {
            moves: string;
            name: string;
        };
        /** @description What is known of a network: the chain's entry, and what its makers measured (more fields than are named here). */
        Passport: {
            codeHash: string;
            insecure: boolean;
            /** @default 0 */
            k: number;
            model: number;
            name: string | null;
            networkHash: string;
            strength: {
                [key: string]: unknown;
            } | null;
            verifier: string;
            /** @default  */
            verifyingKeyHash: string;
        } & {
            [key: string]: unknown;
        };
        Pools: {
            /**
             * @description wei
             * @default 0
             */
            fund: string;
            /**
             * @description wei
             * @default 0
             */
            leela: string;
            /**
             * @description wei
             * @default 0
             */
            pot: string;
            /**
             * @description wei
             * @default 0
             */
            world: string;
        };
        /**
         * @description Why a request failed (RFC 9457).
         * @example {
         *       "detail": "there is no game 7",
         *       "status": 404,
         *       "type": "about:blank"
         *     }
         */
        ProblemBody: {
            /**
             * @description for programs; ballots have one
             * @default null
             */
            code: string | null;
            /** @description a sentence to show */
            detail: string;
            status: number;
            title: string;
            /** @description always about:blank: the status says what kind of problem it is */
            type: string;
        };
        /** @description The proof of a ply. */
        Progress: {
            block: number | null;
            fraction: number;
            gas: number | null;
            ply: number;
            seconds: number | null;
            started: number;
            /** @enum {string} */
            step: "queued" | "witness" | "commitments" | "quotient" | "opening" | "submitted" | "verified";
            tx: `0x${string}` | null;
        };
        /** @description A proof as it stands on the chain: the public words and the bytes that the verifier took. */
        ProofView: {
            block: number;
            context: string;
            game: number;
            gas: number;
            move: string;
            payee: `0x${string}`;
            ply: number;
            proof: string;
            seconds: components["schemas"]["Seconds"];
            tx: `0x${string}`;
            verifier: string;
            words: string[];
        };
        /** @description Received; counted when it is on chain. `relay`, the receipt key's address, signed the EIP-712 struct Receipt. */
        Receipt: {
            game: number;
            move: string;
            ply: number;
            position: `0x${string}`;
            received: number;
            relay: `0x${string}`;
            seat: number;
            signature: `0x${string}`;
        };
        Seconds: {
            proving: number | null;
            total: number;
        };
        Taken: {
            receipt: components["schemas"]["Receipt"];
        };
        Terms: {
            book: number;
            fee: number;
            leelaPoolOpen: boolean;
            lobbyPeriod: number;
            maxOdds: number;
            maxPly: number;
            /** @description wei */
            maxStake: string;
            minPeriod: number;
            /** @description wei */
            minStake: string;
            model: number;
            provingPeriod: number;
            quorum: number;
            /** @description wei */
            reward: string;
            votingPeriod: number;
            worldIsWhite: boolean;
        };
        /** @description The network's best moves at a ply. Probabilities are a softmax over all policy indices, illegal ones included. */
        Thinking: {
            choice: string;
            choiceSan: string;
            moves: components["schemas"]["Thought"][];
            ply: number;
            position: `0x${string}`;
        };
        Thought: {
            legal: boolean;
            move: string;
            probability: number;
            san: string | null;
        };
        Token: {
            address: string;
            decimals: number;
            symbol: string;
        };
        /** @description What never changes of a vault. What each function promises: contracts/src/vault/IRockefeller.sol. */
        VaultContract: {
            abi: {
                [key: string]: unknown;
            }[];
            address: string;
            base: components["schemas"]["Token"];
            chainId: number;
            codeHash: string;
            /** @description wei */
            firstShares: string;
            hourSeconds: number;
            localTokens: boolean;
            networkHash: string;
            pool: string;
            poolFee: number;
            quote: components["schemas"]["Token"];
            rewardBasisPoints: number;
            /** @description wei */
            rewardCap: string;
            verifier: string;
        };
        /** @description A vault as it stands. Amounts are in the tokens' smallest units. */
        VaultDocument: {
            address: string;
            /** @description wei */
            base: string;
            decided: number;
            decisions: components["schemas"]["Decision"][];
            deposits: number;
            hour: number;
            hours: components["schemas"]["HourView"][];
            hourSeconds: number;
            now: number;
            proof: components["schemas"]["DecisionProgress"] | null;
            /** @description wei */
            quote: string;
            redemptions: number;
            /** @description wei */
            shares: string;
            tick: number;
        };
        /**
         * @description The vote of the current ply. Candidates: most weight first, ties to the lower move number, as the contract
         *     counts.
         */
        Vote: {
            /** @default [] */
            candidates: components["schemas"]["Candidate"][];
            /**
             * @description wei
             * @default 0
             */
            castWeight: string;
            leader: string | null;
            /**
             * @description wei
             * @default 0
             */
            leaderWeight: string;
            /** @default 0 */
            pending: number;
            ply: number;
            /**
             * @description wei
             * @default 0
             */
            runnerUpWeight: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    account_games_api_v1_accounts__address__games_get: {
        parameters: {
            query?: {
                before?: number | null;
            };
            header?: never;
            path: {
                address: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountGames"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    config_api_v1_config_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Config"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    faucet_api_v1_faucet_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FaucetBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Funded"];
                };
            };
            /** @description The request cannot be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body did not arrive within 10 seconds. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is not application/json. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    games_api_v1_games_get: {
        parameters: {
            query?: {
                /** @description games below this number */
                before?: number | null;
                /** @description most games in an answer */
                limit?: number;
                /** @description finished games with this outcome */
                outcome?: ("world" | "leela" | "draw" | "void") | null;
                /** @description games in this state */
                state?: ("lobby" | "drawn" | "vote" | "prove" | "over") | null;
                /** @description games in which the World has this colour */
                world?: ("white" | "black") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Cards"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    game_api_v1_games__number__get: {
        parameters: {
            query?: never;
            header?: {
                accept?: string;
                "accept-encoding"?: string;
                "if-none-match"?: string;
            };
            path: {
                number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Document"];
                    /**
                     * @example [Event "Proofmate game 3"]
                     *
                     *     1. e4 *
                     */
                    "application/x-chess-pgn": string;
                };
            };
            /** @description If-None-Match names the present version. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    account_api_v1_games__number__accounts__address__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                address: string;
                number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccountView"];
                };
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    ballot_api_v1_games__number__ballots_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                number: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BallotBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Taken"];
                };
            };
            /** @description The request cannot be read. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body did not arrive within 10 seconds. */
            408: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Not now, or not again; `code` says which. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    proof_api_v1_games__number__proofs__ply__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                number: number;
                ply: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProofView"];
                };
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    stream_api_v1_games__number__stream_get: {
        parameters: {
            query?: {
                /** @description send what changed instead of whole documents */
                patch?: boolean;
            };
            header?: {
                accept?: string;
                "last-event-id"?: string | null;
            };
            path: {
                number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events until the client leaves; after 4 seconds without one a ping (NDJSON: an empty line). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["Document"];
                    /**
                     * @example event: game
                     *     id: 12
                     *     data: {"id":3,"version":12}
                     *
                     *     event: patch
                     *     id: 13
                     *     data: [{"op":"replace","path":"/vote/pending","value":4}]
                     *
                     *     event: ping
                     *     data:
                     */
                    "text/event-stream": string;
                };
            };
            /** @description To a Mercure hub. */
            307: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    thoughts_api_v1_games__number__thoughts__ply__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                number: number;
                ply: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Thinking"];
                };
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    vote_api_v1_games__number__votes__ply__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                number: number;
                ply: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClosedVote"];
                };
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    model_api_v1_model_get: {
        parameters: {
            query?: {
                model?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Passport"];
                };
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    vault_api_v1_vault_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VaultDocument"];
                };
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    contract_api_v1_vault_contract_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VaultContract"];
                };
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    decision_api_v1_vault_decisions__hour__get: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                hour: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DecisionProof"];
                };
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    network_api_v1_vault_network_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NetworkPassport"];
                };
            };
            /** @description There is no such thing. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A value has the wrong form; `detail` names it. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests; Retry-After says in how many seconds the next is taken. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A mistake of the server's. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Redis, the chain, the relay or the database does not answer now; Retry-After may say when to try again. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
}
