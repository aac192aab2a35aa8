// Keys from the command line to the server that wants them: real processes over one data directory.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bodyOf } from '../../cli/keys.ts'
import { preparedDataDir, temporaryFolder } from '../support/database.ts'
import { runCommand, start, startServer } from '../support/process.ts'

const none = { name: 'me', library: null, scopes: null, expires: null, origins: null }
const NOW = Date.parse('2026-11-21T12:00:00Z')

const end = (expires: string | null) => (bodyOf({ ...none, expires }, NOW) as { expires_at: string | null }).expires_at

describe('npm run keys', () => {
  it('takes days, a day or never as the end of a key', () => {
    expect(end(null)).toBe('2027-02-19T12:00:00.000Z')
    expect(end('1d')).toBe('2026-11-22T12:00:00.000Z')
    expect(end('2027-01-31')).toBe('2027-01-31T23:59:59.000Z')
    expect(end('never')).toBeNull()
    for (const wrong of ['soon', '2027-02-31', '2026-11-20', '0d', '-1d', ''])
      expect(() => end(wrong), wrong).toThrow(`--expires: ${JSON.stringify(wrong)}`)
  })

  it('names what is wrong with a scope, and a name that is missing', () => {
    expect(() => bodyOf({ ...none, scopes: 'ask,root' })).toThrow('--scopes: "root" is none of ask, ingest, admin.')
    expect(() => bodyOf({ ...none, name: null })).toThrow('--name is missing')
  })

  it('makes the key without which a public server does not start, and revokes it through that server', async () => {
    const settings = { DATA_DIR: await preparedDataDir(), LIBRARY_DIR: await temporaryFolder(), HOST: '0.0.0.0' }
    const refused = start('server/main.ts', [], { PORT: '0', ...settings })
    expect(await refused.ended).toBe(2)
    expect(refused.stderr()).toContain(
      'HOST=0.0.0.0 lets others than this machine in, and there is no key for them yet.',
    )
    const [command = ''] = /npm run keys -- (create .*)$/m.exec(refused.stderr())?.slice(1) ?? []

    const made = await runCommand(['keys', ...command.split(' ')], settings)
    expect(made.code, made.stderr).toBe(0)
    const key = made.stdout.trim()
    expect(key).toMatch(/^fn_/)
    expect(made.stderr).not.toContain(key)
    expect(statSync(join(settings.DATA_DIR, 'key-secret')).mode & 0o777).toBe(0o600)

    const server = await startServer(settings)
    expect(server.stderr()).toMatch(/Try it \(with a key of yours\):\n {2}curl \S+ -H 'authorization: Bearer fn_…' -H/)
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${server.url}/v1/models`, { headers })).status
    expect(await status({})).toBe(401)
    expect(await status({ authorization: `Bearer ${key}` })).toBe(200)
    const asked = await runCommand(['search', 'anything'], settings)
    expect(asked.code, asked.stderr).toBe(0)
    const id = key.split('_')[1] ?? ''
    const revoked = await runCommand(['keys', 'revoke', id], settings)
    expect(revoked.code, revoked.stderr).toBe(0)
    expect(await status({ authorization: `Bearer ${key}` })).toBe(401)
    expect((await runCommand(['keys', 'revoke', id], settings)).code).toBe(2)
    const listed = await runCommand(['keys', 'list', '--json'], settings)
    expect(JSON.parse(listed.stdout)).toMatchObject([{ id, name: 'me', scopes: ['ask', 'ingest', 'admin'] }])
    const audit = await runCommand(['keys', 'audit'], settings)
    expect(audit.stdout).toMatch(/key-revoked {2}by local {2}\w+\n.*key-created/)
    expect(server.stderr()).not.toContain(key)
    await server.end()
  }, 180_000)

  it('names keys that were made with another secret, at the start, by doctor and after a restore', async () => {
    const settings = { DATA_DIR: await preparedDataDir(), LIBRARY_DIR: await temporaryFolder() }
    const made = await runCommand(['keys', 'create', '--name', 'me'], settings)
    expect(made.code, made.stderr).toBe(0)
    const fits = await runCommand(['doctor'], settings)
    expect(fits.stdout).toMatch(/✓ keys +none was made with another secret\n/)
    const file = join(await temporaryFolder(), 'a.backup')
    expect((await runCommand(['backup', file], settings)).code).toBe(0)

    const other = { ...settings, KEY_SECRET: 'b0Zk2c8mQWxv3TnR5yLd7hGsJ4aUeP9f' }
    const server = await startServer(other)
    await server.end()
    expect(server.stderr()).toMatch(
      /1 key was made with another secret .* opens nothing\. Set KEY_SECRET to .*key-secret/,
    )
    const ill = await runCommand(['doctor'], other)
    expect(ill.code).toBe(1)
    expect(ill.stdout).toMatch(/✗ keys +1 key was made with another secret .*\n +→ Set KEY_SECRET to the secret that/)

    const elsewhere = { ...settings, DATA_DIR: join(await temporaryFolder(), 'none') }
    const restored = await runCommand(['restore', file], elsewhere)
    expect(restored.stderr).toContain('1 key was made with another secret than the one that is set here')
    const secret = readFileSync(join(settings.DATA_DIR, 'key-secret'), 'utf8').trim()
    const fitting = await runCommand(['restore', file, '--replace'], { ...elsewhere, KEY_SECRET: secret })
    expect(fitting.stderr).toBe('Keys that were revoked since then hold again: npm run keys -- list\n')
  }, 180_000)
})
