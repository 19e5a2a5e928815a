import { defineConfig } from 'vitest/config'

/** Real clusters, one at a time: they share the machine. */
export default defineConfig({
  test: {
    // What programs print is compared with texts, whatever who runs the tests prefers.
    env: { FORCE_COLOR: '0' },
    include: ['test/processes/**/*.test.ts'],
    setupFiles: ['test/property-seeds.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
