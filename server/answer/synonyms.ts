// The synonym list: read once, looked up by stemmed words.
import { readFile } from 'node:fs/promises'
import { words } from '../../core/terms.ts'

/** A phrase as its stemmed words, joined by one space. */
type Phrase = string

export type Synonyms = {
  /** What else to look for when a question holds this phrase; empty when nothing is listed. */
  readonly of: (phrase: Phrase) => readonly Phrase[]
  /** words in the longest phrase that is listed */
  readonly longest: number
}

let loaded: Promise<Synonyms> | null = null

export function loadSynonyms(): Promise<Synonyms> {
  loaded ??= readFile(new URL('./synonyms.txt', import.meta.url), 'utf8').then(parseSynonyms)
  return loaded
}

/** Pure: the format is described at the head of synonyms.txt. */
export function parseSynonyms(text: string): Synonyms {
  const table = new Map<Phrase, Set<Phrase>>()
  const add = (from: Phrase, to: Phrase) => {
    if (from === to || from === '' || to === '') return
    table.set(from, (table.get(from) ?? new Set()).add(to))
  }
  for (const [from, to] of text.split('\n').flatMap(pairsOf)) add(from, to)
  const longest = Math.max(1, ...[...table.keys()].map((phrase) => phrase.split(' ').length))
  return { of: (phrase) => [...(table.get(phrase) ?? [])], longest }
}

/** Every (asked, found) pair that one line of the list stands for. */
function pairsOf(line: string): [Phrase, Phrase][] {
  if (line.trim() === '' || line.trimStart().startsWith('#')) return []
  const [left = '', right] = line.split('>')
  const asked = left.split(right === undefined ? '=' : ',').map(toPhrase)
  const found = right === undefined ? asked : right.split(',').map(toPhrase)
  return asked.flatMap((from) => found.map((to): [Phrase, Phrase] => [from, to]))
}

function toPhrase(text: string): Phrase {
  return words(text)
    .map(({ term }) => term)
    .join(' ')
}
