// Names of channels and groups: what a document is limited to, and what all readers of an answer belong to.

/** No reader belongs to it: no name that is compared begins with "@". */
export const nobody = '@nobody'

/** As names are compared: "#Payments" and "payments" are one. The same name again when it is given what it gave. */
export function audienceName(written: string): string {
  // Lower case may be another Unicode form of the letter that it comes from.
  const name = written.normalize('NFC').toLowerCase().normalize('NFC')
  return name.replace(/^[\s#@]+/u, '').trimEnd()
}

const LONGEST = 200

/** Whether a document can be limited to it. What cannot stand in the database is nobody's name. */
export function isAudienceName(name: string): boolean {
  return name !== '' && name.length <= LONGEST && name.isWellFormed() && !/\p{Cc}/u.test(name)
}

/** The names among these, each once. One that can be no document's is left out: it would open nothing. */
export function audienceNames(written: readonly string[]): string[] {
  return [...new Set(written.map(audienceName))].filter(isAudienceName)
}

/**
 * Whom a document is for that is limited twice, by itself and by its source: the names that both have. Whoever reads by one
 * of them may read by either limit, so it is never for more. No limit is none; null: they have no name in common.
 */
export function narrowAudience(own: readonly string[], its: readonly string[]): string[] | null {
  if (own.length === 0 || its.length === 0) return [...own, ...its]
  const both = own.filter((name) => its.includes(name))
  return both.length === 0 ? null : both
}
