// The stored text of a revision, from memory when it was read before: a revision never changes, so this cache
// cannot be stale.
import { StoreError } from '../../core/errors.ts'
import type { DocumentStore, DocumentText } from '../../core/ports.ts'
import type { DocumentRef } from '../../core/types.ts'

export type TextReader = (library: string, document: DocumentRef) => Promise<DocumentText>

// In UTF-16 code units: about 64 MB of memory.
const CAPACITY = 32_000_000

export function cachedTexts(documents: DocumentStore, capacity = CAPACITY): TextReader {
  const kept = new Map<string, DocumentText>()
  let size = 0
  const keep = (key: string, text: DocumentText) => {
    if (kept.has(key)) return
    kept.set(key, text)
    size += text.text.length
    // A Map remembers insertion order: the first key is the one unused for longest.
    for (const [oldest, { text: dropped }] of kept) {
      if (size <= capacity) break
      kept.delete(oldest)
      size -= dropped.length
    }
  }
  return async (library, document) => {
    const key = `${library}/${document.id}/${document.revision}`
    const known = kept.get(key)
    if (known) {
      kept.delete(key)
      kept.set(key, known)
      return known
    }
    const found = await documents.find(library, document.id, document.revision)
    if (!found) throw new StoreError('store-failed', `Revision ${document.revision} of ${document.id} is not stored.`)
    keep(key, found)
    return found
  }
}
