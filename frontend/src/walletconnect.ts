// A wallet app on another device, or on this phone, reached by WalletConnect. Loaded when a visitor asks for it.

import UniversalProvider from '@walletconnect/universal-provider';
import { encode } from 'uqr';
import type { EIP1193Provider } from 'viem';
import type { Config } from './api.ts';
import { type Announced, chainOf } from './chain.ts';
import { WALLETCONNECT } from './kept.ts';
import type { Pairing } from './state.ts';
import { w } from './words/index.ts';

/** What a wallet app is asked for: this page reads the chain itself. */
const METHODS = ['eth_sendTransaction', 'wallet_switchEthereumChain', 'wallet_addEthereumChain'];
const EVENTS = ['accountsChanged', 'chainChanged'];

let made: Promise<UniversalProvider> | null = null;

/** The one client of this page; a second would take the first one's messages. */
function client(config: Config, relayUrl?: string): Promise<UniversalProvider> {
  made ??= UniversalProvider.init({
    projectId: config.walletConnect ?? '',
    metadata: {
      name: 'Proofmate',
      description: w.wallet.about,
      url: location.origin,
      icons: [`${location.origin}/favicon.svg`],
    },
    telemetryEnabled: false,
    logger: 'silent',
    ...(relayUrl === undefined ? {} : { relayUrl }),
  }).catch((error) => {
    made = null; // asked again with the next attempt
    throw error;
  });
  return made;
}

const announced = (provider: UniversalProvider): Announced => ({
  id: WALLETCONNECT,
  name: provider.session?.peer.metadata.name.slice(0, 40) ?? 'WalletConnect',
  icon: null,
  provider: provider as unknown as EIP1193Provider,
});

/** The session that this browser still has; null: none. */
export async function resumed(config: Config, relayUrl?: string): Promise<Announced | null> {
  const provider = await client(config, relayUrl);
  return provider.session === undefined ? null : announced(provider);
}

/**
 * Asks for a wallet app; `show` is given what the app scans or opens.
 * Throws what the app answered if it refuses, or that the visitor gave up.
 */
export async function pair(config: Config, show: (pairing: Pairing) => void, relayUrl?: string): Promise<Announced> {
  const provider = await client(config, relayUrl);
  if (provider.session !== undefined) await provider.disconnect();
  const chain = chainOf(config);
  const name = `eip155:${chain.id}`;
  let cancel = () => {};
  const cancelled = new Promise<never>((_, reject) => {
    cancel = () => {
      // An app that answers later finds no one.
      void provider.cleanupPendingPairings({ deletePairings: true });
      reject(new Error(w.wallet.cancelled));
    };
  });
  const onUri = (uri: string) => show({ uri, code: encode(uri, { border: 2 }).data, cancel });
  provider.on('display_uri', onUri);
  try {
    const rpcMap = { [chain.id]: chain.rpcUrls.default.http[0] ?? '' };
    const asked = { eip155: { chains: [name], methods: METHODS, events: EVENTS, rpcMap } };
    await Promise.race([provider.connect({ optionalNamespaces: asked }), cancelled]);
  } finally {
    provider.removeListener('display_uri', onUri);
  }
  provider.setDefaultChain(name, chain.rpcUrls.default.http[0]);
  return announced(provider);
}
