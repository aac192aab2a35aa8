// npm run eval -- report <run.json>: the run as a page to look at, to send and to print.
import { writeFile } from 'node:fs/promises'
import { InputError } from '../../core/errors.ts'
import type { RunCommand } from '../command.ts'
import { readRun } from '../record.ts'
import { htmlOf } from './page.ts'

export const report: RunCommand = async (files, _paths, { baseline, out = 'report.html' }) => {
  const [path, ...rest] = files
  if (!path || rest.length > 0)
    throw new InputError('usage', 'npm run eval -- report <run.json> [--baseline <run.json>] [--out report.html]')
  const page = htmlOf(await readRun(path), baseline ? await readRun(baseline) : null)
  await writeFile(out, page)
  return [`${out}: ${(Buffer.byteLength(page) / 1e6).toFixed(1)} MB`]
}
