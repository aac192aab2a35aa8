// Documents that are sent instead of found: as files of a form, or as JSON. Learned before the reply, in a sync of their
// own that waits for no other.
import { createHash } from 'node:crypto'
import { type Context, Hono } from 'hono'
import type { z } from 'zod'
import { audienceNames } from '../../core/audience.ts'
import { InputError, SourceError } from '../../core/errors.ts'
import type { DocumentStore } from '../../core/ports.ts'
import type { RepeatStore } from '../../core/repeats.ts'
import type { Syncing, Upload, UploadSaid } from '../../core/syncs.ts'
import type { IngestEvent } from '../../core/types.ts'
import type { Note } from './audit.ts'
import { parseBytes, parseShape, readBytes } from './body.ts'
import { makeOnce, onceOf } from './once.ts'
import { pathId, uploadBody, uploadSaid } from './schemas.ts'

// A source may have 20 MB; escaped as JSON, or with a few more beside it, it is larger.
const LIMIT_BYTES = 30 * 1024 * 1024

export type UploadsRouteDeps = {
  readonly documents: DocumentStore
  readonly syncing: Syncing
  readonly repeats: RepeatStore
  readonly library: string
  /** false: this server takes no documents */
  readonly uploads: boolean
  readonly note: Note
}

export function uploadsRoutes(deps: UploadsRouteDeps): Hono {
  return new Hono()
    .post('/v1/documents', async (c) => {
      refuseClosed(deps.uploads)
      const { asked, uploads } = await readUploads(c, deps.syncing)
      const make = async () => {
        const sent = await uploads()
        await deps.note(c, 'documents-sent', namesOf(sent))
        return await learn(sent, deps)
      }
      return c.json(await makeOnce(onceOf(c, deps.library, asked), deps.repeats, make, c.req.raw.signal), 201)
    })
    .delete('/v1/documents/:id', async (c) => {
      refuseClosed(deps.uploads)
      const id = pathId(c.req.param('id'), 'document')
      await deps.note(c, 'document-removed', id)
      // Not the reader's to stop half-way: it takes milliseconds.
      const sync = await deps.syncing.remove(id, new AbortController().signal)
      return c.json({ id, removed: true, sync })
    })
}

/** For the audit log. */
function namesOf(sent: readonly Upload[]): string {
  return sent
    .map(({ name }) => name)
    .join(', ')
    .slice(0, 200)
}

function refuseClosed(uploads: boolean): void {
  if (!uploads)
    throw new InputError(
      'uploads-off',
      'UPLOADS: this server takes no documents over HTTP. Start it with UPLOADS=on, or put the file into its library folder.',
    )
}

async function learn(sent: readonly Upload[], { documents, syncing, library }: UploadsRouteDeps): Promise<object> {
  const events = await Array.fromAsync(syncing.upload(sent, new AbortController().signal))
  const failures = events.flatMap((event) =>
    event.type === 'failed' ? [{ source: event.source, code: event.code, message: event.message }] : [],
  )
  const [first] = failures
  if (first && failures.length === sent.length) throw new InputError(first.code, `${first.message}.`, 'name')
  const learned = events.filter(isLearned)
  const known = await documents.known(
    library,
    learned.map(({ source }) => source),
  )
  return {
    sync: events.flatMap((event) => (event.type === 'began' ? [event.sync] : []))[0] ?? '',
    documents: learned.map(({ type, source }) => ({ id: known.get(source)?.id ?? '', source, outcome: type })),
    failures,
  }
}

type Learned = Extract<IngestEvent, { type: 'learned' | 'changed' | 'unchanged' }>

function isLearned(event: IngestEvent): event is Learned {
  return event.type === 'learned' || event.type === 'changed' || event.type === 'unchanged'
}

/** What was asked, by which it is known again, and the documents, of which one may have to be fetched. */
type Sent = { readonly asked: unknown; readonly uploads: () => Promise<readonly Upload[]> }

async function readUploads(c: Context, syncing: Syncing): Promise<Sent> {
  const type = c.req.header('content-type') ?? ''
  const isForm = /^multipart\/form-data\b/i.test(type)
  if (!isForm && !/^application\/(?:[\w.-]+\+)?json\b/i.test(type))
    throw new InputError(
      'not-json',
      `The body's type is ${JSON.stringify(type.slice(0, 80))}; send application/json, or files as multipart/form-data.`,
    )
  const bytes = await readBytes(c.req.raw, LIMIT_BYTES, ': send the files one by one, or split the document')
  if (!isForm) {
    const asked = parseShape(uploadBody, parseBytes(bytes), 'body')
    return { asked, uploads: async () => [await uploadOfJson(asked, syncing, c.req.raw.signal)] }
  }
  const uploads = await uploadsOfForm(bytes, type)
  // The border between the files of a form is another each time.
  const asked = uploads.map(({ name, bytes, said }) => [name, createHash('sha256').update(bytes).digest('hex'), said])
  return { asked, uploads: async () => uploads }
}

async function uploadsOfForm(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<Upload[]> {
  const form = await new Response(bytes, { headers: { 'content-type': type } }).formData().catch(() => {
    throw new InputError('bad-form', 'The body is not valid multipart/form-data.', 'body')
  })
  const files: File[] = []
  const fields: Record<string, string> = {}
  const lists: Record<string, string[]> = {}
  for (const [name, value] of form) {
    if (value instanceof File) files.push(value)
    else if (name === 'audience' || name === 'authors') (lists[name] ??= []).push(value)
    else fields[name] = value
  }
  const said = saidOf(parseShape(uploadSaid, { ...fields, ...lists }, 'form'))
  if (files.length === 0) throw new InputError('bad-form', 'The form holds no file: add one to a field of it.', 'body')
  if (files.length > 1 && (said.title ?? said.url) !== undefined)
    throw new InputError('bad-field', 'title: a title or url is for one file; this form has several.', 'title')
  return await Promise.all(files.map(async (file) => ({ name: nameOf(file.name), bytes: await file.bytes(), said })))
}

async function uploadOfJson(
  { name, text, markdown, html, ...said }: z.output<typeof uploadBody>,
  syncing: Syncing,
  signal: AbortSignal,
): Promise<Upload> {
  const sent = writtenOf({ text, markdown, html })
  // Nothing but an address: the page that is there now.
  if (sent === null) return await uploadOfPage(said.url ?? '', name, saidOf(said), syncing, signal)
  const given = nameOf(name ?? slugOf(said.url ?? ''))
  const isKnown = sent.endings.some((ending) => given.toLowerCase().endsWith(ending))
  const whole = isKnown ? given : `${given}${sent.endings[0]}`
  return { name: whole, bytes: Buffer.from(sent.written), said: saidOf(said) }
}

/** Throws InputError with the reason why it is not read: a private address, no such page, a type that cannot be read. */
async function uploadOfPage(
  url: string,
  name: string | undefined,
  said: UploadSaid,
  syncing: Syncing,
  signal: AbortSignal,
): Promise<Upload> {
  try {
    const page = await syncing.fetchPage(url, signal)
    const ending = /\.[^.]+$/.exec(page.name)?.[0] ?? ''
    const given = nameOf(name ?? page.name)
    return {
      name: given.toLowerCase().endsWith(ending.toLowerCase()) ? given : `${given}${ending}`,
      bytes: page.bytes,
      // Where it lives is the page's word, in place of the address it was found at.
      said: { ...said, ...page.said },
    }
  } catch (error) {
    if (error instanceof SourceError) throw new InputError(error.code, `url: ${error.message}.`, 'url')
    throw error
  }
}

type Texts = Readonly<Record<'text' | 'markdown' | 'html', string | undefined>>

/** One of the three, or null. The first of its endings is added to a name that has none of them. */
function writtenOf({ text, markdown, html }: Texts): { written: string; endings: readonly string[] } | null {
  if (text !== undefined) return { written: text, endings: ['.txt', '.text'] }
  if (markdown !== undefined) return { written: markdown, endings: ['.md', '.markdown', '.mdx'] }
  return html === undefined ? null : { written: html, endings: ['.html', '.htm'] }
}

function saidOf({
  title,
  url,
  authors,
  audience,
}: {
  title?: string | undefined
  url?: string | undefined
  authors?: string[] | undefined
  audience?: string[] | undefined
}): UploadSaid {
  return {
    ...(title !== undefined && { title: title.trim() }),
    ...(url !== undefined && { url }),
    ...(authors !== undefined && { authors }),
    ...(audience !== undefined && { audience: audienceNames(audience) }),
  }
}

/** Without the folders that some browsers send along. */
function nameOf(given: string): string {
  const name = (given.split(/[/\\]/).at(-1) ?? '').normalize('NFC').trim()
  // eslint-disable-next-line no-control-regex -- a name is one line
  if (name === '' || /^\.|[\u0000-\u001f\u007f]/.test(name) || name.length > 200 || !name.isWellFormed())
    throw new InputError(
      'bad-field',
      `name: ${JSON.stringify(given.slice(0, 80))} is no name of a document: send one like notes.md.`,
      'name',
    )
  return name
}

/** "example.com-guides-sharding" */
function slugOf(url: string): string {
  const { host, pathname } = new URL(url)
  return `${host}${pathname}`
    .replaceAll(/[^\p{L}\p{N}.]+/gu, '-')
    .replace(/-+$/, '')
    .slice(0, 180)
}
