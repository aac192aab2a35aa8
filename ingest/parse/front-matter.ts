// The YAML between two lines of dashes at the head of a Markdown file.
import { LineCounter, parse as parseYaml, parseDocument } from 'yaml'

// More is no front matter but an article between two rules.
export const LONGEST_FRONT_MATTER = 65_536

/** `yaml` is null where there is none: what stands between the lines does not look like it. */
export function splitFrontMatter(source: string): { readonly yaml: string | null; readonly body: string } {
  const match = /^---[ \t]*\r?\n([^]*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/.exec(source)
  const yaml = match?.[1]
  if (match === null || yaml === undefined || yaml.length > LONGEST_FRONT_MATTER) return { yaml: null, body: source }
  const firstLine = yaml.split('\n').find((line) => /^\s*[^\s#]/.test(line)) ?? ''
  if (!/^[\w-]+[ \t]*:/.test(firstLine)) return { yaml: null, body: source }
  return { yaml, body: source.slice(match[0].length).trimStart() }
}

/** What it says; undefined when it is not YAML. */
export function readYaml(yaml: string): unknown {
  try {
    return parseYaml(yaml, { logLevel: 'error' })
  } catch {
    return undefined
  }
}

/** Null: it is YAML. Lines are counted from that of the first dashes. */
export function faultOf(yaml: string): string | null {
  const lines = new LineCounter()
  const [fault] = parseDocument(yaml, { lineCounter: lines, logLevel: 'silent' }).errors
  if (!fault) return null
  const line = lines.linePos(fault.pos[0]).line + 1
  return `its front matter is not valid YAML (line ${line}) and is left out: title, date and address in it do not count`
}
