import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { htmlOf } from '../../../eval/html/page.ts'
import { report } from '../../../eval/html/report.ts'
import { writeRun } from '../../../eval/record.ts'
import { folderOfFile } from '../../support/folder.ts'
import { asked, refused, runOf } from '../../support/shown-run.ts'

describe('npm run eval -- report', () => {
  it('writes the page of a run beside its baseline, and says how large it is', async () => {
    const folder = await folderOfFile()
    const [path, baseline, out] = ['run.json', 'baseline.json', 'new/page.html'].map((name) => join(folder, name))
    const [now, before] = [runOf([asked('a'), refused]), runOf([asked('a')], { name: 'yesterday' })]
    await writeRun(path!, now)
    await writeRun(baseline!, before)
    expect(await report([path!], { baseline: baseline!, out: out! })).toEqual([`${out}: 0.0 MB`])
    expect(await readFile(out!, 'utf8')).toBe(htmlOf(now, before))
  })

  it('refuses what is no run, by name, and more than one', async () => {
    await expect(report(['package.json'], {})).rejects.toThrow('package.json is not a run of `npm run eval`')
    await expect(report([], {})).rejects.toThrow('npm run eval -- report <run.json>')
    await expect(report(['a', 'b'], {})).rejects.toThrow('npm run eval -- report <run.json>')
  })
})
