// npm run eval -- report <run.json>: the run as a page to look at, to send and to print.
import { InputError } from '../../core/errors.ts'
import { readRun, writeWhole } from '../record.ts'
import { htmlOf } from './page.ts'

type Chosen = { readonly baseline?: string; readonly out?: string }

/** Lines for stdout. Throws InputError that names the file which is no run. */
export async function report(files: readonly string[], { baseline, out = 'report.html' }: Chosen): Promise<string[]> {
  const [path, ...rest] = files
  if (!path || rest.length > 0)
    throw new InputError('usage', 'npm run eval -- report <run.json> [--baseline <run.json>] [--out report.html]')
  const page = htmlOf(await readRun(path), baseline ? await readRun(baseline) : null)
  await writeWhole(out, page)
  return [`${out}: ${(Buffer.byteLength(page) / 1e6).toFixed(1)} MB`]
}
