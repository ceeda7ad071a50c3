import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const api = process.env.PROOFMATE_URL ?? 'http://127.0.0.1:8000';

/** Writes a Brotli and a gzip neighbour beside each file of text, which the server sends to browsers that take it. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle({ dir }) {
      for (const name of readdirSync(dir ?? '', { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|css|html|svg)$/.test(name)) continue;
        const file = join(dir ?? '', name);
        const bytes = readFileSync(file);
        const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: quality }));
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [compressed()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    // A browser asks a server of HTTP/1.1 for six files at a time: one file before the board, one more for the chain.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'page', tags: ['$initial'], priority: 2 },
            { name: 'chain', test: /[\\/]src[\\/](chain|ballot|key)\.ts$/, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': api, '/rpc': api } },
  test: {
    include: ['tests/**/*.test.ts'],
    testTimeout: 20_000,
    // WalletConnect's client leaves the failure of a late message, for a session that is gone, to nobody.
    onUnhandledError: ({ stack }) => !stack?.includes('/node_modules/@walletconnect/'),
  },
});
