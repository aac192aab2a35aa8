// What a scripted model says, and how a token of it is found again in what a reader gets: by its letters. The server may
// cut, join and space the text, and number its footnotes as it likes: letters it neither adds nor takes.

/** Of one answer: how many letters there were in all when something was sent or had come, and when that was. */
export type Letters = { readonly name: string; readonly letters: Uint32Array; readonly at: Float64Array }

export const NAME_LENGTH = 6
const consonants = 'bcdfghjklmnpqrstvwxz'

/** The first word of the n-th answer: by it, what was sent and what came are brought together. */
export function nameOf(n: number): string {
  return Array.from(
    { length: NAME_LENGTH },
    (_, place) => consonants[Math.floor(n / consonants.length ** place) % consonants.length],
  ).join('')
}

export function isLetter(code: number): boolean {
  const lower = code | 32
  return lower >= 97 && lower <= 122
}

export function lettersIn(text: string): number {
  let letters = 0
  for (let at = 0; at < text.length; at++) if (isLetter(text.charCodeAt(at))) letters++
  return letters
}

/** Sentences of the passages of a prompt, each with the number of its passage; as many tokens as are wanted. */
export function replyTo(prompt: string, tokens: number): string[] {
  const sentences = Array.from(prompt.matchAll(/<passage n="(\d+)"[^>]*>\n([\s\S]*?)\n<\/passage>/g)).flatMap(
    ([, n, text = '']) =>
      // Plain words only: whatever else there may be, its letters are those that arrive.
      (text.match(/(?<=^|[.!?]\s)[A-Z][A-Za-z ,'-]{30,200}[.](?=\s|$)/gm) ?? []).map(
        (sentence) => ` ${sentence.slice(0, -1)} [${n}].`,
      ),
  )
  const said = sentences.length > 0 ? sentences : [' The passages hold no plain sentence.']
  const reply: string[] = []
  for (let at = 0; reply.length < tokens; at++) reply.push(...(said[at % said.length]?.match(/\s*\S+/g) ?? []))
  return reply.slice(0, tokens)
}
