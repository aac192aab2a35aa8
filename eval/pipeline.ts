// The pipeline in this process as what is judged.
import type { AnswerDeps } from '../server/answer/answer.ts'
import type { Surface } from './asking.ts'
import { documentsOf } from './command.ts'
import { openShelf } from './outcome.ts'
import { runCase } from './run.ts'

/** `folder`: from which the library was learned. */
export async function openPipeline(
  library: string,
  folder: string,
  deps: AnswerDeps,
  signal: AbortSignal,
): Promise<Surface> {
  const { documents } = deps
  const stored = {
    all: async () => await documentsOf(library, documents),
    find: async (id: string, revision: string) => await documents.find(library, id, revision),
  }
  return {
    ask: async (test, signal) => await runCase(test, library, deps, signal),
    shelf: await openShelf(folder, stored, signal),
  }
}
