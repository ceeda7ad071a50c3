import { defineConfig } from 'vitest/config';

const api = process.env.PROOFMATE_URL ?? 'http://127.0.0.1:8000';

export default defineConfig({
  build: { target: 'es2022', assetsInlineLimit: 0, chunkSizeWarningLimit: 700 },
  server: { proxy: { '/api': api, '/rpc': api } },
  test: { include: ['tests/**/*.test.ts'] },
});
