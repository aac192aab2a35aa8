// The folders: may we write, is there room, is there anything to learn.
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, rmdirSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Config } from '../../core/config.ts'
import { ConfigError } from '../../core/errors.ts'
import { count, megabytes } from '../status.ts'
import { sourcesBook } from '../targets.ts'
import { fine, type Finding, look, wrong } from './finding.ts'

// A database of the sample library has 0.1 GB, its snapshot as much, and a snapshot is written beside the last one.
const SCARCE_BYTES = 1e9
const TOO_FEW_BYTES = 2e8

export async function checkFolders(config: Config, roomOf = freeBytes): Promise<Finding[]> {
  const stored = config.databaseUrl ? [] : await checkDataDir(config.dataDir, roomOf)
  return [...stored, checkLibrary(config), ...(await checkSources(config))]
}

async function checkDataDir(dataDir: string, roomOf: (folder: string) => Promise<number>): Promise<Finding[]> {
  const folder = existingAbove(dataDir)
  if (!statSync(folder).isDirectory())
    return [wrong(`DATA_DIR: ${folder} is a file`, 'Name a folder, or move the file away.')]
  if (!mayWrite(folder))
    return [
      wrong(
        `DATA_DIR: ${folder} cannot be written by this user`,
        'Change its owner or its permissions, or, where it is no folder for files at all, set DATA_DIR to another folder.',
      ),
    ]
  const bytes = await roomOf(folder)
  const free = `DATA_DIR: ${dataDir} is writable, ${megabytes(bytes)} free`
  if (bytes < TOO_FEW_BYTES) return [wrong(free, 'Make room: a database that cannot be written stops answering.')]
  if (bytes < SCARCE_BYTES) return [look(free, 'Make room: snapshots of the database need as much as the database.')]
  return [fine(free)]
}

function checkLibrary({ libraryDir, libraryDirIsSet }: Config): Finding {
  if (!existsSync(libraryDir)) {
    const found = `LIBRARY_DIR: ${libraryDir} does not exist`
    return libraryDirIsSet
      ? wrong(found, 'Name a folder of documents, or unset it; the server does not start like this.')
      : look(found, 'Nothing is learned at the start; fill the library by npm run ingest -- <folder or file>.')
  }
  try {
    return fine(
      `LIBRARY_DIR: ${libraryDir} can be read, ${count(readdirSync(libraryDir).length, 'entry').replace('entrys', 'entries')}`,
    )
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return wrong(`LIBRARY_DIR: ${libraryDir} cannot be read (${reason})`, 'Make it a folder that this user may read.')
  }
}

/** Only what is written: whether sites answer is found by npm run ingest -- --plan. */
async function checkSources(config: Config): Promise<Finding[]> {
  const { sources: path } = config
  try {
    const specs = await sourcesBook(config).specs()
    return specs === null ? [] : [fine(`SOURCES: ${path} describes ${count(specs.length, 'source')}`)]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const remedy = 'Correct it: until then the server starts, and nothing is learned from it.'
    return error.faults.map((fault) => wrong(`SOURCES: ${fault}`, remedy))
  }
}

/** What is not made yet will be made in the nearest folder that there is. */
function existingAbove(path: string): string {
  let folder = resolve(path)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

/** By a folder that is made and gone again: to root every permission is given, and /proc takes nothing all the same. */
function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    rmdirSync(mkdtempSync(join(folder, '.footnote-')))
    return true
  } catch {
    return false
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
