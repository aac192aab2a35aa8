// Everything the README shows is run: a page that promises more than the program does is worse than none.
import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { settings } from '../core/settings.ts'
import { preparedDataDirOfFile } from './support/database.ts'
import { start } from './support/process.ts'

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
const { scripts } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
  scripts: Record<string, string>
}

/** Each `$ npm run <command> -- "<words>"` with what stands below it. A last line "…" stands for the rest. */
const examples = [...readme.matchAll(/```console\n\$ npm run (\w+) -- "([^"]+)"\n([\s\S]*?)```/g)].map(
  ([, command = '', words = '', output = '']) => ({ command, words, output }),
)

let env: Record<string, string>

beforeAll(async () => {
  env = { DATA_DIR: await preparedDataDirOfFile() }
  expect(await start('cli/main.ts', ['ingest', 'library'], env).ended).toBe(0)
}, 120_000)

describe('the README', () => {
  it('shows an answer and a refusal', () => {
    expect(examples.map(({ command }) => command)).toEqual(['ask', 'ask'])
  })

  it.each(examples)('shows what npm run $command -- "$words" prints', async ({ command, words, output }) => {
    const run = start('cli/main.ts', [command, words], env)
    await run.ended
    const shown = output.replace(/…\n$/, '')
    expect(run.stdout().slice(0, shown.length).trimEnd()).toBe(shown.trimEnd())
  })

  it('names every setting and no other', () => {
    const named = [...readme.matchAll(/^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|/gm)].flatMap(([, cell = '']) =>
      cell.match(/[A-Z_]+/g),
    )
    expect(new Set(named)).toEqual(new Set(Object.keys(settings)))
  })

  it('names only commands that exist', () => {
    const commands = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name)
    expect(commands.filter((name) => !(name in scripts))).toEqual([])
  })

  it('can be read in one sitting', () => {
    expect(readme.split('\n').length).toBeLessThanOrEqual(200)
  })
})
