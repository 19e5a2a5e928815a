import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{runtime,actors,cluster,dashboard,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/processes/**', 'test/browser/**', 'test/simulation/**'],
    testTimeout: 20_000,
  },
})
