// The program of the README, compiled and run against the types of a running server: what a stranger does.
import { execFile } from 'node:child_process'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openTestApp, openTestLibrary } from './support/app.ts'
import { folderOfFile } from './support/folder.ts'
import { type Serving, serving } from './support/serving.ts'

const run = promisify(execFile)
const root = new URL('../', import.meta.url)
const bin = (path: string) => fileURLToPath(new URL(path, root))
const readme = await readFile(new URL('README.md', root), 'utf8')
const [, program = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? []

let server: Serving
let folder: string

beforeAll(async () => {
  server = await serving(openTestApp(await openTestLibrary()))
  folder = await folderOfFile()
  const [, words = ''] = /^npx openapi-typescript (.*)$/m.exec(readme) ?? []
  const args = words.replace('http://localhost:3000', server.url).split(' ')
  await run(bin('node_modules/typed-client/node_modules/.bin/openapi-typescript'), args, { cwd: folder })
  await symlink(bin('node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
}, 60_000)
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

const options = '--noEmit --strict --module nodenext --target es2024 --types node --allowImportingTsExtensions'

/** What the project's own compiler has to say of a program that uses the types. */
async function compile(source: string): Promise<string> {
  await writeFile(join(folder, 'ask.ts'), source.replaceAll('http://localhost:3000', server.url))
  return await run(bin('node_modules/.bin/tsc'), [...options.split(' '), 'ask.ts'], { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string }) => error.stdout,
  )
}

it('compiles with the types that openapi-typescript makes, and prints the quotes of an answer', async () => {
  expect(await compile(program)).toBe('')
  const { stdout } = await run(process.execPath, ['ask.ts'], { cwd: folder })
  expect(stdout).toMatch(/^1 Stripe runs four limiters in production\.$/m)
}, 60_000)

it.each([
  ['a field that no question has', program.replace('question:', 'questoin:'), /questoin/],
  ['a field that no citation has', program.replace('quote', 'quotation'), /quotation/],
  ['a route that there is not', program.replaceAll("'/v1/ask'", "'/v1/asks'"), /\/v1\/asks/],
])(
  'does not compile with %s',
  async (_, wrong, fault) => {
    expect(wrong).not.toBe(program)
    expect(await compile(wrong)).toMatch(fault)
  },
  60_000,
)
