// Comma-separated values as RFC 4180 has them: quoted fields may hold commas, line breaks and doubled quotes.

/** Rows of fields; empty lines are none. */
export function readCsv(text: string): string[][] {
  const rows: string[][] = [[]]
  const field = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/gy
  for (const [, quoted, plain = '', end] of text.matchAll(field)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    if (end !== ',') rows.push([])
  }
  return rows.filter(([first = '', ...more]) => first !== '' || more.length > 0)
}
