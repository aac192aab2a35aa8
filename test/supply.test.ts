// What is installed: from where, with which right to run something, and how much of it.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { temporaryFolder } from './support/database.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8')

const locked = z.looseObject({
  version: z.string().optional(),
  resolved: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
  os: z.array(z.string()).optional(),
  integrity: z.string().optional(),
  dev: z.boolean().optional(),
  devOptional: z.boolean().optional(),
  optional: z.boolean().optional(),
  hasInstallScript: z.boolean().optional(),
  link: z.boolean().optional(),
})
const lock = z
  .looseObject({ lockfileVersion: z.literal(3), packages: z.record(z.string(), locked) })
  .parse(JSON.parse(read('package-lock.json')))
const manifest = z
  .looseObject({ allowScripts: z.record(z.string(), z.boolean()), scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read('package.json')))

const REGISTRY = 'https://registry.npmjs.org/'
const entries = Object.entries(lock.packages).filter(([path]) => path !== '')
/** The one package that is a folder of this repository. */
const ours = ['node_modules/typed-client', 'test/typed-client']
const foreign = entries.filter(([path]) => !ours.includes(path))

describe('the lockfile', () => {
  it('takes no package from a repository or an address, and none from another registry', () => {
    const faults = foreign.filter(([, { resolved = '' }]) => resolved !== '' && !resolved.startsWith(REGISTRY))
    expect(faults.map(([path]) => path)).toEqual([])
    const specs = entries.flatMap(([, { dependencies = {}, optionalDependencies = {} }]) =>
      Object.values({ ...dependencies, ...optionalDependencies }),
    )
    expect(specs.filter((spec) => /^(?:git|https?|file|link|github)[:+]/.test(spec))).toEqual([])
    expect(foreign.length).toBeGreaterThan(100)
  })

  it('has a hash of every package, but for tools of development on other machines than this lockfile was made on', () => {
    const faults = foreign.filter(([, { integrity = '' }]) => !/^sha512-[\w+/]+=*$/.test(integrity))
    const elsewhere = faults.filter(([, { dev, optional, os }]) => dev && optional && os)
    expect(faults.length - elsewhere.length).toBe(0)
    expect(elsewhere.length).toBeLessThanOrEqual(53)
  })

  it('lets no package run a script when it is installed, but for the one that brings Node', () => {
    const scripted = foreign.filter(([, { hasInstallScript }]) => hasInstallScript)
    const names = scripted.map(([path]) => path.replace(/^.*node_modules\//, ''))
    expect(names).toEqual(Object.keys(manifest.allowScripts))
    expect(scripted.every(([, { dev }]) => dev === true)).toBe(true)
    expect(read('.npmrc')).toMatch(/^strict-allow-scripts=true$/m)
  })

  it('installs no more packages in production than the decision allows', () => {
    const installed = foreign.filter(([, { dev, devOptional, optional }]) => !dev && !devOptional && !optional)
    const decision = read('docs/decisions/0009-runtime-dependencies.md')
    const budget = Number(/Budget: at most (\d+) packages/.exec(decision)?.[1])
    expect(installed.length).toBeLessThanOrEqual(budget)
    expect(budget - installed.length).toBeLessThan(10)
  })
})

const finding = (severity: string) => ({
  hono: [
    { id: 1, url: 'https://example.com/1', title: 'A hole', severity, vulnerable_versions: '*', cwe: [], cvss: {} },
  ],
})

describe('npm run audit', () => {
  it.each([
    ['a list without a finding', 200, {}, 0, /^Audited: /],
    ['a moderate finding', 200, finding('moderate'), 0, /^Audited: /],
    ['a high finding', 200, finding('high'), 1, /^high: hono$/m],
    ['a critical finding', 200, finding('critical'), 1, /^critical: hono$/m],
    ['a registry without such a list', 404, { error: 'not found' }, 0, /^No audit/],
    ['a registry that fails', 500, { error: 'oops' }, 0, /^No audit/],
  ])(
    'ends with %s as it should',
    async (_, status, body, code, said) => {
      const server = createServer((request, response) => {
        request.resume()
        const isAdvisories = request.url?.includes('advisories')
        response.writeHead(isAdvisories ? status : 404, { 'content-type': 'application/json' })
        response.end(JSON.stringify(isAdvisories ? body : { error: 'not found' }))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      // npm remembers findings by their number.
      const cache = await temporaryFolder()
      const registry = {
        npm_config_cache: cache,
        npm_config_registry: `http://127.0.0.1:${port}/`,
        npm_config_fetch_retries: '0',
      }
      const child = spawn(process.execPath, ['.ci/audit.js'], { cwd: root, env: { ...process.env, ...registry } })
      let stdout = ''
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
      const ended = await new Promise((resolve) => child.once('close', resolve))
      server.closeAllConnections()
      server.close()
      expect(stdout).toMatch(said)
      expect(ended).toBe(code)
    },
    60_000,
  )
})
