import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // What programs print is compared with texts, whatever who runs the tests prefers.
    env: { FORCE_COLOR: '0' },
    include: ['{runtime,actors,cluster,dashboard,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/processes/**', 'test/browser/**', 'test/simulation/**'],
    setupFiles: ['test/property-seeds.ts'],
    testTimeout: 20_000,
  },
})
