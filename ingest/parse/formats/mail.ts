// Mails → blocks: who wrote it and when, then its text. A mailbox is one document with a section for each mail.
import type { Email } from 'postal-mime'
import PostalMime from 'postal-mime'
import { type Block, cleanLine, type Draft } from '../blocks.ts'
import { parseHtml } from '../html.ts'
import { toIsoDate } from '../metadata.ts'
import { parseText } from '../text.ts'

export async function parseMail(bytes: Uint8Array): Promise<Draft> {
  const mail = await read(bytes)
  const title = cleanLine(mail.subject ?? '')
  return {
    blocks: mailBlocks(mail, 1),
    title: title === '' ? null : title,
    url: null,
    publishedAt: toIsoDate(mail.date),
    authors: [mail.from?.name || mail.from?.address || ''],
  }
}

export async function parseMailbox(bytes: Uint8Array): Promise<Draft> {
  const blocks: Block[] = []
  for (const each of mailsOf(bytes)) {
    const mail = await read(each)
    const text = mail.text?.replaceAll(/^>(>*From )/gm, '$1')
    for (const block of mailBlocks(text === undefined ? mail : { ...mail, text }, 2)) blocks.push(block)
  }
  return { blocks, title: null, url: null, publishedAt: null, authors: [] }
}

/** Attachments are left out: they are files of their own. */
async function read(bytes: Uint8Array): Promise<Email> {
  return await PostalMime.parse(bytes, { forceRfc822Attachments: true, maxNestingDepth: 50 })
}

/** A "From " at the beginning of a line opens the next mail; inside of a mail it is written ">From " (RFC 4155). */
function mailsOf(bytes: Uint8Array): Uint8Array[] {
  const mailbox = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const starts: number[] = mailbox.subarray(0, 5).toString('latin1') === 'From ' ? [0] : []
  for (let at = mailbox.indexOf('\nFrom '); at >= 0; at = mailbox.indexOf('\nFrom ', at + 1)) starts.push(at + 1)
  return starts.map((start, i) => {
    const mail = mailbox.subarray(start, starts[i + 1] ?? mailbox.length)
    return mail.subarray(mail.indexOf('\n') + 1)
  })
}

function mailBlocks(mail: Email, level: number): Block[] {
  const { name = '', address = '' } = mail.from ?? {}
  const from = name === '' ? address : address === '' ? name : `${name} <${address}>`
  const written = [from === '' ? '' : `From: ${from}`, mail.date ? `Date: ${mail.date}` : '']
  const facts = written.filter((fact) => fact !== '').join('; ')
  const text = mail.text ?? ''
  const body = text.trim() === '' ? parseHtml(mail.html ?? '').blocks : parseText(text).blocks
  const below = body.map((block) =>
    block.type === 'heading' ? { ...block, level: Math.min(6, Math.max(level + 1, block.level + level)) } : block,
  )
  return [
    { type: 'heading', level, text: mail.subject ?? 'No subject' },
    ...(facts === '' ? [] : [{ type: 'paragraph', text: facts } as const]),
    ...below,
  ]
}
