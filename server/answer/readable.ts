// What readers may not read must not be told by a correction, a rarity or a "nothing is known of that" either: for them
// the library has the words of what they may read, and no others.
import type { LibraryWords, SearchStore } from '../../core/ports.ts'
import { correctedIn, phrasesOf } from './query.ts'
import { prepareSpelling, spellingsOf } from './spelling.ts'
import type { Synonyms } from './synonyms.ts'

type Limited = {
  readonly library: string
  readonly audiences: readonly string[]
  readonly synonyms: Synonyms
  /** the words of the whole library: what there is to be counted */
  readonly all: LibraryWords
}

/**
 * The words that a query can be about, as the readable part of the library counts them. Of its other words nothing is
 * asked: counting them all would cost each group of readers what the whole library costs once.
 */
export async function readableWords(
  query: string,
  { library, audiences, synonyms, all }: Limited,
  search: Pick<SearchStore, 'readable'>,
): Promise<LibraryWords> {
  const count = async (written: readonly (readonly string[])[]) => {
    const others = written.flatMap((each) => synonyms.of(each.join(' ')).flatMap((phrase) => phrase.split(' ')))
    const terms = new Set([...written.flat(), ...others])
    return await search.readable(
      library,
      audiences,
      [...terms].filter((term) => all.vocabulary.has(term)),
    )
  }
  const phrases = phrasesOf(query, synonyms)
  const asked = await count(phrases.map(({ words }) => words))
  const unknown = correctedIn(phrases, asked)
  if (unknown.length === 0) return asked
  await prepareSpelling(all.vocabulary)
  const corrected = await count(unknown.flatMap(({ words: [word = ''] }) => [...spellingsOf(word, all.vocabulary)]))
  return { chunks: asked.chunks, vocabulary: new Map([...asked.vocabulary, ...corrected.vocabulary]) }
}
