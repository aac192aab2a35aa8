// The index: figures that must agree, counted from the rows, and vectors of an embedder that can be had.
import type { Embedder } from '../../core/ports.ts'
import type { IndexReport, Lacking, LibraryReport, StoreStatus } from '../../core/reports.ts'
import { termWeights } from '../../core/terms.ts'
import type { Reader } from '../reader.ts'
import { count } from '../status.ts'
import { faultOf, fine, type Finding, look, wrong } from './finding.ts'

/**
 * `embedder`: the configured one, null when it cannot be asked; which space it would be is not known then. `searched`:
 * that of the space in which the library is searched, null when nobody has it.
 */
export async function checkIndex(
  reader: Reader,
  { library }: StoreStatus,
  embedder: Embedder | null,
  signal: AbortSignal,
  searched: Embedder | null = embedder,
): Promise<Finding[]> {
  if (library === null) return []
  if (library.chunks === 0 && library.documents === 0)
    return [look('the library is empty', 'Fill it: npm run ingest -- <folder or file>')]
  const index = await reader.index(signal).catch((error: unknown) => wrong(faultOf(error), 'Look at the store first.'))
  if ('level' in index) return [index]
  const faults = [
    ...checkSpace(library, embedder, searched),
    ...(await checkVectors(index, searched, signal)),
    ...checkWords(index),
    ...checkRows(index),
  ]
  if (faults.some(({ level }) => level === 'wrong')) return faults
  return [
    fine(`${count(library.documents, 'document')}, ${count(index.chunks, 'chunk')}, vectors and words agree`),
    ...faults,
  ]
}

/** A server searches in the space that there is, and does not start where nobody has its embedder. */
function checkSpace({ space }: LibraryReport, embedder: Embedder | null, searched: Embedder | null): Finding[] {
  if (embedder === null || space === null || space === embedder.space) return []
  const finding = searched?.space === space ? look : wrong
  return [
    finding(
      `the vectors are of ${space}, the configured embedder is ${embedder.space}`,
      'Set EMBEDDING_MODEL (and OPENAI_BASE_URL) back, or change the vectors: npm run reembed -- --model <model or built-in>',
    ),
  ]
}

async function checkVectors(index: IndexReport, embedder: Embedder | null, signal: AbortSignal): Promise<Finding[]> {
  const { withoutVector, withoutSigns } = index
  if (withoutVector.count > 0) {
    const isBuiltIn = embedder?.space.startsWith('built-in/') ?? false
    // The built-in embedder has no vector for a text in letters that it does not know. Providers have one for any.
    const damaged = isBuiltIn && embedder ? await embeddable(withoutVector, embedder, signal) : withoutVector.some
    if (damaged.length > 0)
      return [damage(`${count(withoutVector.count, 'chunk')} of ${index.chunks} without a vector`, damaged)]
  }
  if (withoutSigns.count > withoutVector.count)
    return [
      damage(`${count(withoutSigns.count, 'chunk')} of ${index.chunks} without signs of a vector`, withoutSigns.some),
    ]
  if (withoutVector.count === 0) return []
  return [
    look(
      `${count(withoutVector.count, 'chunk')} in letters that the built-in embedder does not know: found by words alone`,
      'If that is not enough: npm run reembed -- --model <a model of your provider>',
    ),
  ]
}

async function embeddable({ some }: Lacking, embedder: Embedder, signal: AbortSignal): Promise<Lacking['some']> {
  const texts = some.map(({ headings, text }) => `${headings.join('\n')}\n${text}`)
  const vectors = await embedder.embed(texts, 'document', signal)
  return some.filter((_, index) => vectors[index]?.some((value) => value !== 0))
}

function checkWords({ withoutWords, strayWords, miscountedWords, chunks }: IndexReport): Finding[] {
  // A chunk of punctuation has no word to be found by.
  const damaged = withoutWords.some.filter(({ headings, text }) => termWeights(headings, text).size > 0)
  if (damaged.length > 0)
    return [damage(`${count(withoutWords.count, 'chunk')} of ${chunks} not in the word index`, damaged)]
  if (strayWords > 0 || miscountedWords > 0)
    return [
      wrong(
        `the word index holds ${count(strayWords, 'chunk')} that there are not, and ${count(miscountedWords, 'word')} with a wrong count`,
        'Restore a backup, or ingest into an empty database.',
      ),
    ]
  return []
}

function checkRows({ chunks, recordedChunks, emptyDocuments, oldChunks }: IndexReport): Finding[] {
  const findings: Finding[] = []
  if (chunks !== recordedChunks)
    findings.push(
      wrong(
        `the library says that it has ${count(recordedChunks, 'chunk')}, and has ${chunks}`,
        'Restore a backup, or ingest into an empty database.',
      ),
    )
  if (oldChunks > 0)
    findings.push(
      wrong(
        `${count(oldChunks, 'chunk')} of revisions that are not current`,
        'Restore a backup, or ingest into an empty database.',
      ),
    )
  if (emptyDocuments.count > 0)
    findings.push(
      look(
        `${count(emptyDocuments.count, 'document')} without a chunk, never found: ${list(emptyDocuments.some)}`,
        'See whether there is a text in them besides headings and contents.',
      ),
    )
  return findings
}

/** An ingest compares revisions and not rows: only a document that has changed is put into the index anew. */
function damage(what: string, chunks: Lacking['some']): Finding {
  const sources = list([...new Set(chunks.map(({ source }) => source))])
  return wrong(
    `${what}: ${sources}`,
    'Restore a backup; or change a word in each of these files and ingest them again, which indexes them anew.',
  )
}

function list(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(', ')} …` : names.join(', ')
}
