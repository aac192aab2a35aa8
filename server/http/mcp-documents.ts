// Documents as resources of the Model Context Protocol, and the portions in which long texts are read.
import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError, type Server } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { InputError, NotFoundError } from '../../core/errors.ts'
import { parseShape } from './body.ts'
import { type DocumentsDeps, findDocument } from './documents.ts'
import { problemOf } from './failure.ts'
import { listQuery, revisionQuery } from './schemas.ts'

type Offered = DocumentsDeps & { readonly report: (message: string, error: unknown) => void }

const PAGE = 50
// About 10,000 tokens: assistants refuse or cut a result of more than 25,000, and what is read costs them room.
const PORTION = 40_000
const listParams = z.object({ cursor: listQuery.shape.after })
const ROOT = 'footnote://documents/'

/** What is read of a text at once; when something is left, a last sentence says how to read on. */
export function portion(text: string, offset: number): { readonly text: string; readonly nextOffset: number | null } {
  if (offset > text.length)
    throw new InputError('bad-field', `offset: the document has only ${text.length} characters.`, 'offset')
  const cut = text.slice(offset, offset + PORTION)
  if (offset + cut.length === text.length) return { text: cut, nextOffset: null }
  // No character is cut in half.
  const whole = /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut
  const nextOffset = offset + whole.length
  const rest = `[Cut after character ${nextOffset} of ${text.length}. Read on: the tool fetch with offset ${nextOffset}.]`
  return { text: `${whole}\n\n${rest}`, nextOffset }
}

/** By hand, and not with the library's templates: these know no pages. */
export function offerDocuments(server: Server, deps: Offered): void {
  server.setRequestHandler(
    'resources/list',
    async ({ params }) => await attempt(deps, async () => await listDocuments(params?.cursor, deps)),
  )
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [
      {
        name: 'document',
        title: 'A document of the library',
        uriTemplate: `${ROOT}{id}{?revision}`,
        mimeType: 'text/plain',
      },
    ],
  }))
  server.setRequestHandler(
    'resources/read',
    async ({ params: { uri } }) => await attempt(deps, async () => await readResource(uri, deps)),
  )
}

async function listDocuments(cursor: string | undefined, { documents, library }: DocumentsDeps) {
  const { cursor: after } = parseShape(listParams, { cursor: cursor || undefined }, 'cursor')
  // One more than asked for tells whether there is a next page.
  const found = await documents.list(library, PAGE + 1, after)
  const page = found.slice(0, PAGE)
  const last = found.length > PAGE ? page.at(-1) : undefined
  return {
    resources: page.map(({ id, title, source }) => ({
      uri: ROOT + id,
      name: title,
      description: source,
      mimeType: 'text/plain',
    })),
    ...(last ? { nextCursor: last.id } : {}),
  }
}

async function readResource(uri: string, deps: DocumentsDeps) {
  const url = URL.parse(uri)
  const { revision } = parseShape(revisionQuery, Object.fromEntries(url?.searchParams ?? []), 'uri')
  const id = uri.startsWith(ROOT) ? (url?.pathname.slice(1) ?? '') : ''
  const document = await findDocument(id, revision, deps).catch((error: unknown) => {
    throw error instanceof NotFoundError ? new ResourceNotFoundError(uri) : error
  })
  return { contents: [{ uri, mimeType: 'text/plain', text: portion(document.text, 0).text }] }
}

/** The protocol would tell the client whatever an error says: only what may be public is. */
async function attempt<Result>({ report }: Offered, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    const { status, title } = problemOf(error)
    if (status >= 500) report('a resource could not be read', error)
    throw new ProtocolError(status < 500 ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError, title)
  }
}
