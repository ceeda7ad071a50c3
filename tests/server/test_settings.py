from __future__ import annotations

from pathlib import Path

import pytest

from engine.ceremonies import HERMEZ
from engine.policy import NETWORKS
from server.accounts import key_of, make_keys
from server.files import write_json
from server.settings import Environment, Settings, SettingsError, network_of, public_rpc, socket_of

KEY = "0x" + "46" * 32


@pytest.fixture(autouse=True)
def only_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Environment.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def environment(tmp_path: Path, **values: object) -> Environment:
    return Environment.read(**({"data_dir": tmp_path, "network": Path(__file__)} | values))


def deployed(tmp_path: Path) -> None:
    write_json(tmp_path / "deployment.json", {"chainId": 31337, "contract": "0x" + "12" * 20, "block": 7})


def test_defaults_need_nothing(tmp_path: Path) -> None:
    env = environment(tmp_path)
    make_keys(env)
    deployed(tmp_path)
    settings = Settings.load(env)
    assert settings.redis_url == f"unix://{tmp_path}/redis/socket"
    assert settings.rpc_url == "http://127.0.0.1:8545"
    assert settings.start_block == 7
    assert settings.local and settings.receipt_key == key_of(env, "receipt")


def test_what_is_set_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "REDIS_URL": "redis://elsewhere:6379/1",
        "RPC_URL": "https://chain.example",
        "CONTRACT": "0x" + "ab" * 20,
        "CHAIN_ID": "10",
        "RECEIPT_KEY": KEY,
        "SETUP": __file__,
        "SETUP_HASH": "AB" * 64,
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings.load(environment(tmp_path))
    assert (settings.redis_url, settings.rpc_url) == ("redis://elsewhere:6379/1", "https://chain.example")
    assert settings.contract == "0x" + "aB" * 20 or settings.contract.lower() == "0x" + "ab" * 20


def test_a_published_setup_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SETUP_HASH", "hermez-17")
    assert Environment.read().setup_hash == HERMEZ[17]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "http"),
        ("CHAIN_ID", "-1"),
        ("CONTRACT", "0x12"),
        ("PAYEE", "somebody"),
        ("RELAY_KEY", "0x1234"),
        ("OWNER_KEY", "secret-that-must-not-be-shown"),
        ("REDIS_URL", "localhost:6379"),
        ("RPC_URL", "ws://localhost"),
        ("BALLOT_MARGIN", "-1"),
        ("SETUP_HASH", "ab"),
        ("SETUP_HASH", "hermez-29"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_value_is_named_in_one_sentence(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        Environment.read()
    assert str(raised.value).startswith(f"{name}: ")
    assert "\n" not in str(raised.value) and "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "CONTRACT: not set"),
        ({"contract": "0x" + "12" * 20, "chain_id": 10}, "SETUP: missing; the insecure setup is refused"),
        ({"contract": "0x" + "12" * 20, "relay_key": KEY, "setup": Path("/nowhere")}, "SETUP: there is no file"),
        ({"contract": "0x" + "12" * 20, "relay_key": KEY, "setup": Path(__file__)}, "SETUP_HASH: missing"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, values: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.load(environment(tmp_path, **values))


def test_who_signs_nothing_needs_no_key(tmp_path: Path) -> None:
    settings = Settings.load(environment(tmp_path, contract="0x" + "12" * 20))
    for name in ("receipt_key", "payee"):
        with pytest.raises(SettingsError, match=f"^{name.upper()}: missing; "):
            settings.need(name)
    settings = Settings.load(environment(tmp_path, contract="0x" + "12" * 20, receipt_key=KEY))
    assert settings.need("receipt_key") == KEY


def test_pages_reach_a_chain(tmp_path: Path) -> None:
    assert public_rpc(environment(tmp_path)) == "/rpc"
    assert public_rpc(environment(tmp_path, chain_id=10, public_rpc_url="https://a.example")) == "https://a.example"
    with pytest.raises(SettingsError, match="PUBLIC_RPC_URL: missing"):
        public_rpc(environment(tmp_path, chain_id=10))


def test_a_network_goes_by_its_name_or_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert network_of(environment(tmp_path, network="small")).samefile(NETWORKS / "small.safetensors")
    (tmp_path / "small").write_text("a file goes before a name")
    assert network_of(environment(tmp_path, network="small")) == tmp_path / "small"
    for wrong in ("large", "../networks/small"):
        with pytest.raises(SettingsError, match="NETWORK: there is no file"):
            network_of(environment(tmp_path, network=wrong))


def test_network_is_missing(tmp_path: Path) -> None:
    env = Environment.read(data_dir=tmp_path, network=tmp_path / "none", contract="0x" + "12" * 20, relay_key=KEY)
    with pytest.raises(SettingsError, match="NETWORK: there is no file"):
        Settings.load(env)


def test_data_folder_of_another_chain(tmp_path: Path) -> None:
    deployed(tmp_path)
    with pytest.raises(SettingsError, match="CHAIN_ID: 1337, but DATA_DIR belongs to 31337"):
        Settings.load(environment(tmp_path, chain_id=1337))


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    env = environment(tmp_path, relay_key=KEY, receipt_key=KEY, contract="0x" + "12" * 20)
    assert KEY not in repr(env) and KEY not in repr(Settings.load(env))
    assert env.variables()["RELAY_KEY"] == KEY


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"DATA_DIR: .* is too long"):
        socket_of(environment(tmp_path / ("x" * 100)))


@pytest.mark.parametrize("name", ["RELAY_KEY", "RPC_URL"])
def test_a_secret_in_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"RELAY_KEY": KEY, "RPC_URL": "https://rpc.example/v2/0123456789abcdef0123"}[name]
    (tmp_path / "secret").write_text(value + "\n")
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "secret"))
    env = environment(tmp_path)
    held = getattr(env, name.lower())
    assert value in (held, getattr(held, "get_secret_value", str)())
    assert name not in env.variables(), "a child process reads the file itself"
    assert env.hidden() == {value[2:] if name == "RELAY_KEY" else "0123456789abcdef0123"}
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}: set twice") as raised:
        environment(tmp_path)
    assert value not in str(raised.value)


def test_a_secrets_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEIPT_KEY_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match=r"^RECEIPT_KEY_FILE: .*nowhere cannot be read"):
        environment(tmp_path)


def test_addresses_of_receipts(tmp_path: Path) -> None:
    old = "0x" + "ab" * 20
    env = environment(tmp_path, contract="0x" + "12" * 20, receipt_addresses=f"{old}, ")
    assert [address.lower() for address in Settings.load(env).receipt_addresses] == [old]
    with pytest.raises(SettingsError, match="RECEIPT_ADDRESSES: 'x' is not an address"):
        environment(tmp_path, receipt_addresses=f"{old},x")
