"""All settings: as the user gives them (`Environment`), and completed for a process (`Settings`).

Each setting is an environment variable, and all are optional. The defaults need only the data folder and this machine:
an embedded Redis, a local chain, keys made at the first start, an insecure setup.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from web3 import Web3

from engine.ceremonies import digest_of
from server.accounts import key_of
from server.files import SettingsError as SettingsError
from server.files import absolute, read_json
from server.keys import address_of, file_of, in_files
from server.logline import parts_to_hide
from server.redis_url import RedisUrl

ROOT = Path(__file__).resolve().parent.parent
LOCAL_CHAINS = (31337, 1337)
"""Chain ids of development nodes: the game contract takes an insecure setup on no other chain."""

SECRETS = (
    *("owner_key", "relay_key", "receipt_key", "house_key", "keeper_key"),
    *("redis_url", "database_url", "rpc_url", "mercure_token"),
)
"""Settings whose value may be in a file that NAME_FILE names; URLs, because they may hold a password."""


def _with_scheme(url: str | None, *schemes: str) -> str | None:
    if url is not None and not url.startswith(schemes):
        raise ValueError(f"{url!r} does not start with {' or '.join(schemes)}")
    return url


class Environment(BaseSettings):
    """The settings as the user gives them. None: not set, so the data folder or this machine provides it."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    data_dir: Path = Field(Path(".data"), description="folder of the embedded Redis, the local chain, keys and logs")
    cache_dir: Path = Field(
        Path("~/.cache/proofmate"),
        description="folder of setups and verifiers; made again if removed",
    )
    host: str = Field("127.0.0.1", description="address the page is served on")
    port: int = Field(8000, ge=1, le=65535, description="port the page is served on")
    redis_url: str | None = Field(
        None,
        description="Redis to use instead of the embedded one, such as redis://host:6379/0; also by Sentinels "
        "(redis+sentinel://) or as a cluster (redis+cluster://)",
    )
    redis_replicas: int = Field(
        0, ge=0, le=10, description="Redis's replicas that have a ballot on their disks before it is acknowledged"
    )
    database_url: str | None = Field(
        None,
        description="database of record, such as postgresql://user@host/name; without it SQLite in the data folder",
    )
    rpc_url: str | None = Field(
        None,
        description="JSON-RPC of the chain to use instead of the local one; several, with commas, stand in for each "
        "other",
    )
    public_rpc_url: str | None = Field(None, description="JSON-RPC that pages use; on a local chain /rpc")
    chain_id: int = Field(31337, ge=1, description="the chain's id")
    unlisted_chain: bool = Field(False, description="allow a chain that docs/chains.md does not list")
    chain_port: int = Field(8545, ge=1, le=65535, description="port of the local chain")
    contract: str | None = Field(None, description="the game contract; the one that `proofmate up` deployed")
    start_block: int | None = Field(None, ge=0, description="block the contract was deployed in, where reading starts")
    owner_key: SecretStr | None = Field(None, description="private key that deploys and creates games")
    owner_signer: str | None = Field(None, description="a signing service (web3signer) instead of OWNER_KEY: its URL")
    owner_address: str | None = Field(None, description="its account, if it has several")
    relay_key: SecretStr | None = Field(
        None,
        description="private key that sends ballots and proofs, for its own gas; several, by comma, share the games",
    )
    relay_signer: str | None = Field(None, description="a signing service (web3signer) instead of RELAY_KEY: its URL")
    relay_address: str | None = Field(None, description="its account, if it has several")
    receipt_key: SecretStr | None = Field(None, description="private key that signs receipts; needs no funds")
    receipt_addresses: str = Field(
        "", description="other addresses whose receipts hold: former receipt keys' and the next one's, by comma"
    )
    house_key: SecretStr | None = Field(None, description="private key that stakes on Leela in the local demo")
    vault: str | None = Field(None, description="a vault that is shown and kept as well; the one that `up` deployed")
    vault_block: int | None = Field(None, ge=0, description="block the vault was deployed in (START_BLOCK)")
    keeper_key: SecretStr | None = Field(None, description="private key that records the vault's hours and decides")
    local_vault: bool = Field(True, description="start a vault beside the games of the local demo")
    series: int | None = Field(
        None, ge=0, le=100, description="games that may be on at once in a series; 0: none; the local demo has 4"
    )
    series_terms: str = Field("", description="terms of its games, such as 'bet votingPeriod=600'")
    series_fund: str = Field("0", description="ether that each of its games gets for proofs")
    series_reserve: str = Field("1", description="ether that the owner's account keeps; no game is opened below it")
    payee: str | None = Field(None, description="address that earns the rewards of proofs (RELAY_KEY's)")
    network: Path | None = Field(
        None, description="network that plays: a file, or a name in engine/networks; default: the one of this checkout"
    )
    setup: Path | None = Field(None, description="file of a public ceremony (.ptau); without it the setup is insecure")
    setup_hash: str | None = Field(None, description="that file's BLAKE2b-512 in hex, or hermez-08 .. hermez-28")
    explorer: str | None = Field(None, description="a block explorer's address, for links")
    walletconnect_project_id: str | None = Field(
        None,
        pattern="^[0-9a-f]{32}$",
        description="project of WalletConnect (cloud.reown.com): lets pages ask wallet apps",
    )
    frontend: Path = Field(ROOT / "frontend" / "dist", description="folder of the built page")
    beacon_url: str = Field(
        "https://api.drand.sh", description="an HTTP relay of drand, whose rounds draw the openings off local chains"
    )
    ballot_margin: int = Field(
        15, ge=0, description="seconds before a vote's deadline from which the API refuses ballots"
    )
    relay_budget: Decimal | None = Field(
        None,
        ge=0,
        description="ether that the relay spends on ballots a day; without it all that its account holds, on a local "
        "chain without end",
    )
    reads_per_second: float = Field(
        50, gt=0, description="requests a second that a visitor may read; four times at once"
    )
    posts_per_second: float = Field(20, gt=0, description="ballots a second that a visitor may send; ten times at once")
    streams: int = Field(2000, ge=1, description="event streams that are open at once in a process")
    streams_each: int = Field(20, ge=1, description="those of one visitor (an IPv4 address, an IPv6 /56)")
    mercure_url: str | None = Field(None, description="a Mercure hub that sends the streams of games instead")
    mercure_token: SecretStr | None = Field(None, description="the JWT by which the hub lets the publisher publish")
    forwarded_allow_ips: str = Field(
        "127.0.0.1,::1", description="reverse proxies, by address or network, whose X-Forwarded-For header is trusted"
    )
    operator_port: int | None = Field(
        None, ge=0, le=65535, description="port of a process's /livez, /readyz and /metrics; `up` counts on from it"
    )
    operator_host: str = Field("127.0.0.1", description="address of that port; keep it away from the public")
    otel_exporter_otlp_endpoint: str | None = Field(None, description="collector of OpenTelemetry traces (OTLP/HTTP)")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error")
    log_format: str = Field("text", pattern="^(text|json)$", description="text, or json: an object a line")

    @field_validator("data_dir", "cache_dir", "setup", "frontend")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path and absolute(path)

    @field_validator("contract", "vault", "payee", "owner_address", "relay_address")
    @classmethod
    def _address(cls, address: str | None) -> str | None:
        if address is None:
            return None
        if not Web3.is_address(address):
            raise ValueError(f"{address!r} is not an address")
        return Web3.to_checksum_address(address)

    @field_validator("setup_hash")
    @classmethod
    def _digest(cls, digest: str | None) -> str | None:
        return digest and digest_of(digest)

    @field_validator("receipt_addresses")
    @classmethod
    def _addresses(cls, addresses: str) -> str:
        given = [address.strip() for address in addresses.split(",") if address.strip()]
        for address in given:
            if not Web3.is_address(address):
                raise ValueError(f"{address!r} is not an address")
        return ",".join(Web3.to_checksum_address(address) for address in given)

    @field_validator("owner_key", "relay_key", "receipt_key", "house_key", "keeper_key")
    @classmethod
    def _key(cls, key: SecretStr | None) -> SecretStr | None:
        for part in () if key is None else key.get_secret_value().split(","):
            address_of(part)
        return key

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, url: str | None) -> str | None:
        if url is not None:
            RedisUrl.parse(url)
        return url

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: str | None) -> str | None:
        return _with_scheme(url, "postgresql://", "sqlite:///")

    @field_validator("rpc_url")
    @classmethod
    def _nodes(cls, urls: str | None) -> str | None:
        for url in () if urls is None else urls.split(","):
            _with_scheme(url, "http://", "https://")
        return urls

    @field_validator(
        "public_rpc_url",
        "explorer",
        "beacon_url",
        "owner_signer",
        "relay_signer",
        "otel_exporter_otlp_endpoint",
        "mercure_url",
    )
    @classmethod
    def _http(cls, url: str | None) -> str | None:
        return _with_scheme(url, "http://", "https://")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, cast(PydanticBaseSettingsSource, _in_files)

    @property
    def local(self) -> bool:
        """Whether this is a development chain, where money is play money."""
        return self.chain_id in LOCAL_CHAINS

    @classmethod
    def read(cls, **values: Any) -> Environment:
        """The settings of the environment, with `values` taking precedence. Raises SettingsError."""
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            name = "_".join(str(part) for part in first["loc"]).upper() or "SETTINGS"
            raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None

    def hidden(self) -> set[str]:
        """What no log may show: keys, passwords, access keys in URLs."""
        values = [getattr(self, name) for name in SECRETS]
        keys = {value.get_secret_value() for value in values if isinstance(value, SecretStr)}
        urls = (parts_to_hide(value) for value in values if isinstance(value, str))
        return {key.removeprefix("0x") for key in keys}.union(*urls)

    def variables(self) -> dict[str, str]:
        """The settings as environment variables, secrets included: what a child process is started with.

        What came from a file is left out: the child reads the file.
        """
        given = {name for name in type(self).model_fields if not (name in SECRETS and file_of(name))}
        values = {name.upper(): getattr(self, name) for name in given}
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in values.items()
            if value is not None
        }


@dataclass(frozen=True)
class Settings:
    """The settings as a process gets them: complete. See `Environment` for what each is."""

    data_dir: Path
    cache_dir: Path
    host: str
    port: int
    redis_url: str
    redis_replicas: int
    database_url: str
    rpc_url: str
    public_rpc_url: str | None
    chain_id: int
    unlisted_chain: bool
    contract: str
    start_block: int
    vault: str | None
    vault_block: int
    receipt_key: str | None
    receipt_addresses: tuple[str, ...]
    payee: str | None
    network: Path
    setup: Path | None
    setup_hash: str | None
    explorer: str | None
    walletconnect_project_id: str | None
    frontend: Path
    beacon_url: str
    ballot_margin: int
    relay_budget: int | None
    """In wei a day."""
    reads_per_second: float
    posts_per_second: float
    streams: int
    streams_each: int
    mercure_url: str | None
    operator_port: int | None
    operator_host: str
    forwarded_allow_ips: str
    log_level: str

    @property
    def local(self) -> bool:
        """Whether this is a development chain, where money is play money."""
        return self.chain_id in LOCAL_CHAINS

    def need(self, name: str) -> str:
        """The value of an optional setting that this process needs. Raises SettingsError if it is missing."""
        value = cast("str | None", getattr(self, name))
        if value is None:
            raise SettingsError(f"{name.upper()}: missing; {Environment.model_fields[name].description}")
        return value

    def __repr__(self) -> str:
        return f"Settings(chain_id={self.chain_id}, contract={self.contract}, data_dir={self.data_dir})"

    @classmethod
    def load(cls, environment: Environment | None = None) -> Settings:
        """The settings of the environment, completed from the data folder. Raises SettingsError."""
        env = environment or Environment.read()
        contract, start_block = env.contract, env.start_block
        if contract is None:
            deployment = read_json(env.data_dir / "deployment.json")
            if deployment is None:
                raise SettingsError(f"CONTRACT: not set, and nothing is deployed from DATA_DIR {env.data_dir}")
            if deployment.get("chainId") != env.chain_id:
                raise SettingsError(f"CHAIN_ID: {env.chain_id}, but DATA_DIR belongs to {deployment.get('chainId')}")
            contract = str(deployment["contract"])
            start_block = int(deployment["block"]) if start_block is None else start_block
        vault, vault_block = env.vault, env.vault_block
        if vault is None and env.local and env.local_vault:
            kept = read_json(env.data_dir / "vault.json") or {}
            vault, vault_block = kept.get("vault"), kept.get("block")
        check_setup(env)
        same = {field.name: getattr(env, field.name) for field in fields(cls) if field.name in Environment.model_fields}
        completed = {
            "redis_url": env.redis_url or f"unix://{socket_of(env)}",
            "database_url": env.database_url or f"sqlite:///{env.data_dir / 'record.sqlite'}",
            "rpc_url": env.rpc_url or f"http://127.0.0.1:{env.chain_port}",
            "contract": contract,
            "start_block": start_block or 0,
            "vault": vault,
            "vault_block": (start_block or 0) if vault_block is None else vault_block,
            "receipt_key": key_of(env, "receipt"),
            "receipt_addresses": tuple(filter(None, env.receipt_addresses.split(","))),
            "network": network_of(env),
            "relay_budget": None if env.relay_budget is None else int(env.relay_budget * 10**18),
        }
        return cls(**same | completed)


def check_setup(env: Environment) -> None:
    """Raises SettingsError unless SETUP and SETUP_HASH are given, or neither on a local chain."""
    if env.setup is None:
        if not env.local:
            raise SettingsError(f"SETUP: missing; the insecure setup is refused on chain {env.chain_id}")
    elif not env.setup.is_file():
        raise SettingsError(f"SETUP: there is no file {env.setup}")
    elif env.setup_hash is None:
        raise SettingsError(
            "SETUP_HASH: missing; hermez-17 if SETUP is powersOfTau28_hez_final_17.ptau, else the BLAKE2b-512 that "
            "the ceremony published"
        )


def public_rpc(env: Environment | Settings) -> str:
    """The URL of the JSON-RPC that pages use, relative to the page. Raises SettingsError if a real chain has none."""
    if env.public_rpc_url is None and not env.local:
        raise SettingsError(f"PUBLIC_RPC_URL: missing; pages need a JSON-RPC of chain {env.chain_id} that all may use")
    return env.public_rpc_url or "/rpc"


def network_of(env: Environment) -> Path:
    """The file of the network that plays. Raises SettingsError."""
    from engine.policy import default_network, network_file  # imported here: only machines with a prover need it

    try:
        file = default_network() if env.network is None else absolute(network_file(env.network))
    except OSError as error:
        raise SettingsError(f"NETWORK: not set, and there is no default one ({error})") from None
    if not file.is_file():
        raise SettingsError(f"NETWORK: there is no file {file}")
    return file


def socket_of(env: Environment) -> Path:
    """The embedded Redis's socket. Raises SettingsError if its path is longer than a socket's may be."""
    path = env.data_dir / "redis" / "socket"
    if len(os.fsencode(path)) > 100:
        raise SettingsError(f"DATA_DIR: {env.data_dir} is too long a path for a socket in it (at most 100 bytes)")
    return path


def _in_files() -> dict[str, str]:
    """The secrets that are given by file. Raises SettingsError, without repeating what a file holds."""
    try:
        return in_files(SECRETS)
    except ValueError as error:
        raise SettingsError(str(error)) from None
