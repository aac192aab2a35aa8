// The house of docs/design.md as checks: who may import whom, names, sizes, and files that must agree with each other.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { settings } from '../core/settings.ts'
import { loadPrompt } from '../prompts/load.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const files = filesBelow('.')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const isCode = (path: string): boolean => /\.[cm]?[jt]s$/.test(path)

describe('the house', () => {
  it.each(files.filter(isCode))('is kept by %s', (path) => {
    expect(faultsOf(path, read(path))).toEqual([])
  })

  it('has no drawers for odds and ends, and no barrels', () => {
    expect(files.filter((path) => pathFault(path) !== null)).toEqual([])
  })

  it('names no folder of the machine it was written on', () => {
    const texts = files.filter((path) => /\.(md|sql|json|ya?ml|html|css|example)$|^\.|Dockerfile/.test(path))
    expect(texts.filter((path) => machinePath.test(read(path)))).toEqual([])
  })
})

describe('the walls between libraries', () => {
  it('are passed by name in few places: the schema, backups, the doors of the queue, and what tells how the store is', () => {
    const passing = files.filter(
      (path) =>
        path.endsWith('.ts') && !path.startsWith('test/') && /\bowner\.(?:query|transaction)\b/.test(read(path)),
    )
    expect(passing.sort()).toEqual([
      'cli/reader.ts',
      'store/backup.ts',
      'store/migrate.ts',
      'store/queue.ts',
      'store/reports.ts',
      'store/restore.ts',
    ])
  })
})

describe('the checks of the house', () => {
  it.each([
    ['from store to server', 'store/search.ts', `import { a } from '../server/app.ts'`],
    ['from core to anything of ours', 'core/types.ts', `import type { a } from '../store/open.ts'`],
    ['from the pipeline to HTTP', 'server/answer/cite.ts', `import { a } from '../http/events.ts'`],
    ['from the pipeline to the store', 'server/answer/cite.ts', `import { a } from '../../store/open.ts'`],
    ['from HTTP to the store', 'server/http/ask.ts', `import { a } from '../../store/open.ts'`],
    ['from HTTP to ingest', 'server/http/ask.ts', `import { a } from '../../ingest/ingest.ts'`],
    ['from the app to the models', 'server/app.ts', `import { a } from '../models/fake.ts'`],
    ['from ingest to the store', 'ingest/ingest.ts', `import { a } from '../store/open.ts'`],
    ['from models to prompts', 'models/fake.ts', `import { a } from '../prompts/load.ts'`],
    ['from eval to HTTP', 'eval/run.ts', `import { a } from '../server/http/events.ts'`],
    ['of a main.ts by a command', 'cli/ask.ts', `import { a } from '../server/main.ts'`],
    ['of a main.ts by another', 'eval/main.ts', `import '../server/main.ts'`],
    ['of a test', 'server/open.ts', `import { a } from '../test/support/app.ts'`],
    ['over several lines', 'store/open.ts', `import {\n  type A,\n  b,\n} from '../models/fake.ts'`],
    ['that is handed on', 'core/ports.ts', `export * from '../store/open.ts'`],
    ['on demand', 'ingest/chunk.ts', `const a = await import('../server/app.ts')`],
    ['as a worker', 'core/log.ts', `new Worker(new URL('../store/embedded-worker.ts', import.meta.url))`],
    ['of a folder nobody knows', 'core/log.ts', `import { a } from '../misc/thing.ts'`],
  ])('refuse an import %s', (_, path, source) => {
    expect(faultsOf(path, source)).toHaveLength(1)
  })

  it.each([
    ['store/search.ts', `import { a } from '../core/types.ts'\nimport { b } from './spaces.ts'\nimport pg from 'pg'`],
    ['server/answer/answer.ts', `import { a } from '../../prompts/load.ts'`],
    ['server/http/ask.ts', `import { a } from '../answer/live.ts'`],
    ['server/open.ts', `import { a } from '../store/open.ts'\nimport { b } from './app.ts'`],
    ['server/main.ts', `import { a } from '../ingest/ingest.ts'`],
    ['eval/main.ts', `import { a } from '../store/open.ts'`],
    ['test/core/a.test.ts', `import { a } from '../support/app.ts'\nimport { b } from '../../store/open.ts'`],
    ['core/log.ts', `// import { a } from '../store/open.ts'`],
  ])('allow %s what it may', (path, source) => {
    expect(faultsOf(path, source)).toEqual([])
  })

  it.each([
    'const data = 1',
    'let { item } = row',
    'function util() {}',
    'const f = (context: Context) => 1',
    'list.map((item) => 1)',
    'type Info = 1',
    'type Item<T> = T',
    'class Manager {}',
    'const { rows: data } = answer',
    'function f(a: A, data: B) {}',
    'for (const { event, data } of events) {}',
  ])('refuse the name in %s', (source) => {
    expect(faultsOf('core/a.ts', source)).toHaveLength(1)
  })

  it.each([
    'answer.data',
    'answer?.info',
    'function f(c: Context) {}',
    'import { type Context } from "hono"',
    'log.info("data")',
    '// data of an item',
    'const text = `info: ${level}`',
    'const { data: rows } = answer',
    'send({ event, data: 1 })',
    'const pattern = /data: (.*)/',
    'const metadata = 1',
    'const dataDir = 2',
  ])('allow %s', (source) => {
    expect(faultsOf('core/a.ts', source)).toEqual([])
  })

  it('refuse the environment anywhere but in core/config.ts', () => {
    const source = 'const port = process.env.PORT'
    expect(faultsOf('server/app.ts', source)).toHaveLength(1)
    expect(faultsOf('server/main.ts', "process.env['PORT']")).toHaveLength(1)
    expect(faultsOf('core/config.ts', source)).toEqual([])
    expect(faultsOf('test/a.test.ts', source)).toEqual([])
  })

  it('refuse long files', () => {
    expect(faultsOf('core/a.ts', 'a\n'.repeat(300))).toEqual([])
    expect(faultsOf('core/a.ts', 'a\n'.repeat(301))).toHaveLength(1)
    expect(faultsOf('test/a.test.ts', 'a\n'.repeat(400))).toEqual([])
    expect(faultsOf('test/a.test.ts', 'a\n'.repeat(401))).toHaveLength(1)
  })

  it('refuse a path of somebody’s machine', () => {
    for (const start of ['home', 'Users', 'root', 'work'])
      expect(faultsOf('core/a.ts', `open('${['', start, 'me'].join('/')}')`)).toHaveLength(1)
  })

  it.each(['server/utils/a.ts', 'lib/a.ts', 'core/helpers/a.ts', 'services/a.ts', 'core/index.ts', 'util/a.js'])(
    'refuse a file at %s',
    (path) => {
      expect(pathFault(path)).not.toBeNull()
    },
  )
})

describe('decisions', () => {
  it('are numbered from 0001 on without gaps or doubles, and each has its four parts', () => {
    const names = files.filter((path) => path.startsWith('docs/decisions/')).map((path) => posix.basename(path))
    expect(names.map((name) => name.slice(0, 4))).toEqual(names.map((_, n) => String(n + 1).padStart(4, '0')))
    for (const name of names) {
      expect(name).toMatch(/^\d{4}-[a-z0-9-]+\.md$/)
      const text = read(`docs/decisions/${name}`)
      expect(text, name).toMatch(new RegExp(`^# ${name.slice(0, 4)} `))
      expect(text, name).toMatch(/Status: [\s\S]*## Context[\s\S]*## Decision[\s\S]*## Consequences/)
    }
  })
})

describe('.env.example', () => {
  it('names exactly the settings there are, with their meanings', () => {
    const blocks = Object.entries(settings).map(([name, { meaning, example }]) => `# ${meaning}\n#${name}=${example}\n`)
    const [, ...body] = read('.env.example').split('\n\n')
    expect(body.join('\n\n')).toBe(blocks.join('\n'))
  })
})

describe('prompts', () => {
  const names = files.filter((path) => /^prompts\/.*\.md$/.test(path)).map((path) => path.slice(8, -3))
  it.each(names)('%s.md loads', async (name) => {
    expect((await loadPrompt(name)).hash).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('links', () => {
  const pages = files.filter((path) => /^(?:[A-Z]+|docs\/.*)\.md$/.test(path))
  it.each(pages)('in %s lead to files that exist', (path) => {
    const targets = Array.from(read(path).matchAll(/\]\(<?([^)>\s#]+)/g), ([, target]) => target ?? '')
    const local = targets.filter((target) => !/^[a-z]+:/.test(target))
    expect(local.filter((target) => !existsSync(join(root, dirname(path), decodeURI(target))))).toEqual([])
  })
})

// Longest first. null: everything but a main.ts and the tests.
const rules: readonly (readonly [part: string, allowed: readonly string[] | null])[] = [
  ['server/answer/', ['core/', 'prompts/']],
  ['server/limit/', ['core/', 'server/answer/']],
  ['server/http/', ['core/', 'server/answer/', 'server/limit/']],
  ['server/slack/', ['core/', 'server/answer/']],
  ['server/observe/', ['core/', 'server/answer/']],
  ['server/app.ts', ['core/', 'server/answer/', 'server/http/', 'server/limit/', 'server/slack/', 'server/observe/']],
  ['server/embedder.ts', ['core/', 'ingest/', 'models/', 'store/']],
  ['server/open.ts', null],
  ['server/library.ts', null],
  ['server/libraries.ts', ['core/']],
  ['server/offline.ts', null],
  ['core/', []],
  ['prompts/', ['core/']],
  ['store/', ['core/']],
  ['models/', ['core/']],
  ['ingest/', ['core/']],
  ['eval/bench/ingest-command.ts', null],
  ['eval/', ['core/', 'prompts/', 'server/answer/']],
  ['cli/', null],
  ['web/', []],
  ['test/', null],
]

/** Everything about one source file that the house does not allow. */
function faultsOf(path: string, source: string): string[] {
  const isTest = path.startsWith('test/')
  const limit = isTest ? 400 : 300
  const lines = source.split('\n').length - (source.endsWith('\n') ? 1 : 0)
  return [
    ...importsOf(path, source).flatMap((target) => importFault(path, target) ?? []),
    ...(lines > limit ? [`has ${lines} lines, more than ${limit}`] : []),
    ...nameFaults(path, source),
    ...(/\bprocess\s*\.\s*env\b/.test(codeOf(source)) && !isTest && path !== 'core/config.ts'
      ? ['reads process.env: only core/config.ts may']
      : []),
    ...(!isTest && machinePath.test(source) ? ['names a folder of somebody’s machine'] : []),
  ]
}

function importFault(path: string, target: string): string | null {
  const fault = `imports ${target}`
  if (/(^|\/)main\.ts$/.test(target)) return fault
  if (target.startsWith('test/')) return path.startsWith('test/') ? null : fault
  if (!rules.some(([part]) => target.startsWith(part))) return fault
  if (/(^|\/)main\.ts$/.test(path) || !path.includes('/')) return null
  const [part, allowed] = rules.find(([part]) => path.startsWith(part)) ?? ['', []]
  return allowed === null || [part, ...allowed].some((each) => target.startsWith(each)) ? null : fault
}

/** Files of ours that a source names in an import of any kind, as paths from the root. */
function importsOf(path: string, source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g, '')
  const patterns = [
    /(?:^|[\n;])\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"](\.[^'"]+)['"]/g,
    /(?:^|[\n;])\s*import\s*['"](\.[^'"]+)['"]/g,
    /\bimport\(\s*['"](\.[^'"]+)['"]/g,
    /\bnew URL\(\s*['"](\.[^'"]+\.[jt]s)['"]\s*,\s*import\.meta\.url/g,
  ]
  const targets = patterns.flatMap((pattern) => Array.from(code.matchAll(pattern), ([, target]) => target ?? ''))
  return targets.map((target) => posix.join(posix.dirname(path), target))
}

const banned = /(?<![.\w$])(context|data|info|item|manager|service|handler|helper|util)(?![\w$]|-\w)/g
// A type of such a name is only refused where it is declared: libraries have some, too.
const bannedType =
  /\b(?:class|interface|type(?=\s+\w+\s*[=<]))\s+(Context|Data|Info|Item|Manager|Service|Handler|Helper|Util)\b/g

// Where somebody else's format has the word: server-sent events, compose files.
const dictated: Readonly<Record<string, string>> = {
  'cli/ask.ts': 'data',
  'cli/mcp.ts': 'data',
  'test/packaging.test.ts': 'service',
  'test/support/wire.ts': 'data',
}

function nameFaults(path: string, source: string): string[] {
  const code = codeOf(source)
  const names = Array.from(code.matchAll(banned))
    .filter(({ index, 0: word }) => !isKey(code, index, index + word.length))
    .map(([word]) => word)
    .filter((word) => dictated[path] !== word)
  const types = Array.from(code.matchAll(bannedType), ([, word]) => word ?? '')
  return [...new Set([...names, ...types])].map((word) => `uses the name ${word}, which says nothing`)
}

/** A key of an object belongs to its format; a parameter with a type looks alike, but stands in parentheses. */
function isKey(code: string, start: number, end: number): boolean {
  if (!/^\s*\??:/.test(code.slice(end, end + 20))) return false
  let depth = 0
  for (let at = start - 1; at >= 0; at--) {
    if (')]}'.includes(code.charAt(at))) depth++
    if ('([{'.includes(code.charAt(at)) && depth-- === 0) return code.charAt(at) === '{'
  }
  return false
}

/** Without comments, strings and patterns. What stands in a template is text here, too: nothing is declared there. */
function codeOf(source: string): string {
  const text =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|(?<=[(,=:[\s]\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g
  return source.replace(text, "''")
}

const machinePath = /(?<![\w.])(?:\/(?:work|root|home|Users)\/\w|[A-Z]:\\Users)/

function pathFault(path: string): string | null {
  const parts = path.split('/')
  const folder = parts.slice(0, -1).find((part) => /^(utils?|libs?|helpers?|services?|common|shared|misc)$/.test(part))
  if (folder) return `lies in a folder called ${folder}`
  return /^index\.[cm]?[jt]s$/.test(parts.at(-1) ?? '') ? 'is a barrel' : null
}

/** Every file that is ours, with `/`, from the root, sorted. */
function filesBelow(folder: string): string[] {
  const foreign = /^(node_modules|\.git|data|coverage|dist|\.env|eval\/runs)$/
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = relative(root, join(root, folder, entry.name)).replaceAll('\\', '/')
      if (foreign.test(path)) return []
      return entry.isDirectory() ? filesBelow(path) : [path]
    })
    .sort()
}
