// A wallet app and the page over a relay of the test's own: real sessions and encryption, nothing beyond this machine.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SignClient } from '@walletconnect/sign-client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Config } from '../src/api.ts';
import { connect, ensureChain } from '../src/chain.ts';
import { explain } from '../src/explain.ts';
import type { Pairing } from '../src/state.ts';
import { pair, resumed } from '../src/walletconnect.ts';
import { ME, storage } from './fakes.ts';

const PROJECT = '0'.repeat(32);
const CONFIG = { chainId: 31337, rpc: '/rpc', local: true, walletConnect: PROJECT } as Config;

/** A relay: forwards each message to the others that subscribed to its topic, and keeps it for those that come later. */
class Relay {
  readonly server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  private readonly subscribers = new Map<WebSocket, Set<string>>();
  private readonly kept: { topic: string; from: WebSocket; message: object }[] = [];
  private next = 1;

  constructor() {
    this.server.on('connection', (socket) => {
      this.subscribers.set(socket, new Set());
      socket.on('message', (data) => this.answer(socket, JSON.parse(String(data))));
      socket.on('close', () => this.subscribers.delete(socket));
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  // biome-ignore lint/suspicious/noExplicitAny: what a relay is sent
  private answer(socket: WebSocket, { id, method, params }: any): void {
    if (method === undefined) return; // a client's receipt
    const reply = (result: unknown) => socket.send(JSON.stringify({ id, jsonrpc: '2.0', result }));
    if (method === 'irn_subscribe') {
      reply(`${params.topic}`);
      this.subscribe(socket, params.topic);
    } else if (method === 'irn_batchSubscribe') {
      reply(params.topics);
      for (const topic of params.topics) this.subscribe(socket, topic);
    } else {
      reply(true);
      const { topic, pairingTopic, sessionTopic } = params;
      if (method === 'irn_publish') this.publish(socket, topic, params.message, params.tag);
      if (method === 'wc_proposeSession') {
        this.subscribe(socket, pairingTopic);
        this.publish(socket, pairingTopic, params.sessionProposal, 1100);
      }
      if (method === 'wc_approveSession') {
        this.publish(socket, pairingTopic, params.sessionProposalResponse, 1101);
        this.subscribe(socket, sessionTopic);
        this.publish(socket, sessionTopic, params.sessionSettlementRequest, 1102);
      }
    }
  }

  private publish(from: WebSocket, topic: string, message: string, tag: number): void {
    const kept = { topic, from, message: { topic, message, tag, publishedAt: Date.now() } };
    this.kept.push(kept);
    for (const [other, topics] of this.subscribers) if (other !== from && topics.has(topic)) this.push(other, kept);
  }

  private subscribe(socket: WebSocket, topic: string): void {
    this.subscribers.get(socket)?.add(topic);
    for (const kept of this.kept) if (kept.topic === topic && kept.from !== socket) this.push(socket, kept);
  }

  private push(socket: WebSocket, { topic, message }: { topic: string; message: object }): void {
    const params = { id: topic, data: message };
    socket.send(JSON.stringify({ id: this.next++, jsonrpc: '2.0', method: 'irn_subscription', params }));
  }
}

/** The store of one program's sessions. */
function store() {
  const entries = new Map<string, unknown>();
  return {
    getKeys: async () => [...entries.keys()],
    getEntries: async () => [...entries] as never,
    getItem: async (key: string) => entries.get(key) as never,
    setItem: async (key: string, value: unknown) => void entries.set(key, value),
    removeItem: async (key: string) => void entries.delete(key),
  };
}

let relay: Relay;
let wallet: InstanceType<typeof SignClient>;
/** How the wallet app answers the next proposal. */
let accepts = true;

beforeAll(async () => {
  relay = new Relay();
  await once(relay.server, 'listening');
  vi.stubGlobal('location', new URL('http://localhost:8000/'));
  vi.stubGlobal('localStorage', storage());
  wallet = await SignClient.init({
    ...{ projectId: PROJECT, relayUrl: relay.url, logger: 'silent', telemetryEnabled: false },
    ...{ storage: store(), customStoragePrefix: 'app' }, // else both share one client
    metadata: { name: 'Test wallet', description: '', url: 'http://localhost', icons: [] },
  });
  wallet.on('session_proposal', async ({ id, params }) => {
    if (!accepts) {
      await wallet.reject({ id, reason: { code: 5000, message: 'User rejected.' } });
      return;
    }
    const { methods, events } = params.optionalNamespaces.eip155 as { methods: string[]; events: string[] };
    const eip155 = { chains: ['eip155:31337'], accounts: [`eip155:31337:${ME}`], methods, events };
    const { acknowledged } = await wallet.approve({ id, namespaces: { eip155 } });
    await acknowledged();
  });
  wallet.on('session_request', async ({ id, topic, params }) => {
    const result = params.request.method === 'eth_sendTransaction' ? `0x${'1'.repeat(64)}` : null;
    await wallet.respond({ topic, response: { id, jsonrpc: '2.0', result } });
  });
});

afterAll(() => relay.server.close());

const scan = ({ uri }: Pairing) => void wallet.pair({ uri });

test('a wallet app that refuses is told as a rejection; one that is not there can be given up', async () => {
  accepts = false;
  const refused = await pair(CONFIG, scan, relay.url).catch((error) => error);
  expect(explain(refused)).toContain('rejected');
  await expect(pair(CONFIG, ({ cancel }) => cancel(), relay.url)).rejects.toThrow('No wallet app');
  expect(await resumed(CONFIG, relay.url)).toBeNull();
});

test('a wallet app is paired, sends transactions on the game’s chain, and says when it leaves', async () => {
  accepts = true;
  let code: Pairing['code'] = [];
  const app = await pair(
    CONFIG,
    (pairing) => {
      code = pairing.code;
      scan(pairing);
    },
    relay.url,
  );
  expect(code.length).toBeGreaterThan(40);
  expect(code.every((row) => row.length === code.length)).toBe(true);
  expect([app.id, app.name]).toEqual(['walletconnect', 'Test wallet']);

  const connected = await connect(CONFIG, app, false);
  expect(connected?.address).toBe(ME);
  if (connected === null) return;
  await ensureChain(CONFIG, connected);
  const transaction = { from: ME, to: ME, value: '0x1' };
  expect(await app.provider.request({ method: 'eth_sendTransaction', params: [transaction] } as never)).toMatch(
    /^0x1+$/,
  );
  expect((await resumed(CONFIG, relay.url))?.name).toBe('Test wallet');

  const left = new Promise((done) => app.provider.on('disconnect', done as never));
  const topic = wallet.session.getAll()[0]?.topic ?? '';
  await wallet.disconnect({ topic, reason: { code: 6000, message: 'User disconnected.' } });
  await left;
  expect(await resumed(CONFIG, relay.url)).toBeNull();
});
