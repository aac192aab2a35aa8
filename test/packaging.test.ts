// What cannot be built or run in a test (an image, a set of containers) is at least read: it must fit the program.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { settings } from '../core/settings.ts'
import { temporaryFolder } from './support/database.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (name: string): string => readFileSync(join(root, name), 'utf8')

const versions = z.record(z.string(), z.string())
const packageFile = z
  .object({ dependencies: versions, devDependencies: versions, scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read('package.json')))

const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ').split('\n')
const instructions = (word: string): string[] =>
  dockerfile.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1).trim())
const finalStage = dockerfile.slice(dockerfile.findLastIndex((line) => line.startsWith('FROM ')))
/** What the last stage takes out of the repository. */
const copied = finalStage.flatMap((line) => /^COPY (?!--from)(\S+) /.exec(line)?.[1] ?? [])

const service = z.object({
  image: z.string(),
  init: z.boolean().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()),
  volumes: z.array(
    z.union([
      z.string(),
      z.object({ type: z.string(), source: z.string(), target: z.string(), read_only: z.boolean() }),
    ]),
  ),
  ports: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
  healthcheck: z.union([z.object({ test: z.array(z.string()) }), z.object({ disable: z.literal(true) })]),
  restart: z.string(),
  stop_grace_period: z.string().optional(),
})
const composeText = read('docker-compose.yml')
const compose = z
  .object({
    services: z.object({ db: service, ingest: service, server: service }),
    volumes: z.record(z.string(), z.unknown()),
  })
  .parse(parse(composeText, { merge: true }))
const { db, ingest, server } = compose.services

const start = (folder: string) =>
  spawnSync(packageFile.scripts['prestart'] ?? '', { shell: '/bin/sh', cwd: folder, encoding: 'utf8' })

describe('npm start', () => {
  it('says in one line that npm ci has to come first, until it has ended', async () => {
    const folder = await temporaryFolder()
    const told = { status: 1, stdout: '', stderr: 'Run npm ci first, to its end.\n' }
    expect(start(folder)).toMatchObject(told)
    // npm ci writes its own record last, when everything else is in its place.
    await mkdir(join(folder, 'node_modules', 'zod'), { recursive: true })
    expect(start(folder)).toMatchObject(told)
    await writeFile(join(folder, 'node_modules', '.package-lock.json'), '{}')
    expect(start(folder)).toMatchObject({ status: 0, stdout: '', stderr: '' })
    expect(existsSync(join(root, 'node_modules', '.package-lock.json'))).toBe(true)
  })
})

describe('the image', () => {
  it('holds every file that the server and the command line load', () => {
    const missing = loadedFiles(['server/main.ts', 'cli/main.ts']).files.filter(
      (file) => !copied.some((name) => file === name || file.startsWith(`${name}/`)),
    )
    expect(missing).toEqual([])
  })

  it('needs no package that is a dev dependency', () => {
    const { packages } = loadedFiles(['server/main.ts', 'cli/main.ts'])
    expect(packages.filter((name) => !(name in packageFile.dependencies))).toEqual([])
    expect(packages.length).toBeGreaterThan(10)
  })

  it('leaves out tests, the eval harness and the documents', () => {
    expect(copied.filter((name) => /^(?:\.|test|eval|docs|node_modules)/.test(name))).toEqual([])
  })

  it('gets from .dockerignore exactly what it copies', () => {
    const allowed = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []))
    expect(allowed.toSorted()).toEqual([...copied, 'package-lock.json', '.npmrc'].toSorted())
  })

  it('copies only what exists', () => {
    expect(copied.filter((name) => !existsSync(join(root, name)))).toEqual([])
  })

  it('knows no setting that the program does not know', () => {
    const names = instructions('ENV').flatMap((line) => Array.from(line.matchAll(/(\w+)=/g), ([, name]) => name ?? ''))
    expect(names.filter((name) => !(name in settings))).toEqual([])
    expect(instructions('ENV').join(' ')).toContain('HOST=0.0.0.0')
  })

  it('runs as a user without rights, on a volume that this user owns', () => {
    const dataDir = /DATA_DIR=(\S+)/.exec(instructions('ENV').join(' '))?.[1] ?? ''
    expect(instructions('USER')).toEqual(['node'])
    expect(instructions('VOLUME')).toEqual([dataDir])
    expect(instructions('RUN').join('\n')).toContain(`chown node:node ${dataDir}`)
  })

  it('starts the server without a shell and stops it with SIGTERM', () => {
    expect(instructions('ENTRYPOINT')).toEqual(['["node"]'])
    expect(instructions('CMD')).toEqual([`["${packageFile.scripts['start']?.replace('node ', '')}"]`])
    expect(instructions('STOPSIGNAL')).toEqual(['SIGTERM'])
  })

  it('installs no dev dependencies and runs no install scripts', () => {
    expect(instructions('RUN')).toContain('npm ci --omit=dev --ignore-scripts')
  })

  it('asks /health with Node itself, because the slim image has no curl', () => {
    const check = instructions('HEALTHCHECK')[0] ?? ''
    const command = z.array(z.string()).parse(JSON.parse(check.slice(check.indexOf('['))))
    expect(command.slice(0, 2)).toEqual(['node', '-e'])
    expect(command[2]).toContain('/health')
  })
})

it('names one major version of Node everywhere', () => {
  const majors = [
    ...instructions('FROM').map((line) => /^node:(\d+)-slim/.exec(line)?.[1]),
    read('.nvmrc').trim(),
    packageFile.devDependencies['node']?.split('.')[0],
    packageFile.devDependencies['@types/node']?.split('.')[0],
  ]
  expect(new Set(majors)).toEqual(new Set(['24']))
})

describe('the compose file', () => {
  it('starts the server only after the database is healthy and the library is learned', () => {
    expect(ingest.depends_on).toEqual({ db: { condition: 'service_healthy' } })
    expect(server.depends_on).toEqual({
      db: { condition: 'service_healthy' },
      ingest: { condition: 'service_completed_successfully' },
    })
  })

  it('has a check for each service that stays up, and restarts it', () => {
    for (const each of [db, server]) {
      expect('test' in each.healthcheck && each.healthcheck.test[0]).toBe('CMD')
      expect(each.restart).toBe('unless-stopped')
    }
    expect(ingest.restart).toBe('no')
  })

  it('gives the server and the ingest the same image and the same settings', () => {
    expect(ingest.image).toBe(server.image)
    expect(ingest.environment).toEqual(server.environment)
  })

  it('knows no setting that the program does not know', () => {
    const fromEnvFile = Array.from(composeText.matchAll(/\$\{(\w+)/g), ([, name]) => name ?? '')
    const names = [...Object.keys(server.environment), ...fromEnvFile].filter((name) => name !== 'POSTGRES_PASSWORD')
    expect(names.filter((name) => !(name in settings))).toEqual([])
  })

  it('passes every setting on, but for the place of the embedded store', () => {
    const fromEnvFile = new Set(Array.from(composeText.matchAll(/\$\{(\w+)/g), ([, name]) => name))
    const left = Object.keys(settings).filter((name) => !fromEnvFile.has(name) && !(name in server.environment))
    expect(left).toEqual(['DATA_DIR'])
  })

  it('has a default for whatever .env leaves out', () => {
    expect(composeText.match(/\$\{\w+\}/g)).toBeNull()
  })

  it('declares the volume that the database keeps its files in', () => {
    const named = db.volumes.filter((volume) => typeof volume === 'string').map((volume) => volume.split(':')[0])
    expect(named).toEqual(Object.keys(compose.volumes))
  })

  it('gives the library to learn to both, read-only, under one name', () => {
    for (const each of [ingest, server]) {
      expect(each.volumes).toMatchObject([{ type: 'bind', target: each.environment['LIBRARY_DIR'], read_only: true }])
    }
    // Under another name the same files would be other documents, and every answer would find them twice.
    expect(ingest.command).toEqual(['cli/main.ts', 'ingest', server.environment['LIBRARY_DIR']])
  })

  it('opens the server to this machine only, and the database to none', () => {
    expect(server.ports).toEqual(['${HOST:-127.0.0.1}:${PORT:-3000}:3000'])
    expect(db.ports).toBeUndefined()
  })

  it('waits for a draining server longer than the server waits for its answers', () => {
    const drainMs = Number(/DRAIN_MS = ([\d_]+)/.exec(read('server/main.ts'))?.[1]?.replaceAll('_', ''))
    expect(Number(server.stop_grace_period?.replace('s', '')) * 1000).toBeGreaterThan(drainMs)
  })
})

describe('the documents', () => {
  const decisions = readdirSync(join(root, 'docs/decisions')).toSorted()

  it('number the decisions from 1 on, each number once', () => {
    const numbers = decisions.map((name) => Number(/^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1]))
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
  })

  it('give a reason for every runtime dependency', () => {
    const reasons = read(`docs/decisions/${decisions.find((name) => name.includes('runtime-dependencies')) ?? ''}`)
    expect(Object.keys(packageFile.dependencies).filter((name) => !reasons.includes(`| \`${name}\` |`))).toEqual([])
  })

  it('name the clients that are tested in the versions that are installed', () => {
    const typed = z.object({ dependencies: versions }).parse(JSON.parse(read('test/typed-client/package.json')))
    const installed = { ...typed.dependencies, ...packageFile.dependencies, ...packageFile.devDependencies }
    const rows = Array.from(
      read('docs/clients.md').matchAll(/^\| `([^`]+)` \| ([\d.]+) \|/gm),
      ([, name = '', version]) => [name, version],
    )
    expect(rows).toEqual(rows.map(([name = '']) => [name, installed[name]]))
    expect(rows.length).toBeGreaterThanOrEqual(5)
  })

  it('explain every setting to operators, with its default', () => {
    const operations = read('docs/operations.md')
    const rows = Object.entries(settings).map(([name, { schema }]) => {
      const byDefault = z.union([z.string(), z.number()]).optional().parse(schema.parse(undefined))
      return `| \`${name}\` | ${byDefault === undefined ? '' : `\`${byDefault}\` `}|`
    })
    const missing = rows.filter((row) => !operations.includes(row))
    expect(missing).toEqual([])
  })

  it('quote the sentences that the program prints', () => {
    const sources = loadedFiles(['server/main.ts', 'cli/main.ts']).files.filter((name) => name.endsWith('.ts'))
    const printed = sources
      .map(read)
      .join('\n')
      .replaceAll("\\'", "'")
      .replaceAll(/['`] \+\s+['`]/g, '')
    const troubleshooting = read('docs/operations.md').split('## Troubleshooting')[1] ?? ''
    const quoted = Array.from(troubleshooting.matchAll(/^\| `([^`]+)`/gm), ([, sentence]) => sentence ?? '')
    const parts = quoted.flatMap((sentence) => sentence.split('…').filter((part) => /\w{3}/.test(part)))
    expect(parts.length).toBeGreaterThan(20)
    expect(parts.filter((part) => !printed.includes(part))).toEqual([])
  })

  it('lead to files that exist', () => {
    const pages = ['CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'docs/design.md', 'docs/operations.md']
    const broken = [...pages, ...decisions.map((name) => `docs/decisions/${name}`)].flatMap((page) =>
      Array.from(read(page).matchAll(/\]\((?!https?:)([^)#]+)/g), ([, link]) => join(dirname(page), link ?? '')).filter(
        (file) => !existsSync(join(root, file)),
      ),
    )
    expect(broken).toEqual([])
  })
})

type Loaded = { readonly files: string[]; readonly packages: string[] }

// `from '…'`, `import '…'`, `import('…')`, and files named by their place beside the module: workers, prompts, tables.
const references =
  /(?:^|[\s;}])(?:import|export)\s[^'"();]*?from\s*'([^']+)'|import\s*\(?\s*'([^']+)'|new URL\(\s*['`]([^'`]+)['`],\s*import\.meta\.url/gm

/** Everything that can be reached from these modules: our own files and folders, and the packages by name. */
function loadedFiles(entries: readonly string[]): Loaded {
  const files = new Set(entries)
  const packages = new Set<string>()
  for (const file of files) {
    if (!file.endsWith('.ts')) continue
    for (const [, from, dynamic, beside] of read(file).matchAll(references)) {
      const name = from ?? dynamic ?? beside ?? ''
      if (name.startsWith('.')) files.add(placeOf(file, name))
      else if (!name.startsWith('node:')) packages.add(packageName(name))
    }
  }
  return { files: [...files].toSorted(), packages: [...packages].toSorted() }
}

/** A name that is put together at run time (`./${name}.md`) stands for its folder. */
function placeOf(file: string, name: string): string {
  const fixed = name.includes('${') ? name.slice(0, name.indexOf('${')) : name
  const place = relative(root, join(root, dirname(file), fixed)).replaceAll('\\', '/')
  return name.includes('${') ? `${place}/` : place
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
