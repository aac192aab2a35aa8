// Prompt files: slots are those that are declared, and each is filled once.
import { readFile, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadPrompt } from '../../prompts/load.ts'
import { folderOfFile } from '../support/folder.ts'

const prompts = fileURLToPath(new URL('../../prompts/', import.meta.url))
let folder = ''

beforeAll(async () => {
  folder = await folderOfFile()
})

/** Loads a prompt of this text, which lies in the folder of this test. */
async function load(text: string) {
  const path = join(folder, 'prompt')
  await writeFile(`${path}.md`, text)
  return await loadPrompt(relative(prompts, path))
}

function prompt(slots: string, body: string): string {
  return `---\nslots: [${slots}]\n---\n${body}`
}

describe('a prompt', () => {
  it('becomes one message per part, without the space around it', async () => {
    const { fill } = await load(prompt('a', '# system\n\nBe exact.\n\n# user\n\nTell {{a}}.\n'))
    expect(fill({ a: 'why' })).toEqual([
      { role: 'system', content: 'Be exact.' },
      { role: 'user', content: 'Tell why.' },
    ])
  })

  it('has its slots filled once: a value is never searched for slots', async () => {
    const { fill } = await load(prompt('a, b', '# user\n{{a}} {{b}} {{a}}'))
    expect(fill({ a: '{{b}}', b: '$1 $& {{a}}' })[0]?.content).toBe('{{b}} $1 $& {{a}} {{b}}')
  })

  it('may have no slot', async () => {
    const { fill } = await load(prompt('', '# user\nHello.'))
    expect(fill({})).toEqual([{ role: 'user', content: 'Hello.' }])
  })

  it('keeps a heading that names no part', async () => {
    const { fill } = await load(prompt('', '# user\nA\n# users\nB\n## system\nC'))
    expect(fill({})).toEqual([{ role: 'user', content: 'A\n# users\nB\n## system\nC' }])
  })

  it('is known by the hash of its bytes', async () => {
    const text = await readFile(join(prompts, 'answer.md'))
    expect((await loadPrompt('answer')).hash).toBe(createHash('sha256').update(text).digest('hex'))
  })

  it.each([
    ['uses a slot that it does not declare', prompt('a', '# user\n{{a}} {{b}}'), /slots declared and used differ: b$/],
    ['declares a slot that it does not use', prompt('a, c', '# user\n{{a}}'), /slots declared and used differ: c$/],
    ['declares nothing at all', '# user\nHello.', /no "# system" or "# user" part/],
    ['has no part', prompt('', 'Hello.'), /no "# system" or "# user" part/],
  ])('that %s is refused', async (_fault, text, message) => {
    await expect(load(text)).rejects.toMatchObject({ code: 'bad-prompt', message: expect.stringMatching(message) })
  })

  it('is not filled when a value is missing', async () => {
    const { fill } = await load(prompt('a, b', '# user\n{{a}} {{b}}'))
    expect(() => fill({ a: '' })).toThrow(/no value for b$/)
  })
})

describe('the prompts of this project', () => {
  it('load, and fill with their declared slots', async () => {
    const { fill } = await loadPrompt('answer')
    const messages = fill({ question: 'Q?', passages: 'P', history: '' })
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user'])
    expect(messages[0]?.content).toContain('INSUFFICIENT')
  })
})
