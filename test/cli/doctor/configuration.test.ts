// Settings and folders: what is wrong before anything is opened.
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkConfiguration } from '../../../cli/doctor/configuration.ts'
import { checkFolders } from '../../../cli/doctor/folders.ts'
import { describeGroup } from '../../../cli/doctor/finding.ts'
import { readConfig } from '../../../core/config.ts'
import { temporaryFolder } from '../../support/database.ts'

const check = async (env: Record<string, string>, bytes = 5e9) => await checkFolders(readConfig(env), async () => bytes)
const worst = (findings: readonly { level: string }[]) => findings.filter(({ level }) => level !== 'fine')

describe('the configuration', () => {
  it('without a fault is fine', () => {
    const { config, findings } = checkConfiguration({ CHAT_MODEL: 'm', PATH: '/bin' })
    expect(config?.port).toBe(3000)
    expect(worst(findings)).toEqual([])
    expect(findings[0]!.found).toBe('CHAT_MODEL: no fault')
  })

  it('names every fault with what is expected, and no secret', () => {
    const { config, findings } = checkConfiguration({ PORT: 'x', DATABASE_URL: 'secret', BUDGET_USD_PER_DAY: '1' })
    expect(config).toBeNull()
    expect(worst(findings)).toMatchObject([
      {
        level: 'wrong',
        found: 'PORT: "x" is not a port (0 to 65535)',
        remedy: expect.stringContaining('3000') as string,
      },
      { level: 'wrong', found: expect.stringMatching(/^DATABASE_URL: its value \(not shown\)/) as string },
    ])
    expect(JSON.stringify(findings)).not.toContain('secret')
  })

  it.each([
    ['DATABSE_URL', 'DATABASE_URL'],
    ['database_url', 'DATABASE_URL'],
    ['EMBEDING_MODELS', 'EMBEDDING_MODEL'],
    ['LOGLEVEL', 'LOG_LEVEL'],
  ])('asks whether %s is meant to be %s', (name, meant) => {
    expect(worst(checkConfiguration({ [name]: 'x' }).findings)).toEqual([
      { level: 'look', found: `${name} is set and is no setting`, remedy: `Write ${meant}, if that is what is meant.` },
    ])
  })

  it('leaves alone what other programs are set by', () => {
    const others = {
      HOME: '/',
      HOSTS: 'a',
      POSTGRES_PASSWORD: 'p',
      NODE_OPTIONS: '',
      npm_config_cache: 'c',
      PORTS: '1',
    }
    expect(worst(checkConfiguration(others).findings)).toEqual([])
  })

  it('open to a network that is told to be this machine is worth a look, and an old Node is wrong', () => {
    const open = { HOST: '0.0.0.0', PUBLISHED_HOST: '127.0.0.1' }
    expect(worst(checkConfiguration(open, '20.11.0').findings)).toMatchObject([
      {
        level: 'look',
        found: 'PUBLISHED_HOST=127.0.0.1 says that only this machine reaches port 3000, and nobody has to show a key',
      },
      { level: 'wrong', found: 'Node 20.11.0 is too old' },
    ])
  })
})

describe('the folders', () => {
  it('that take no files are told as such, also to root', async () => {
    const [found] = worst(await checkFolders(readConfig({ DATA_DIR: '/proc/nope' })))
    expect(found).toMatchObject({
      found: 'DATA_DIR: /proc cannot be written by this user',
      remedy: expect.stringContaining('set DATA_DIR to another folder') as string,
    })
  })

  it('that can be used are fine, also where one is not made yet', async () => {
    const folder = await temporaryFolder()
    expect(worst(await check({ DATA_DIR: join(folder, 'a/b'), LIBRARY_DIR: folder }))).toEqual([])
  })

  it.each([
    [1e8, 'wrong'],
    [5e8, 'look'],
  ])('with %d bytes left need room: %s', async (bytes, level) => {
    const folder = await temporaryFolder()
    expect(worst(await check({ DATA_DIR: folder, LIBRARY_DIR: folder }, bytes))).toMatchObject([{ level }])
  })

  it('that are files, or that are set and missing, are wrong', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    expect(await check({ DATA_DIR: file, LIBRARY_DIR: `${file}s` })).toMatchObject([
      { level: 'wrong', found: `DATA_DIR: ${file} is a file` },
      { level: 'wrong', found: `LIBRARY_DIR: ${file}s does not exist` },
    ])
    expect(await check({ DATABASE_URL: 'postgres://h/d', LIBRARY_DIR: file })).toMatchObject([
      { level: 'wrong', found: `LIBRARY_DIR: ${file} cannot be read (ENOTDIR)` },
    ])
  })

  // A superuser may write everywhere.
  it.skipIf(process.getuid?.() === 0)('that may not be written are wrong', async () => {
    const folder = join(await temporaryFolder(), 'locked')
    await mkdir(folder)
    await chmod(folder, 0o500)
    expect((await check({ DATA_DIR: join(folder, 'data') }))[0]).toMatchObject({
      level: 'wrong',
      found: expect.stringContaining('cannot be written') as string,
    })
  })
})

describe('a group of findings', () => {
  it('is a line each, what to change below it, and steers no terminal', () => {
    const text = describeGroup({
      name: 'store',
      findings: [
        { level: 'fine', found: 'up', remedy: null },
        { level: 'wrong', found: 'a\u001b[2Jb', remedy: 'mend it' },
      ],
    })
    expect(text).toBe('✓ store         up\n✗               a[2Jb\n                → mend it\n')
  })
})
