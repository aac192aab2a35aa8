import { totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
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
    // Node loads the tests as it loads the server, and compiles each file once for all of them, which is kept between runs.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/footnote-test-compiled', import.meta.url)) },
    // The embedded database is megabytes of WebAssembly that few tests keep busy for long: without the optimizing compiler
    // a command that searches takes 1.7 s of a processor instead of 2.4 s.
    execArgv: ['--liftoff-only'],
    reporters: process.stdout.isTTY ? ['default'] : [['default', { summary: false }]],
  },
})
