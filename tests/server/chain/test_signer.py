"""A signing service as web3signer answers, over real HTTP; one that lies, one that is away."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from eth_account import Account

from server.chain.sender import Sender
from server.chain.signer import KeySigner, RemoteSigner, SignerAway, signer_of
from server.keys import address_of
from server.settings import Environment, SettingsError
from tests.server.table import RELAY, Table

OTHER = "0x" + "33" * 32
Answer = Callable[[str, list[Any]], Any]


def sign(asked: dict[str, Any], key: str = RELAY, **changed: Any) -> str:
    fields = {name: int(value, 16) if name in NUMBERS else value for name, value in asked.items()}
    return "0x" + bytes(Account.sign_transaction({**fields, **changed}, key).raw_transaction).hex()


NUMBERS = ("chainId", "nonce", "value", "gas", "maxFeePerGas", "maxPriorityFeePerGas")


def honest(method: str, params: list[Any]) -> Any:
    if method == "eth_accounts":
        return [address_of(RELAY)]
    asked = dict(params[0])
    assert asked.pop("from") == address_of(RELAY)
    return sign(asked)


@contextmanager
def service(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "result": answer(asked["method"], asked["params"])}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_service_signs_what_the_relay_sends(table: Table) -> None:
    with service(honest) as url:
        signer = signer_of(Environment.read(relay_signer=url), "relay")
        assert signer is not None
        sender = Sender(table.w3, signer, "RELAY_SIGNER")
        assert sender.address == address_of(RELAY)
        game = table.new_game(lobbyPeriod=3600)
        table.stake(game)
        table.rpc("evm_increaseTime", 3601)
        table.mine()
        receipt = sender.send(table.call.closeLobby(game))
        assert receipt["status"] == 1 and receipt["from"] == address_of(RELAY)
        deployed = sender.send(table.w3.eth.contract(abi=[], bytecode="0x6001600c60003960016000f300").constructor())
        assert deployed["contractAddress"]


FIELDS = {
    "chainId": 31337,
    "nonce": 3,
    "to": "0x" + "12" * 20,
    "data": "0xabcd",
    "value": 0,
    "gas": 50_000,
    "maxFeePerGas": 10,
    "maxPriorityFeePerGas": 1,
}


@pytest.mark.parametrize(
    "lie",
    [
        {"to": "0x" + "13" * 20},
        {"value": 1},
        {"data": "0xabce"},
        {"nonce": 4},
        {"maxFeePerGas": 11},
        {"chainId": 1},
        {"accessList": ({"address": "0x" + "12" * 20, "storageKeys": ()},)},
        {"key": OTHER},
    ],
)
def test_a_service_that_signs_something_else_is_found_out(lie: dict[str, Any]) -> None:
    def lying(method: str, params: list[Any]) -> Any:
        if method == "eth_accounts":
            return [address_of(RELAY)]
        asked = {name: value for name, value in params[0].items() if name != "from"}
        return sign(asked, **lie)

    with service(lying) as url, pytest.raises(SettingsError, match=r"RELAY_SIGNER: .* signed something else"):
        RemoteSigner(url, None, "RELAY_SIGNER").sign(FIELDS)


def test_nonsense_and_silence(table: Table) -> None:
    with service(lambda method, _: [address_of(RELAY)] if method == "eth_accounts" else "0x1234") as url:
        signer = RemoteSigner(url, None, "RELAY_SIGNER")
        with pytest.raises(SettingsError, match="did not answer with a transaction"):
            signer.sign(FIELDS)
    with pytest.raises(SignerAway):
        signer.sign(FIELDS)
    with pytest.raises(SettingsError, match=r"^RELAY_SIGNER: the signing service does not answer"):
        RemoteSigner(url, None, "RELAY_SIGNER")


def test_which_account(table: Table) -> None:
    with service(lambda *_: [address_of(RELAY), address_of(OTHER)]) as url:
        with pytest.raises(SettingsError, match="RELAY_ADDRESS: missing; the signing service has 2 accounts"):
            RemoteSigner(url, None, "RELAY_SIGNER")
        with pytest.raises(SettingsError, match="RELAY_ADDRESS: the signing service does not have 0x12"):
            RemoteSigner(url, "0x" + "12" * 20, "RELAY_SIGNER")
        assert RemoteSigner(url, address_of(OTHER), "RELAY_SIGNER").address == address_of(OTHER)


def test_a_signer_does_not_show_its_key() -> None:
    assert RELAY[2:] not in repr(KeySigner(RELAY))
