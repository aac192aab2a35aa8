// What a measurement learns: all of what it was given, or nothing at all.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InputError } from '../../core/errors.ts'
import { type Offline, openOffline } from '../../server/offline.ts'
import { folderOfFile } from '../support/folder.ts'

let folder: string
let offline: Offline
beforeAll(async () => {
  folder = await folderOfFile()
  for (const name of ['empty', 'bad', 'good']) await mkdir(join(folder, name))
  await writeFile(join(folder, 'good', 'bread.md'), 'Bread needs flour.')
  await writeFile(join(folder, 'bad', 'bread.md'), 'Bread needs flour.')
  await writeFile(join(folder, 'bad', 'nothing.md'), '')
  offline = await openOffline(undefined, process.stderr)
})
afterAll(async () => await offline.close())

describe.each([true, false])('learning, quiet or not (%s),', (quiet) => {
  it.each([
    ['empty', 'holds no document to learn'],
    ['bad', 'nothing.md'],
    ['missing', 'does not exist'],
  ])('of a folder that is %s is refused by name: its questions would count as wrong', async (name, message) => {
    const learned = offline.learn(`${name}-${quiet}`, [join(folder, name)], { quiet })
    await expect(learned).rejects.toThrow(message)
    await expect(learned).rejects.toBeInstanceOf(InputError)
  })

  it('takes what is unchanged for learned', async () => {
    for (let time = 0; time < 2; time++) {
      const { documents } = await offline.learn(`good-${quiet}`, [join(folder, 'good')], { quiet })
      expect(await documents.list(`good-${quiet}`, 10)).toHaveLength(1)
    }
  })
})
