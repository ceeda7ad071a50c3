# The server with its prover, its page and its contracts. compose.yaml runs it with a real Redis.
# linux/amd64 only: the local chain and the compiler come from npm for that platform.

FROM rust:1.95-slim-bookworm AS prover
WORKDIR /build
COPY engine/halo2/ ./
# As maturin does it; abi3 needs no Python to build against.
RUN cargo build --locked --release --features pyo3/extension-module

FROM node:20-bookworm-slim AS contracts
RUN npm install --global npm@11
WORKDIR /build
COPY contracts/package.json contracts/package-lock.json contracts/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY contracts/ ./
RUN npx forge build --skip test

FROM node:20-bookworm-slim AS page
RUN npm install --global npm@11
WORKDIR /build
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:3.11-slim-bookworm
WORKDIR /app
# --build-arg REQUIREMENTS=traces: with what OTEL_EXPORTER_OTLP_ENDPOINT needs.
ARG REQUIREMENTS=play
COPY requirements/play.txt requirements/traces.txt requirements/
RUN pip install --no-cache-dir --require-hashes --requirement requirements/${REQUIREMENTS}.txt
# Node runs the Solidity compiler, once for each verifier.
COPY --from=page /usr/local/bin/node /usr/local/bin/node
COPY engine/*.py engine/
COPY engine/networks/ engine/networks/
COPY engine/rockefeller/ engine/rockefeller/
COPY server/ server/
COPY bench/ bench/
COPY --from=contracts /build/ contracts/
COPY --from=page /build/dist/ frontend/dist/
COPY --from=prover /build/target/release/lib_halo2.so engine/_halo2.abi3.so
# The user cannot write bytecode here, and without it every start would compile.
RUN python -m compileall -q bench engine server
RUN useradd --create-home proofmate && install --directory --owner=proofmate /data /cache
USER proofmate
ENV DATA_DIR=/data CACHE_DIR=/cache HOST=0.0.0.0 PYTHONUNBUFFERED=1
VOLUME ["/data", "/cache"]
EXPOSE 8000
ENTRYPOINT ["python", "-m", "server.cli"]
CMD ["up"]
