// Prompts are text files with named slots. Loading one checks that its slots are those it declares.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { AppError } from '../core/errors.ts'
import type { Message } from '../core/ports.ts'

export type Prompt = {
  /** of the file's bytes, recorded with every answer made from it */
  readonly hash: string
  /** Every slot must be filled. Values are put in as they are and never searched for slots themselves. */
  readonly fill: (values: Readonly<Record<string, string>>) => Message[]
}

const slotPattern = /\{\{(\w+)\}\}/g

/** Reads `prompts/<name>.md`. Throws AppError `bad-prompt` that names the fault. */
export async function loadPrompt(name: string): Promise<Prompt> {
  const text = await readFile(new URL(`./${name}.md`, import.meta.url), 'utf8')
  const [, front = '', body = ''] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text) ?? []
  const declared =
    /slots:\s*\[([^\]]*)\]/
      .exec(front)?.[1]
      ?.split(',')
      .map((slot) => slot.trim())
      .filter((slot) => slot !== '') ?? []
  const used = [...new Set([...body.matchAll(slotPattern)].map((match) => match[1] ?? ''))]
  const odd = [...declared, ...used].filter((slot) => !declared.includes(slot) || !used.includes(slot))
  if (odd.length > 0)
    throw new AppError('bad-prompt', `prompts/${name}.md: slots declared and used differ: ${odd.join(', ')}`)
  const parts = [...body.matchAll(/^# (system|user)\n([\s\S]*?)(?=^# (?:system|user)\n|$(?![\s\S]))/gm)]
  if (parts.length === 0) throw new AppError('bad-prompt', `prompts/${name}.md has no "# system" or "# user" part`)
  return {
    hash: createHash('sha256').update(text).digest('hex'),
    fill: (values) => {
      const missing = declared.filter((slot) => values[slot] === undefined)
      if (missing.length > 0) throw new AppError('bad-prompt', `prompts/${name}.md: no value for ${missing.join(', ')}`)
      return parts.map(([, role, content = '']) => ({
        role: role === 'system' ? 'system' : 'user',
        content: content.trim().replaceAll(slotPattern, (_, slot: string) => values[slot] ?? ''),
      }))
    },
  }
}
