import { totalmem } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The embedded database takes seconds to open on a cold machine; every other wait in a test is its own.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Each file that opens the embedded database holds about 0.5 GB: two at once is what a small machine bears. Many of
    // them wait for processes that they started, so that a third has something to do on two cores as well.
    maxWorkers: totalmem() < 12e9 ? 2 : 3,
    reporters: process.stdout.isTTY ? ['default'] : [['default', { summary: false }]],
  },
})
