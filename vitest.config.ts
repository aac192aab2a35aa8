import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The embedded database takes seconds to open on a cold machine; every other wait in a test is its own.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Each file that opens the embedded database holds about 0.5 GB: two at once is what a small machine bears.
    maxWorkers: 2,
    reporters: process.stdout.isTTY ? ['default'] : [['default', { summary: false }]],
  },
})
