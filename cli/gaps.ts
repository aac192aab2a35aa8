// npm run gaps: what the library could not answer, by subject.
import { styleText } from 'node:util'
import type { Gap } from '../server/answer/gaps.ts'
import type { Wire } from '../server/http/wire.ts'
import { type CommandOptions, get } from './connect.ts'

type Gaps = { readonly since: string; readonly questions: number; readonly gaps: readonly Wire<Gap>[] }

export async function gaps(since: string, { connection, json, signal }: CommandOptions): Promise<number> {
  const found = await get<Gaps>(connection, `/v1/gaps?since=${encodeURIComponent(since)}`, signal)
  process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : gapsText(found))
  return 0
}

export function gapsText({ since, questions, gaps }: Gaps): string {
  if (gaps.length === 0) return `Nothing was refused or judged badly in ${since}.\n`
  const head = `${questions} of the questions of the last ${since} were refused or judged badly, by subject:\n`
  return [head, ...gaps.map(gapText)].join('\n')
}

function gapText({ count, questions, last_asked_at: last, refused, disliked, nearest }: Wire<Gap>): string {
  const how = [refused > 0 && `${refused} refused`, disliked > 0 && `${disliked} judged badly`].filter(Boolean)
  const title = styleText('bold', `${count} × ${questions[0] ?? ''}`, { stream: process.stdout })
  return [
    title,
    ...questions.slice(1).map((question) => `    also: ${question}`),
    `    ${how.join(', ')}; last asked ${last.slice(0, 10)}`,
    `    nearest: ${nearest ? `${nearest.title} (${nearest.source})` : 'nothing'}`,
    '',
  ].join('\n')
}
